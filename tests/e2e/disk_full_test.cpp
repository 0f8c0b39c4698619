// A real file system that fills up under a real node, with `commit`: it says so, refuses what it
// cannot keep, forgets nothing that it allowed, and goes on by itself once there is room.
// FLYBALL_FILLS: how many times (10).

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"
#include "tests/from_environment.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

const std::string replies = "flyball/v1/reply/test/full";
constexpr Span answer_wait = std::chrono::seconds(20);
constexpr auto fault_wait = std::chrono::seconds(30);

constexpr const char* config = R"(
[state]
durability = "commit"
[health]
interval = "1s"
[governor.quota.main]
resources.api_calls = { limit = 1000000000, window = "365d" }
)";

// A small file system over a folder, gone with the test.
class SmallDisk {
public:
    explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {
        mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=6m") == 0;
    }
    ~SmallDisk() {
        if (mounted_) {
            ::umount2(folder_.c_str(), MNT_DETACH);
        }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    bool mounted() const { return mounted_; }
    // Takes all the room that is left.
    void fill() const {
        std::ofstream file(folder_ / "filler", std::ios::binary | std::ios::app);
        const std::string block(4096, 'f');
        while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
    }
    void clear() const { std::filesystem::remove(folder_ / "filler"); }

private:
    std::filesystem::path folder_;
    bool mounted_ = false;
};

class DiskFull : public ::testing::Test {
protected:
    void TearDown() override {
        if (HasFailure()) {
            fmt::print("{}\n", node.log());
        }
    }
    Json ask(const Json& request) {
        const std::string topic = node.root() + "/quota/main/request";
        const std::string payload = request.dump();
        const auto reply = client.ask({.topic = topic,
                                       .payload = payload,
                                       .response_topic = replies,
                                       .has_response_topic = true},
                                      answer_wait);
        return Json::parse(reply.payload);
    }
    std::uint64_t publish_change() {
        const std::uint64_t id = ++ids;
        const std::string tag = std::to_string(id);
        const std::string topic = node.root() + "/quota/main/request";
        const std::string payload = Json{{"tenant", "a"}, {"id", id}}.dump();
        client.publish({.topic = topic,
                        .payload = payload,
                        .response_topic = replies,
                        .has_response_topic = true,
                        .correlation_data = tag});
        return id;
    }
    static bool answers(const BusClient::Arrived& arrived, std::uint64_t id) {
        return arrived.correlation_data == std::to_string(id);
    }
    Json note_answer(std::uint64_t id, const BusClient::Arrived& arrived) {
        Json reply = Json::parse(arrived.payload);
        if (reply.at("decision") == "allow") {
            allowed[id] = reply.at("seq");
        }
        return reply;
    }
    Json change() {
        const std::uint64_t id = publish_change();
        return note_answer(
            id, client.await([id](const auto& one) { return answers(one, id); }, answer_wait));
    }
    // Until a change is answered so; the time it took.
    std::chrono::duration<double> change_until(const std::string& decision) {
        const auto begun = Clock::now();
        while (change().at("decision") != decision) {
            if (Clock::now() - begun > fault_wait) {
                ADD_FAILURE() << "no change was answered " << decision << "\n" << node.log();
                break;
            }
        }
        return Clock::now() - begun;
    }
    // The reserve and what a snapshot makes superfluous let the node recover once or twice on a
    // full disk, too soon for a report: until it has said that it is degraded, and refuses. What it
    // decided just before the disk failed it answers when there is room again.
    Json fill_until_degraded(const SmallDisk& disk) {
        bool said = false;
        Json reply;
        const auto begun = Clock::now();  // a report a second at most, a change in a third of a ms
        while (!(said && reply.value("decision", "") == "error") &&
               Clock::now() - begun < fault_wait) {
            disk.fill();
            const std::uint64_t id = publish_change();
            const auto is_degraded = is_newer_health("degraded");
            const auto arrived = client.await(
                [&](const BusClient::Arrived& one) { return answers(one, id) || is_degraded(one); },
                answer_wait);
            if (answers(arrived, id)) {
                reply = note_answer(id, arrived);
            } else {
                said = true;
                unanswered.push_back(id);
            }
        }
        EXPECT_TRUE(said) << node.log();
        return reply;
    }
    void await_unanswered() {
        for (const std::uint64_t id : std::exchange(unanswered, {})) {
            note_answer(
                id, client.await([&](const auto& one) { return answers(one, id); }, answer_wait));
        }
    }
    void await_health(const std::string& status) {
        client.await(is_newer_health(status), answer_wait);
    }
    // A report that is newer than the last that was waited for.
    std::function<bool(const BusClient::Arrived&)> is_newer_health(const std::string& status) {
        return [this, status](const BusClient::Arrived& arrived) {
            if (!arrived.topic.ends_with("/health") ||
                arrived.payload.find("\"status\":\"" + status) == std::string::npos) {
                return false;  // most are: they are not parsed again and again
            }
            const Json report = Json::parse(arrived.payload);
            const std::int64_t at = report.value("at", std::int64_t{0});
            const bool newer = report.at("status") == status && at > health_at;
            health_at = newer ? at : health_at;
            return newer;
        };
    }
    void expect_all_known() {
        for (const auto& [id, seq] : allowed) {
            const Json again = ask({{"tenant", "a"}, {"id", id}});
            ASSERT_EQ(again.value("replayed", false), true) << id << again;
            ASSERT_EQ(again.at("seq"), seq);
        }
        const Json look = ask({{"tenant", "a"}, {"hits", 0}});
        EXPECT_EQ(look.at("used"), used) << look;
    }
    void forget_older() {
        used += static_cast<std::int64_t>(allowed.size());
        while (allowed.size() > 300) {
            allowed.erase(allowed.begin());
        }
    }

    Broker broker;
    NodeProcess node{{.broker = broker.address(), .config = config, .flags = {}}};
    BusClient client{node.broker(), {replies, node.root() + "/health"}};
    std::uint64_t ids = 0;
    std::int64_t used = 0;
    std::int64_t health_at = 0;
    std::vector<std::uint64_t> unanswered;
    std::map<std::uint64_t, Json> allowed;  // the last of them
};

TEST_F(DiskFull, IsSaidRefusedAndSurvived) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "a small file system takes root to mount";
    }
    const std::uint64_t fills = number_from("FLYBALL_FILLS", 10);
    ASSERT_EQ(node.stop(), 0);
    const SmallDisk disk(node.folder() / "state");
    ASSERT_TRUE(disk.mounted());
    node.start();
    double slowest_s = 0;
    for (std::uint64_t fill = 0; fill < fills && !HasFailure(); ++fill) {
        SCOPED_TRACE(fill);
        allowed.clear();
        const Json before = ask({{"tenant", "a"}, {"hits", 0}});
        used = before.at("used");
        const Json refused = fill_until_degraded(disk);
        EXPECT_EQ(refused.value("reason", ""), "overloaded") << refused;
        EXPECT_TRUE(refused.contains("retry_after_ms")) << refused;
        disk.clear();
        slowest_s = std::max(slowest_s, change_until("allow").count());
        await_health("online");
        await_unanswered();
        forget_older();
        node.kill();
        node.start();
        expect_all_known();
    }
    fmt::print("{} times full; writing again after {:.1f} s at most\n", fills, slowest_s);
}

}  // namespace
}  // namespace flyball::testing
