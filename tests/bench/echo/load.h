#pragma once
// The load on a responder: closed loop (so many in flight), open loop (a fixed schedule, timed from
// the intended instant, so that a stall counts for all it delayed) and lone requests after silence.
// One thread, one connection.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/echo/wire.h"

namespace flyball::bench {

struct LoadResult {
    std::vector<double> latencies_us;
    double seconds = 0;
    std::size_t sent = 0;
    std::size_t late = 0;   // answered once a closed loop was over, in none of its figures
    std::size_t wrong = 0;  // answered without what Target::granted asks for

    double per_second() const;
    double percentile(double fraction) const;  // 0 when nothing was measured
    std::size_t unanswered() const { return sent - latencies_us.size(); }
};

class Load {
public:
    struct Target {
        std::string topic = "bench/request";
        std::string payload = std::string(100, 'x');
        std::function<void(std::string&)> renew{};  // the payload, before each request
        std::string granted{};                      // part of every reply
        std::size_t entries = 1;  // of a batch: so many times; counted in one reply of 16
    };
    using Clock = std::chrono::steady_clock;
    Load(std::uint16_t port, Target target);

    bool wait_until_ready(std::chrono::seconds patience);
    // Asks every millisecond until somebody answers: when that was, or nothing in time.
    std::optional<Clock::time_point> first_answer(std::chrono::seconds patience);
    LoadResult closed(std::size_t in_flight, int qos, std::chrono::milliseconds length);
    LoadResult open(double per_second, std::chrono::milliseconds length);
    LoadResult after_silence(std::chrono::milliseconds silence, int times);

private:
    void ask(Clock::time_point intended, int qos);
    bool answer(LoadResult& result, int timeout_us);
    void drain(LoadResult& result);
    bool is_granted(std::string_view reply);

    WireClient client_;
    Target target_;
    std::size_t waiting_ = 0;
    std::size_t answers_ = 0;
    std::uint32_t run_ = 0;  // a late reply of an earlier run must not count in this one
};

}  // namespace flyball::bench
