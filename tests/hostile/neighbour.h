#pragma once
// A quiet client of one governor while somebody else does his worst to another one of the same
// node: how long its answers take, whether health still comes in time, what the node takes.

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "tests/contract/recorder.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"

namespace flyball::testing {

// What the kernel counts of a process.
struct ProcessUse {
    std::int64_t rss_bytes = 0;
    std::int64_t anonymous_bytes = 0;  // of it heap and stacks, without pages of programs
    std::size_t descriptors = 0;
    std::size_t threads = 0;
};
ProcessUse use_of(pid_t pid);
// Within 10 s no more descriptors and threads than before: a snapshot or a segment of the journal
// may just be in the making, then or now.
::testing::AssertionResult comes_back_to(const ProcessUse& before, pid_t pid);

// Milliseconds, of answers in order of length.
struct Latencies {
    std::vector<double> ms;
    double at(double part) const;  // 0.99: the percentile; 0 of nothing
};

class Neighbour {
public:
    Neighbour(const std::string& broker, const std::string& root);

    // Asks its own governor so many times, one after the other. Every request has to be answered
    // and allowed.
    Latencies ask(std::size_t times);

    // Health reports that came, and the longest time between two of them so far.
    std::size_t reports() const;
    double longest_gap_ms() const;
    std::string last_report() const;
    void forget_gaps();

private:
    using Clock = std::chrono::steady_clock;

    class Health final : public Recorder {
    public:
        Health();
        mutable std::mutex mutex;
        std::size_t reports = 0;
        double longest_gap_ms = 0;
        std::string last;
        Clock::time_point last_at{};
    };

    std::string topic_;
    Health health_;
    std::unique_ptr<Transport> health_link_;
    BusClient client_;
};

}  // namespace flyball::testing
