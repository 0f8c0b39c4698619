// A wire that is slow, cut inside a packet, held or that passes single bytes, below the transport
// and below a whole node: it comes back each time, and nothing is done twice.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "tests/contract/recorder.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/kill_load.h"
#include "tests/e2e/node_process.h"
#include "tests/from_environment.h"
#include "tests/hostile/guard.h"
#include "tests/hostile/tcp_proxy.h"
#include "transport/paho.h"

namespace flyball::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Way = TcpProxy::Way;
using namespace std::chrono_literals;

const std::string replies = "flyball/v1/reply/test/network";
constexpr Span comes_back{20'000};
// Sessions shorter than this let a node's back-off grow (transport/paho_link.cpp): to a minute
// after a few of them.
constexpr auto steady = 2200ms;
constexpr std::int64_t publish_ms_max = 1000;
constexpr std::int64_t noticing_ms_max = 500;  // beyond what the keep-alive says

std::int64_t ms_since(Clock::time_point then) {
    return std::chrono::duration_cast<Span>(Clock::now() - then).count();
}

// One end of a wire: a transport that talks to itself through the proxy.
struct Line {
    explicit Line(Span keep_alive = Span{30'000}) {
        PahoOptions options;
        options.broker = proxy.address();
        options.client_id = "line";
        options.filters = {"to/line"};
        options.tick_topic = "tick/line";
        options.keep_alive = keep_alive;
        options.backoff = {Span{1}, Span{5}};
        transport = std::move(make_paho(std::move(options))).value();
        transport->start(recorder);
    }
    ~Line() { transport->stop(); }
    bool is_up() const { return transport->link() == LinkState::up; }
    bool comes_up() const {
        return eventually([this] { return is_up(); }, comes_back);
    }
    void send(std::string_view payload, Qos qos = Qos::at_most_once) {
        const auto before = Clock::now();
        Message message;
        message.topic = "to/line";
        message.payload = payload;
        message.qos = qos;
        transport->publish(message);
        longest_call_ms = std::max(longest_call_ms, ms_since(before));
    }

    Broker broker;
    TcpProxy proxy{broker.port()};
    Recorder recorder;
    std::unique_ptr<Transport> transport;
    std::int64_t longest_call_ms = 0;
    std::size_t ups = 0;  // before the last cut
};

std::string told_of(const std::vector<Line>& lines) {
    std::string all;
    for (const Line& line : lines) {
        all +=
            fmt::format("up {}, {} times, {} connections, {} cuts, {} messages; {}\n", line.is_up(),
                        line.recorder.times(LinkState::up), line.proxy.connections(),
                        line.proxy.cuts(), line.recorder.count(), line.recorder.last_why());
    }
    return all;
}

// Several lines at a time: the library takes a second to come back.
TEST(Network, ComesBackAfterEveryCutInsideAPacketAndHandsOverWholePackets) {
    constexpr std::size_t lines_max = 5;
    const std::uint64_t rounds = number_from("FLYBALL_CUTS", 100) / lines_max;
    const std::uint64_t seed = number_from("FLYBALL_SEED", 1);
    SCOPED_TRACE(fmt::format("FLYBALL_SEED={}", seed));
    std::mt19937_64 random(seed);
    std::vector<Line> lines(lines_max);
    const std::string payload(300, 'x');
    std::vector<std::int64_t> away_ms;
    const auto all = [&](const std::function<bool(Line&)>& hold) {
        return eventually([&] { return std::ranges::all_of(lines, hold); }, comes_back);
    };
    for (std::uint64_t round = 0; round < rounds; ++round) {
        SCOPED_TRACE(fmt::format("round {}", round));
        ASSERT_TRUE(all([](Line& line) { return line.is_up(); })) << told_of(lines);
        for (Line& line : lines) {
            line.ups = line.recorder.times(LinkState::up);
            line.proxy.cut_after(random() % 2 == 0 ? Way::to_client : Way::to_server,
                                 1 + random() % 900);
        }
        ASSERT_TRUE(all([&](Line& line) {
            line.send(payload, random() % 2 == 0 ? Qos::at_most_once : Qos::at_least_once);
            return line.proxy.cuts() > round;
        })) << told_of(lines);
        const auto since = Clock::now();
        ASSERT_TRUE(all([](Line& line) { return line.recorder.times(LinkState::up) > line.ups; }))
            << told_of(lines);
        away_ms.push_back(ms_since(since));
    }
    std::ranges::sort(away_ms);
    std::int64_t longest_call_ms = 0;
    for (const Line& line : lines) {
        longest_call_ms = std::max(longest_call_ms, line.longest_call_ms);
        for (const Received& message : line.recorder.messages()) {
            ASSERT_EQ(message.payload, payload);
        }
    }
    fmt::print("{} cuts; up again after p50 {} ms, p99 {} ms; longest publish() {} ms\n",
               rounds * lines_max, away_ms[away_ms.size() / 2],
               away_ms[(away_ms.size() - 1) * 99 / 100], longest_call_ms);
    EXPECT_LT(longest_call_ms, publish_ms_max * slack) << "publish() waits for nothing";
}

TEST(Network, NoticesAHalfOpenConnectionWithinOneAndAHalfKeepAlives) {
    constexpr Span keep_alive{4000};
    Line line(keep_alive);
    ASSERT_TRUE(line.comes_up()) << line.recorder.last_why();
    line.send("behind the first tick");
    ASSERT_TRUE(eventually([&] { return line.recorder.count() == 1; }, comes_back));
    line.proxy.hold();
    const auto since = Clock::now();
    ASSERT_TRUE(eventually([&] { return !line.is_up(); }, Span{10 * keep_alive}));
    const std::int64_t noticed_ms = ms_since(since);
    fmt::print("a half-open connection was noticed after {} ms, keep-alive {} ms: {}\n", noticed_ms,
               keep_alive.count(), line.recorder.last_why());
    EXPECT_LE(noticed_ms, keep_alive.count() * 3 / 2 + noticing_ms_max * slack);
    line.proxy.release();
    EXPECT_TRUE(line.comes_up()) << line.recorder.last_why();
}

TEST(Network, IsNotTakenForHalfOpenWhileItIsOnlySlow) {
    constexpr Span keep_alive{3000};
    Line line(keep_alive);
    ASSERT_TRUE(line.comes_up());
    line.proxy.delay(Span{700});  // there, and 700 ms back: half of what would be too long
    const std::size_t before = line.recorder.count();
    for (std::size_t i = 1; i <= 5; ++i) {
        line.send("late");
        ASSERT_TRUE(eventually([&] { return line.recorder.count() == before + i; }, comes_back));
    }
    EXPECT_EQ(line.recorder.times(LinkState::up), 1U) << line.recorder.last_why();
}

TEST(Network, OfSingleBytesCarriesEverything) {
    Line line;
    ASSERT_TRUE(line.comes_up());
    line.proxy.pass_at_once(1);
    const std::string payload(2000, 'b');
    for (int i = 0; i < 5; ++i) {
        line.send(payload, Qos::at_least_once);
    }
    ASSERT_TRUE(eventually([&] { return line.recorder.count() == 5; }, comes_back));
    for (const Received& message : line.recorder.messages()) {
        EXPECT_EQ(message.payload, payload);
    }
    EXPECT_EQ(line.recorder.times(LinkState::up), 1U);
}

// The node on a bad wire, its clients on a good one.
TEST(Network, ThatCutsANodeOffLosesAndDoublesNothing) {
    const std::uint64_t cuts = number_from("FLYBALL_NODE_CUTS", 4);
    const std::uint64_t seed = number_from("FLYBALL_SEED", 1);
    SCOPED_TRACE(fmt::format("FLYBALL_SEED={}", seed));
    Broker broker;
    TcpProxy proxy(broker.port());
    NodeProcess node({.broker = proxy.address(),
                      .config = KillLoad::governors,
                      .flags = {},
                      .in_broker = false});
    BusClient client(broker.address(), {replies});
    KillLoad load(client, node.root(), replies, seed);
    load.open_accounts();
    constexpr std::size_t requests = 40;
    for (std::uint64_t cut = 0; cut < cuts && !::testing::Test::HasFailure(); ++cut) {
        if (cut % 3 == 2) {
            std::this_thread::sleep_for(steady);
        }
        proxy.cut_after(load.pick(2) == 0 ? Way::to_client : Way::to_server, 1 + load.pick(8000));
        load.ask_new(requests, 0);
        load.ask_until_answered();
        load.settle();
        load.life_ends();
        load.recheck();
    }
    load.check_levels();
    fmt::print("{} cuts of a node, {} answered, {} lost, {} doubled, {} numbers reused\n",
               proxy.cuts(), load.answered, load.lost, load.doubled, load.seq_reused);
    EXPECT_GT(proxy.cuts(), 0U);
    EXPECT_EQ(load.lost + load.doubled + load.seq_reused, 0U);
    EXPECT_EQ(node.stop(), 0) << node.log();
}

}  // namespace
}  // namespace flyball::testing
