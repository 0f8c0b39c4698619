// One client floods one governor; another one asks another governor of the same node. It is
// answered all the while, health comes in time, and what the flood makes the node keep has a bound.
// Prints a table: the same client's times without and with the flood, in one run.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/e2e/raw_client.h"
#include "tests/from_environment.h"
#include "tests/hostile/guard.h"
#include "tests/hostile/neighbour.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::int64_t grows_bytes_max = std::int64_t{8} << 20;
constexpr double health_interval_ms = 1000;
constexpr std::size_t quiet_asks = 300;
// Whoever waits for the flood waits for an inbox of thousands. One that is asked beside it waits
// for his turn; the aim is twice the quiet time. Below a millisecond it is the scheduler that is
// measured, and of the slowest in a hundred of others' work on the same cores.
constexpr double median_times_max = 2.0 * slack;
constexpr double slowest_times_max = 10.0 * slack;
constexpr std::uint64_t tenants_max = 10'000;

constexpr const char* config = R"(
[health]
interval = "1s"
[governor.quota.main]
max_tenants = 10000
resources.api_calls = { limit = 1000000000, window = "365d" }
[governor.quota.own]
resources.api_calls = { limit = 1000000000, window = "365d" }
)";

constexpr std::string_view new_tenants = "a new tenant each time";

struct Flood {
    std::string_view what;
    std::uint64_t messages;  // in every run; FLYBALL_FLOOD times as many in a long one: 84 for
                             // a million tenants, 167 for a million ids
    std::uint64_t a_second;
    std::string below;
    std::function<std::string(std::uint64_t number)> payload;
    std::uint64_t entries = 1;  // of each message

    bool wanted() const {
        return what.find(text_from("FLYBALL_FLOOD_OF")) != std::string_view::npos;
    }
    std::uint64_t sent() const { return messages * number_from("FLYBALL_FLOOD", 1); }
};

std::string garbage(std::uint64_t number) {
    std::mt19937_64 random(number);
    std::string bytes(random() % 120, '\0');
    for (char& c : bytes) {
        c = static_cast<char>(random() & 0xffU);
    }
    return bytes;
}

std::string giant_batch(std::uint64_t number) {
    std::string batch = "[";
    for (int entry = 0; entry < 1024; ++entry) {
        batch += fmt::format(R"({}{{"tenant":"b{}","brief":true}})", entry == 0 ? "" : ",",
                             (number + static_cast<std::uint64_t>(entry)) % 50);
    }
    return batch + "]";
}

std::vector<Flood> floods() {
    const std::string request = "quota/main/request";
    return {
        {"garbage", 6000, 2000, request, garbage},
        {new_tenants, 12'000, 3000, request,
         [](auto number) { return fmt::format(R"({{"tenant":"t{}"}})", number); }},
        {"a new id each time", 6000, 2000, request,
         [](auto number) { return fmt::format(R"({{"tenant":"a","id":{}}})", number); }},
        {"batches of 1,024", 40, 15, request, giant_batch, 1024},
        {"replies to $SYS", 4000, 2000, request,
         [](auto) { return std::string(R"({"tenant":"a","reply_to":"$SYS/broker/x"})"); }},
        {"governors that are not", 4000, 2000, "quota/nobody/request",
         [](auto) { return std::string(R"({"tenant":"a"})"); }},
        {"control: list", 1500, 500, "control",
         [](auto) { return std::string(R"({"op":"list"})"); }},
    };
}

// Sends at its rate until all is sent or it is told to end.
void send_all(const Flood& flood, RawClient& client, const std::string& root,
              const std::atomic<bool>& ending) {
    const std::string topic = root + "/" + flood.below;
    const std::uint64_t a_second = measures_truly ? flood.a_second : flood.a_second / 2;
    const auto began = Clock::now();
    for (std::uint64_t i = 0; i < flood.sent() && !ending.load(); ++i) {
        client.publish(topic, flood.payload(i), 0);
        if (i % 16 == 0) {
            std::this_thread::sleep_until(began + i * 1'000'000us / a_second);
        }
    }
    client.ping();  // the broker has passed it all on
}

void expect_only_its_turn_awaited(const Latencies& quiet, const Latencies& under) {
    EXPECT_LE(under.at(0.5), median_times_max * std::max(quiet.at(0.5), 1.0));
    EXPECT_LE(under.at(0.99), slowest_times_max * std::max(quiet.at(0.99), 1.0));
}

std::int64_t tenants_of(const Json& health, const char* name) {
    for (const Json& row : health.at("governors")) {
        if (row.at("type") == "quota" && row.at("name") == name) {
            return row.at("tenants");
        }
    }
    return -1;
}

