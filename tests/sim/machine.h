#pragma once
// What a simulated node has for a machine: clocks that stand still until somebody moves them, and a
// sleep in which everything else happens. A program that links it has this in place of
// node/clock.cpp, node/waiter.cpp and node/process_stats.cpp: the node under test is the real one.
// One thread; one machine at a time.

#include <cstdint>
#include <optional>

#include "schemas/time.h"

namespace flyball::sim {

class Machine {
public:
    Machine();
    virtual ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // The node's thread sleeps; a signal of the process ends the sleep.
    virtual std::optional<int> asleep(Span timeout) = 0;

    std::int64_t wall_ms = 1'767'225'600'000;  // 2026-01-01
    std::int64_t monotonic_us = 1'000'000;
    bool synchronised = true;
    void pass(std::int64_t us) {
        monotonic_us += us;
        fraction_us_ += us;
        wall_ms += fraction_us_ / 1000;
        fraction_us_ %= 1000;
    }

    static Machine& current();

private:
    std::int64_t fraction_us_ = 0;
};

}  // namespace flyball::sim
