#pragma once
// What the keeper (node/keeper.h) needs of the node that it keeps. In a turn of the keeper, unless
// it says otherwise.

#include <functional>
#include <vector>

#include "node/engine.h"
#include "node/recovery.h"
#include "node/settings.h"
#include "node/state/record.h"

namespace flyball {

struct KeeperOptions {
    Durability durability = Durability::interval;
    Span interval{1000};
    std::uint64_t max_bytes = std::uint64_t{64} << 20U;
    std::size_t segment_bytes = std::size_t{1} << 20U;  // less where max_bytes is small
};

class KeeperOwner {
public:
    virtual ~KeeperOwner() = default;
    // Calls `use` while nobody else has the engine.
    virtual void with_engine(const std::function<void(Engine&)>& use) = 0;
    // durable(), health(), a warning or a finished snapshot: look.
    virtual void keeping_changed() noexcept = 0;
    // The node's own record as of now; with the engine.
    virtual NodeChange node_change() = 0;
    virtual std::vector<KeptEvent> kept_events() = 0;
    // A turn is due now, whatever the last one said. Any thread.
    virtual void turn_wanted() noexcept = 0;
};

}  // namespace flyball
