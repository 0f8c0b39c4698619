#pragma once
// Counts what one region's requests came to, in all and second by second, and remembers the last
// five seconds for whoever watches. Bounded: two hours of seconds. Pure; times are microseconds
// since the start.

#include <array>
#include <cstdint>
#include <string>

#include "fleet/load/load_figures.h"

namespace flyball {

class Meter {
public:
    explicit Meter(std::string region) { figures_.region = std::move(region); }

    // Everything begins anew.
    void restart();
    void devices(std::size_t count) { figures_.devices = count; }
    // Seconds that are over are closed.
    void advance(std::int64_t us);
    void asked(std::uint64_t entries);
    // What became of a message: of its entries answered, denied, errors or unanswered.
    void resolved(const LoadCounts& outcome, bool in_fault);
    void latency(std::int64_t us) {
        figures_.latency_us.record(us);
        current_.record(us);
    }

    const RegionLoad& figures() const { return figures_; }
    LiveRegion live() const;

private:
    static constexpr std::size_t seconds_max = 7'200;
    static constexpr std::size_t recent = 5;
    struct Closed {
        LoadHistogram latency_us;
        std::uint64_t answered = 0;
    };
    void close();

    RegionLoad figures_;
    LoadSecond second_;
    LoadHistogram current_;
    std::array<Closed, recent> last_;
    std::size_t closed_ = 0;
};

}  // namespace flyball
