// A node under load on a bad day: every few seconds its broker dies, its wire is cut or held, it is
// stopped for a while, its configuration is read again, somebody sends garbage. Afterwards it has
// the descriptors and threads that it began with, its memory has not grown, nothing was done twice.
// FLYBALL_SOAK_S: how long. FLYBALL_SEED: of the faults, printed.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "tests/e2e/kill_load.h"
#include "tests/e2e/raw_client.h"
#include "tests/from_environment.h"
#include "tests/hostile/guard.h"
#include "tests/hostile/neighbour.h"
#include "tests/hostile/tcp_proxy.h"

namespace flyball::testing {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

const std::string replies = "flyball/v1/reply/test/soak";
constexpr auto between_faults = 2500ms;  // a shorter session would let the back-off grow
constexpr double slope_kb_an_hour_max = 64;
// In runs of less than two hours single pages and buffers that still grow cannot be told from a
// slope; from then on the aim is the bar.
constexpr double settling_kb = 256;
constexpr auto hour = std::chrono::hours(1);

constexpr const char* config = R"(
[health]
interval = "1s"
[governor.quota.main]
ids.capacity = 64
ring.capacity = 64
resources.api_calls = { limit = 1000000000, window = "365d" }
[governor.billing.main]
ids.capacity = 64
ring.capacity = 64
rate_limit = 0
)";

struct Sample {
    double hours;
    ProcessUse use;
};

// Of a straight line through all samples, by least squares.
double slope_kb_an_hour(const std::vector<Sample>& samples,
                        std::int64_t ProcessUse::*bytes = &ProcessUse::rss_bytes) {
    double t = 0;
    double m = 0;
    for (const Sample& sample : samples) {
        t += sample.hours;
        m += static_cast<double>(sample.use.*bytes) / 1024;
    }
    t /= static_cast<double>(samples.size());
    m /= static_cast<double>(samples.size());
    double above = 0;
    double below = 0;
    for (const Sample& sample : samples) {
        above += (sample.hours - t) * (static_cast<double>(sample.use.*bytes) / 1024 - m);
        below += (sample.hours - t) * (sample.hours - t);
    }
    return below == 0 ? 0 : above / below;
}

class Soak {
public:
    Soak() { load.open_accounts(); }

    const char* fault() {
        switch (load.pick(6)) {
            case 0:
                broker.kill();
                broker.start();
                return "broker";
            case 1: proxy.cut_after(TcpProxy::Way::to_client, 1 + load.pick(2000)); return "cut";
            case 2:
                proxy.hold();
                std::this_thread::sleep_for(300ms);
                proxy.release();
                return "hold";
            case 3:
                ::kill(node.pid(), SIGSTOP);
                std::this_thread::sleep_for(300ms);
                ::kill(node.pid(), SIGCONT);
                return "pause";
            case 4: ::kill(node.pid(), SIGHUP); return "reload";
            default: send_garbage(); return "garbage";
        }
    }
    void work() {
        load.ask_new(10, 0);
        load.ask_until_answered();
        load.settle();
        load.life_ends();
        load.recheck();
    }

    Broker broker;
    TcpProxy proxy{broker.port()};
    NodeProcess node{
        {.broker = proxy.address(), .config = config, .flags = {}, .in_broker = false}};
    BusClient client{broker.address(), {replies}};
    KillLoad load{client, node.root(), replies, number_from("FLYBALL_SEED", 1)};

private:
    void send_garbage() {
        RawClient rude(broker.port(), {.client_id = "rude"});
        for (int i = 0; i < 200; ++i) {
            std::string payload(load.pick(300), '\0');
            for (char& c : payload) {
                c = static_cast<char>(load.pick(256));
            }
            rude.publish(node.root() + "/quota/main/request", payload, 0);
        }
        rude.ping();
    }
};

TEST(Soak, WithChaosNeitherGrowsNorForgets) {
    const auto length = std::chrono::seconds(number_from("FLYBALL_SOAK_S", 120));
    fmt::print("FLYBALL_SEED={}\n", number_from("FLYBALL_SEED", 1));
    Soak soak;
    soak.work();
    const ProcessUse first = use_of(soak.node.pid());
    const auto began = Clock::now();
    // Buffers, rings and the journal have grown to their size by then.
    const auto settled_after = std::min<Clock::duration>(hour, length / 2);
    std::vector<Sample> samples;
    std::map<std::string, int> faults;
    auto next_fault = began;
    while (Clock::now() - began < length && !HasFailure()) {
        if (Clock::now() >= next_fault) {
            ++faults[soak.fault()];
            next_fault = Clock::now() + between_faults;
        }
        soak.work();
        if (Clock::now() - began > settled_after) {
            const double hours =
                std::chrono::duration<double, std::ratio<3600>>(Clock::now() - began).count();
            samples.push_back({hours, use_of(soak.node.pid())});
        }
    }
    soak.load.check_levels();
    soak.work();
    const ProcessUse last = use_of(soak.node.pid());
    for (const auto& [name, times] : faults) {
        fmt::print("{} {}, ", times, name);
    }
    fmt::print(
        "{} answered, {} lost, {} doubled; {} descriptors, {} threads, RSS {} KB, then {}, "
        "{}, {}; slope {:.0f} KB an hour, of heap and stacks {:.0f}, over {} samples\n",
        soak.load.answered, soak.load.lost, soak.load.doubled, first.descriptors, first.threads,
        first.rss_bytes / 1024, last.descriptors, last.threads, last.rss_bytes / 1024,
        slope_kb_an_hour(samples), slope_kb_an_hour(samples, &ProcessUse::anonymous_bytes),
        samples.size());
    EXPECT_TRUE(comes_back_to(first, soak.node.pid()));
    EXPECT_EQ(soak.load.lost + soak.load.doubled + soak.load.seq_reused, 0U);
    if (measures_truly) {
        ASSERT_GE(samples.size(), 2U);
        const double hours = samples.back().hours - samples.front().hours;
        EXPECT_LE(slope_kb_an_hour(samples) * hours,
                  slope_kb_an_hour_max * hours + (length < 2 * hour ? settling_kb : 0));
    }
    EXPECT_EQ(soak.node.stop(), 0) << soak.node.log();
}

}  // namespace
}  // namespace flyball::testing
