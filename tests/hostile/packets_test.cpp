// What a client can say to a real broker about a real node's topics: topics of 65,535 bytes, of 200
// levels, encoded in all ways, no UTF-8; payloads beyond every bound; a packet that promises 256 MB
// and never comes. Whatever it is, the node answers the next request.

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/raw_client.h"
#include "tests/hostile/neighbour.h"

namespace flyball::testing {
namespace {

using namespace std::string_literals;

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
            RawClient client(broker.port(), {.version = version, .client_id = "rude"});
            client.publish(topic, payload, 0);
            client.ping();
            ++passed;
        } catch (const std::runtime_error&) {
            ++ended;
        }
    }
    int passed = 0;
    int ended = 0;
};

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
            scene.neighbour.ask(1);
        }
    }
    fmt::print("{} topics: the broker passed {} publishes and ended {} connections\n",
               topics.size(), scene.passed, scene.ended);
    EXPECT_EQ(scene.node.stop(), 0) << scene.node.log();
}

TEST(Packets, WithPayloadsBeyondEveryBoundAreAnsweredOrDroppedByTheBroker) {
    Scene scene;
    const std::string request = scene.node.root() + "/quota/own/request";
    const ProcessUse before = use_of(scene.node.pid());
    for (const std::size_t bytes : {262'145U, 500'000U, 600'000U, 4'000'000U}) {
        for (const int version : {4, 5}) {
            scene.say(request, std::string(bytes, '['), version);
            scene.neighbour.ask(2);
        }
    }
    fmt::print("payloads up to 4 MB: {} passed, {} connections ended, RSS +{} KB\n", scene.passed,
               scene.ended, (use_of(scene.node.pid()).rss_bytes - before.rss_bytes) / 1024);
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
    scene.neighbour.ask(20);
    EXPECT_EQ(use_of(scene.node.pid()).threads, before.threads);
    ::close(liar);
    scene.neighbour.ask(1);
    EXPECT_EQ(scene.node.stop(), 0) << scene.node.log();
}

}  // namespace
}  // namespace flyball::testing
