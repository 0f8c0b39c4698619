// What a client can say to a real broker about a real node's topics: topics of 65,535 bytes, of 200
// levels, encoded in all ways, no UTF-8; payloads beyond every bound; a packet that promises 256 MB
// and never comes. Whatever it is, the node answers the next request, and no governor knows more or
// has counted more than before.

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/raw_client.h"
#include "tests/hostile/guard.h"
#include "tests/hostile/neighbour.h"

namespace flyball::testing {
namespace {

using namespace std::string_literals;
using Json = nlohmann::json;

const std::string replies = "flyball/v1/reply/test/packets";
constexpr Span patience{20'000};
// The inbox for what waits and the library's buffer, of twice a payload.
constexpr std::int64_t grows_bytes_max = std::int64_t{9} << 20;

constexpr const char* config = R"(
[health]
interval = "1s"
[governor.quota.own]
)";

std::string levels(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += "/l";
    }
    return out;
}

struct Scene {
    Broker broker;
    NodeProcess node{{.broker = broker.address(), .config = config, .flags = {}}};
    Neighbour neighbour{node.broker(), node.root()};

    // A connection of its own for each: a broker may end the one that offends it.
    void say(const std::string& topic, const std::string& payload, int version) {
        try {
            RawClient rude(broker.port(), {.version = version, .client_id = "rude"});
            rude.publish(topic, payload, 0);
            rude.ping();
            ++passed;
        } catch (const std::runtime_error&) {
            ++ended;
        }
    }
    // Health of after all that was said so far.
    Json report() {
        ask_neighbour(1);
        const std::size_t before = neighbour.reports();
        EXPECT_TRUE(eventually([&] { return neighbour.reports() > before + 1; }, patience));
        return Json::parse(neighbour.last_report());
    }
    void ask_neighbour(std::size_t times) {
        neighbour.ask(times);
        asked += times;
    }
    Json ask(const std::string& below, const std::string& payload) {
        const std::string topic = node.root() + "/" + below;
        return Json::parse(client
                               .ask({.topic = topic,
                                     .payload = payload,
                                     .response_topic = replies,
                                     .has_response_topic = true},
                                    patience)
                               .payload);
    }
    BusClient client{node.broker(), {replies}};
    int passed = 0;
    int ended = 0;
    std::size_t asked = 0;
};

// What a governor's row of a report says of tenants and decisions, errors aside.
Json levels_of(const Json& row) {
    Json levels;
    for (const char* key : {"tenants", "ring_used", "ids_used", "allow", "deny", "seq"}) {
        levels[key] = row.at(key);
    }
    return levels;
}

// Only the neighbour's own governor has decided, and nothing but what the neighbour asked.
void expect_nobody_else_reached(Scene& scene) {
    const Json report = scene.report();
    EXPECT_EQ(report.at("status"), "online");
    std::size_t others = 0;
    for (const Json& row : report.at("governors")) {
        const std::string title =
            row.at("type").get<std::string>() + "/" + row.at("name").get<std::string>();
        SCOPED_TRACE(title);
        const Json levels = levels_of(row);
        if (title == "quota/own") {
            EXPECT_EQ(levels.at("tenants"), 1);
            EXPECT_EQ(levels.at("allow"), scene.asked);
            EXPECT_EQ(levels.at("deny"), 0);
            continue;
        }
        ++others;
        EXPECT_EQ(row.at("error"), 0);
        for (const auto& [key, value] : levels.items()) {
            EXPECT_EQ(value, 0) << key;
        }
    }
    EXPECT_EQ(others, 5U) << "the base governors";
    for (const char* tenant : {"abuser", "A", "/", "a/b"}) {
        SCOPED_TRACE(tenant);
        const std::string get = Json{{"op", "get"}, {"tenant", tenant}}.dump();
        for (const char* governor : {"quota/own/request", "quota/main/request"}) {
            const Json quota = scene.ask(governor, get);
            EXPECT_EQ(quota.at("resources").at("api_calls").at("used"), 0) << quota;
        }
        EXPECT_EQ(scene.ask("billing/main/request", get).at("reason"), "unknown_tenant");
    }
}

TEST(Packets, WithTopicsOfAnyFormReachNobodyTheyShouldNot) {
    Scene scene;
    const std::string root = scene.node.root();
    const std::string request = root + "/quota/own/request";
    const std::string longest(65'535 - request.size() - 1, 't');
    const std::vector<std::string> topics = {
        request + "/" + longest,
        root + "/quota/" + std::string(60'000, 'n') + "/request",
        root + levels(150),
        root + levels(199),
        root + std::string(200, '/'),
        request + "/%41",
        request + "/%2f",
        request + "/%",
        request + "/" + std::string(200, '%'),
        request + "/\xff\xfe",
        request + "/\xc0\xaf",
        request + "/\xed\xa0\x80",
        request + "/a\x01",
        request + "/"s + '\0',
        root + "//request",
        root + "/admit//request",
        root + "/admit//admin",
        root + "/_tick/x",
        root + "/quota/own/request/a/b",
        request + "/+",
        request + "/#",
        "$share/g/" + request,
    };
    for (const std::string& topic : topics) {
        for (const int version : {4, 5}) {
            SCOPED_TRACE(fmt::format("{:.60}", topic));
            scene.say(topic, R"({"tenant":"abuser"})", version);
            scene.ask_neighbour(1);
        }
    }
    fmt::print("{} topics: the broker passed {} publishes and ended {} connections\n",
               topics.size(), scene.passed, scene.ended);
    EXPECT_GT(scene.passed, 0);
    expect_nobody_else_reached(scene);
    EXPECT_EQ(scene.node.stop(), 0) << scene.node.log();
}

TEST(Packets, WithPayloadsBeyondEveryBoundAreAnsweredOrDroppedByTheBroker) {
    Scene scene;
    const std::string request = scene.node.root() + "/quota/own/request";
    const ProcessUse before = use_of(scene.node.pid());
    for (const std::size_t bytes : {262'145U, 500'000U, 600'000U, 4'000'000U}) {
        for (const int version : {4, 5}) {
            scene.say(request, std::string(bytes, '['), version);
            scene.ask_neighbour(2);
        }
    }
    const std::int64_t grown_bytes = use_of(scene.node.pid()).rss_bytes - before.rss_bytes;
    fmt::print("payloads up to 4 MB: {} passed, {} connections ended, RSS +{} KB\n", scene.passed,
               scene.ended, grown_bytes / 1024);
    if (measures_truly) {
        EXPECT_LE(grown_bytes, grows_bytes_max);
    }
    expect_nobody_else_reached(scene);
    EXPECT_EQ(scene.node.stop(), 0) << scene.node.log();
}

TEST(Packets, ThatPromise256MegabytesAndNeverComeHoldUpNobody) {
    Scene scene;
    const int liar = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(scene.broker.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(liar, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::string connect = "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04liar"s;
    const std::string promise = "\x30\xff\xff\xff\x7f"s;
    ASSERT_GT(::send(liar, connect.data(), connect.size(), MSG_NOSIGNAL), 0);
    ASSERT_GT(::send(liar, promise.data(), promise.size(), MSG_NOSIGNAL), 0);
    const ProcessUse before = use_of(scene.node.pid());
    scene.ask_neighbour(20);
    const ProcessUse beside = use_of(scene.node.pid());
    EXPECT_EQ(beside.threads, before.threads);
    if (measures_truly) {
        EXPECT_LE(beside.rss_bytes - before.rss_bytes, std::int64_t{1} << 20);
    }
    ::close(liar);
    expect_nobody_else_reached(scene);
    EXPECT_EQ(scene.node.stop(), 0) << scene.node.log();
}

}  // namespace
}  // namespace flyball::testing
