#pragma once
// Brokers that ended, each until it is up again and its devices have come back to it with another
// session. One that ends again before that goes on with its fault, which then lasts until the last
// end is over. One entry for each broker at most. Pure: it is told the time. Main thread.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fleet/clock.h"
#include "fleet/node_name.h"
#include "fleet/run/devices.h"

namespace flyball {

class BrokerFaults {
public:
    using Sessions = std::vector<std::pair<NodeName, std::uint64_t>>;
    // Whether this device has another session than this one by now, or is not waited for.
    using IsBack = std::function<bool(const NodeName& name, std::uint64_t session)>;

    // It ended or is about to: told by whoever ends it, and by whoever sees it end. `connected`:
    // its devices that are up. True when a fault begins with it.
    bool ends(const std::string& broker, const Sessions& connected, Deadline now);
    void noticed(const std::string& broker, Deadline now);  // the supervisor knows
    void up(const std::string& broker);                     // its port answers
    std::vector<FaultOver> over(const IsBack& is_back, Deadline now);
    bool empty() const { return faults_.empty(); }

    // The news of a return come over a broker; without them a fault must end as well.
    static constexpr Span patience{60'000};

private:
    struct Fault {
        std::string broker;
        Sessions sessions;  // each has to come back with another
        bool is_up = false;
        Deadline began{};
        Deadline ended{};  // the last time
        Span detect{-1};   // of the first end, until noticed(); negative: not yet
    };
    Fault* find(const std::string& broker);

    std::vector<Fault> faults_;
};

}  // namespace flyball
