// Five times what a node can decide: what does not fit is refused and counted, what is admitted is
// answered, and memory and health stay as they are. All types of governors and admit are asked in
// turn. The capacity is measured in the same run; a request is a batch, so that the node is the
// bottleneck and not its broker.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/from_environment.h"
#include "tests/hostile/guard.h"
#include "tests/hostile/neighbour.h"
#include "transport/paho.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

const std::string replies = "flyball/v1/reply/test/admitted";
const std::string dropped_topic = "$SYS/broker/publish/messages/dropped";
constexpr std::size_t entries = 256;
constexpr Span patience{60'000};
constexpr std::int64_t grows_bytes_max = std::int64_t{2} << 20;

constexpr std::size_t inbox = 32;
constexpr double health_interval_ms = 1000;
// What is admitted waits for what was admitted before it: a full inbox, and as much as sockets and
// the broker hold of it while all share two cores (measured: twice to four times an inbox).
constexpr double full_inboxes_max = 8;
// Of the requests that are under way, so many of the newest are timed; older ones took for ever.
constexpr std::size_t timed_max = 100'000;

constexpr const char* config = R"(
limits.inbox = 32
[health]
interval = "1s"
[governor.quota.main]
resources.api_calls = { limit = 1000000000, window = "365d" }
)";

struct Asked {
    const char* below;
    const char* fields;  // of each entry, but for the tenant
};
constexpr std::array<Asked, 6> mixed{{
    {"quota/main/request", ""},
    {"entitlement/main/request", R"("feature":"basic",)"},
    {"billing/main/request", R"("amount":1,)"},
    {"compliance/main/request", R"("action":"store","attributes":{"region":"eu"},)"},
    {"subscription/main/request", ""},
    {"admit/request", R"("entitlement":{"feature":"basic"},"quota":{},)"},
}};

// Sends numbered batches and notes when each was answered, and how.
class Asker {
public:
    Asker(const std::string& broker, const std::string& root) {
        heard_.answer = [this](const Message& message) { take(message); };
        PahoOptions options;
        options.broker = broker;
        options.client_id = "asker";
        options.filters = {replies, dropped_topic};
        options.tick_topic = "tick/asker";
        link_ = std::move(make_paho(std::move(options))).value();
        link_->start(heard_);
        EXPECT_TRUE(eventually([this] { return link_->link() == LinkState::up; }));
        for (const Asked& asked : mixed) {
            const std::string entry =
                fmt::format(R"({{{}"tenant":"a","brief":true,"x_":[1,2,3,4]}})", asked.fields);
            std::string batch = "[" + entry;
            for (std::size_t i = 1; i < entries; ++i) {
                batch += "," + entry;
            }
            requests_.push_back({root + "/" + asked.below, batch + "]"});
        }
    }
    ~Asker() { link_->stop(); }

    void send() {
        const std::string tag = std::to_string(sent);
        {
            const std::scoped_lock lock(mutex_);
            sent_at_[sent] = Clock::now();
            if (sent_at_.size() > timed_max) {
                sent_at_.erase(sent_at_.begin());
            }
        }
        const Request& request = requests_[sent % requests_.size()];
        ++sent;
        Message message;
        message.topic = request.topic;
        message.payload = request.batch;
        message.response_topic = replies;
        message.has_response_topic = true;
        message.correlation_data = tag;
        unsent += link_->publish(message) == Publish::accepted ? 0U : 1U;
    }
    std::uint64_t answered() const {
        const std::scoped_lock lock(mutex_);
        return admitted_ + refused_;
    }
    std::uint64_t admitted() const {
        const std::scoped_lock lock(mutex_);
        return admitted_;
    }
    std::uint64_t refused() const {
        const std::scoped_lock lock(mutex_);
        return refused_;
    }
    // By the broker, requests and replies, as of its last report.
    std::uint64_t dropped() const {
        const std::scoped_lock lock(mutex_);
        return dropped_;
    }
    std::string counts() const {
        const std::scoped_lock lock(mutex_);
        return fmt::format(
            "{} asked, {} admitted, {} told that they were refused, {} dropped by the broker, "
            "{} not sent",
            sent, admitted_, refused_, dropped_, unsent);
    }
    // Of what was admitted since the last time.
    Latencies take_latencies() {
        const std::scoped_lock lock(mutex_);
        Latencies taken = std::exchange(latencies_, {});
        std::sort(taken.ms.begin(), taken.ms.end());
        return taken;
    }
    std::uint64_t sent = 0;
    std::uint64_t unsent = 0;  // of those: not taken by its own link

private:
    void take(const Message& message) {
        const auto now = Clock::now();
        const std::scoped_lock lock(mutex_);
        if (message.topic == dropped_topic) {
            dropped_ = std::stoull(std::string(message.payload));
            return;
        }
        const bool admitted = message.payload.starts_with('[');
        ++(admitted ? admitted_ : refused_);
        const auto at = sent_at_.find(std::stoull("0" + std::string(message.correlation_data)));
        const bool timed = at != sent_at_.end();
        if (admitted) {
            latencies_.ms.push_back(
                timed ? std::chrono::duration<double, std::milli>(now - at->second).count()
                      : std::numeric_limits<double>::infinity());
        }
        if (timed) {
            sent_at_.erase(at);
        }
    }