TEST(Flood, OfOneGovernorStarvesNeitherHealthNorAnotherGovernor) {
    Broker broker;
    NodeProcess node({.broker = broker.address(), .config = config, .flags = {}});
    Neighbour neighbour(node.broker(), node.root());
    RawClient attacker(broker.port(), {.client_id = "attacker"});
    neighbour.ask(quiet_asks);  // everything has grown to its size
    std::uint64_t entries_sent = 0;
    std::uint64_t asked = quiet_asks;
    bool tenants_came = false;  // more than there may be
    fmt::print("{:<24} {:>8} {:>7} {:>9} {:>9} {:>9} {:>9} {:>10} {:>9}\n", "flood", "messages",
               "asks", "quiet p50", "p99 ms", "p50 ms", "p99 ms", "health gap", "RSS +KB");
    for (const Flood& flood : floods()) {
        if (!flood.wanted()) {
            continue;
        }
        SCOPED_TRACE(flood.what);
        const Latencies quiet = neighbour.ask(quiet_asks);
        const ProcessUse before = use_of(node.pid());
        neighbour.forget_gaps();
        std::atomic<bool> ending{false};
        std::atomic<bool> over{false};
        std::thread flooding([&] {
            send_all(flood, attacker, node.root(), ending);
            over.store(true);
        });
        Latencies under;
        while (!over.load() && !HasFailure()) {
            const Latencies more = neighbour.ask(10);
            under.ms.insert(under.ms.end(), more.ms.begin(), more.ms.end());
        }
        ending.store(true);
        flooding.join();
        entries_sent += flood.sent() * flood.entries;
        asked += quiet.ms.size() + under.ms.size();
        tenants_came = tenants_came || flood.what == new_tenants;
        std::sort(under.ms.begin(), under.ms.end());
        const ProcessUse after = use_of(node.pid());
        const double gap_ms = neighbour.longest_gap_ms();
        fmt::print("{:<24} {:>8} {:>7} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>10.0f} {:>9}\n",
                   flood.what, flood.sent(), under.ms.size(), quiet.at(0.5), quiet.at(0.99),
                   under.at(0.5), under.at(0.99), gap_ms,
                   (after.rss_bytes - before.rss_bytes) / 1024);
        expect_only_its_turn_awaited(quiet, under);
        EXPECT_LE(gap_ms, health_interval_ms * (1 + slack)) << "late by no more than an interval";
        EXPECT_TRUE(comes_back_to(before, node.pid()));
        if (measures_truly) {
            EXPECT_LE(after.rss_bytes - before.rss_bytes, grows_bytes_max);
        }
    }
    ASSERT_GT(entries_sent, 0U) << "FLYBALL_FLOOD_OF names no flood";
    neighbour.ask(1);
    const std::size_t reports = neighbour.reports();
    ASSERT_TRUE(eventually([&] { return neighbour.reports() > reports + 1; }));
    const Json health = Json::parse(neighbour.last_report());
    fmt::print("tenants of the flooded governor: {}; {}\n", tenants_of(health, "main"),
               health.at("throughput").dump());
    const Json& throughput = health.at("throughput");
    EXPECT_GE(throughput.at("requests").get<std::uint64_t>() +
                  throughput.at("refused").get<std::uint64_t>(),
              asked + entries_sent * 9 / 10)
        << "a flood that the broker drops shows nothing";
    if (tenants_came) {
        EXPECT_EQ(tenants_of(health, "main"), static_cast<std::int64_t>(tenants_max));
    }
    EXPECT_EQ(tenants_of(health, "own"), 1);
    EXPECT_EQ(health.at("status"), "online");
    EXPECT_EQ(node.stop(), 0) << node.log();
}

// It hears everything that the node says, and never reads it.
TEST(Flood, OfASlowReaderIsTheBrokersAffair) {
    Broker broker({.extra = "max_queued_messages 200\nmax_inflight_messages 20\nsys_interval 1"});
    NodeProcess node({.broker = broker.address(), .config = config, .flags = {}});
    Neighbour neighbour(node.broker(), node.root());
    RawClient deaf(broker.port(), {.client_id = "deaf"});
    deaf.subscribe(node.root() + "/#");
    deaf.subscribe("flyball/v1/reply/#");
    RawClient asker(broker.port(), {.client_id = "asker"});
    const Latencies quiet = neighbour.ask(quiet_asks);
    const ProcessUse before = use_of(node.pid());
    neighbour.forget_gaps();
    const std::string batch = giant_batch(0);
    for (int i = 0; i < 300; ++i) {  // 100 KB back each time: more than two sockets hold
        asker.publish(node.root() + "/quota/main/request", batch, 0);
    }
    const Latencies under = neighbour.ask(quiet_asks);
    BusClient counts(broker.address(), {"$SYS/broker/publish/messages/dropped"});
    counts.await([](const auto& dropped) { return dropped.payload != "0"; }, Span{20'000});
    const std::int64_t grown = use_of(node.pid()).rss_bytes - before.rss_bytes;
    fmt::print(
        "a slow reader: p99 {:.2f} ms quiet, {:.2f} ms beside it; longest health gap {:.0f} "
        "ms; RSS +{} KB\n",
        quiet.at(0.99), under.at(0.99), neighbour.longest_gap_ms(), grown / 1024);
    expect_only_its_turn_awaited(quiet, under);
    EXPECT_LE(neighbour.longest_gap_ms(), health_interval_ms * (1 + slack));
    EXPECT_TRUE(!measures_truly || grown <= grows_bytes_max) << grown;
    EXPECT_EQ(node.stop(), 0) << node.log();
}

}  // namespace
}  // namespace flyball::testing