    struct Request {
        std::string topic;
        std::string batch;
    };
    std::vector<Request> requests_;
    Recorder heard_;
    std::unique_ptr<Transport> link_;
    mutable std::mutex mutex_;
    std::map<std::uint64_t, Clock::time_point> sent_at_;
    std::uint64_t admitted_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t dropped_ = 0;
    Latencies latencies_;
};

constexpr std::uint64_t in_flight = 8;

// Batches a second with a few of them under way.
double capacity_of(Asker& asker) {
    constexpr std::uint64_t measured = 200;
    const std::uint64_t first = asker.sent;
    const auto began = Clock::now();
    while (asker.answered() < first + measured) {
        if (asker.sent < asker.answered() + in_flight) {
            asker.send();
        } else {
            std::this_thread::sleep_for(100us);
        }
    }
    const std::chrono::duration<double> took = Clock::now() - began;
    EXPECT_TRUE(eventually([&] { return asker.answered() == asker.sent; }, patience));
    asker.take_latencies();
    return static_cast<double>(measured) / took.count();
}

TEST(Admitted, IsAnsweredWhileFiveTimesTheCapacityIsAsked) {
    Broker broker;
    NodeProcess node({.broker = broker.address(), .config = config, .flags = {}});
    Neighbour watch(node.broker(), node.root());
    Asker asker(node.broker(), node.root());
    for (int i = 0; i < 50; ++i) {
        asker.send();
        ASSERT_TRUE(eventually([&] { return asker.answered() == asker.sent; }, patience));
    }
    const Latencies unloaded = asker.take_latencies();

    const double a_second = capacity_of(asker);

    ASSERT_TRUE(eventually([&] { return watch.reports() >= 2; }));
    const std::size_t reports_before = watch.reports();
    const std::uint64_t refused_before = asker.refused();
    const ProcessUse before = use_of(node.pid());
    watch.forget_gaps();
    const auto from = Clock::now();
    const std::uint64_t seconds = number_from("FLYBALL_OVERLOAD_S", 30);
    const auto total = static_cast<std::uint64_t>(5 * a_second) * seconds;
    const std::uint64_t admitted_before = asker.admitted();
    for (std::uint64_t i = 0; i < total; ++i) {
        std::this_thread::sleep_until(
            from + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(static_cast<double>(i) / (5 * a_second))));
        asker.send();
    }
    const double gap_ms = watch.longest_gap_ms();
    const std::size_t reports = watch.reports() - reports_before;
    // What was refused without an answer is counted; what the broker and the asker's own link had
    // no room for was never the node's.
    std::uint64_t counted = 0;
    ASSERT_TRUE(eventually(
        [&] {
            const std::size_t so_far = watch.reports();
            eventually([&] { return watch.reports() > so_far + 1; }, Span{5'000});
            counted = Json::parse(watch.last_report()).at("throughput").at("refused");
            return asker.admitted() - admitted_before + counted + asker.dropped() + asker.unsent >=
                   total * 99 / 100;
        },
        patience))
        << asker.counts() << ", " << counted << " refused";
    const Latencies loaded = asker.take_latencies();
    const ProcessUse after = use_of(node.pid());
    fmt::print(
        "capacity {:.0f} batches of {} a second; asked {:.0f} a second for {} s: {}, {} refused\n",
        a_second, entries, 5 * a_second, seconds, asker.counts(), counted);
    fmt::print(
        "p50 {:.2f} ms, p99 {:.2f} ms unloaded; p50 {:.2f} ms, p99 {:.2f} ms ({:.1f} times) of "
        "what was admitted; longest health gap {:.0f} ms; RSS +{} KB\n",
        unloaded.at(0.5), unloaded.at(0.99), loaded.at(0.5), loaded.at(0.99),
        loaded.at(0.99) / unloaded.at(0.99), gap_ms, (after.rss_bytes - before.rss_bytes) / 1024);
    const double answers_s = std::chrono::duration<double>(Clock::now() - from).count();
    const double full_inbox_ms = static_cast<double>(inbox + in_flight) / a_second * 1000;
    EXPECT_LE(loaded.at(0.99), unloaded.at(0.99) + full_inboxes_max * full_inbox_ms * slack);
    EXPECT_LE(gap_ms, health_interval_ms * (1 + slack)) << "late by no more than an interval";
    // An interval lies between two: what each is late by adds up.
    EXPECT_GE(reports, seconds * 9 / 10 / static_cast<std::uint64_t>(slack));
    EXPECT_GT(counted, 0U);
    EXPECT_GE(counted, asker.refused());
    EXPECT_LE(static_cast<double>(asker.refused() - refused_before), 100 * (answers_s + 2))
        << "100 answers a second";
    if (measures_truly) {
        EXPECT_LE(after.rss_bytes - before.rss_bytes, grows_bytes_max);
    }
    EXPECT_EQ(node.stop(), 0) << node.log();
}

}  // namespace
}  // namespace flyball::testing
