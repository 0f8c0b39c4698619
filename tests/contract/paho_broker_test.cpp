// Paho against a real Mosquitto: latency after silence, socket options, back pressure, TLS.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/contract/recorder.h"
#include "tests/e2e/broker.h"
#include "transport/paho.h"

namespace flyball::testing {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

PahoOptions options_for(const Broker& broker, std::string client_id) {
    PahoOptions options;
    options.broker = broker.address();
    options.client_id = std::move(client_id);
    options.filters = {"to/" + options.client_id};
    options.tick_topic = "tick/" + options.client_id;
    options.backoff = {Span{10}, Span{50}};
    return options;
}

std::unique_ptr<Transport> made(PahoOptions options) {
    return std::move(make_paho(std::move(options))).value();
}

// TCP_NODELAY of this process's sockets whose peer has that port.
std::vector<int> nodelay_of(std::uint16_t port) {
    constexpr int descriptors_max = 256;
    std::vector<int> values;
    for (int descriptor = 0; descriptor < descriptors_max; ++descriptor) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
            peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) {
            continue;
        }
        int value = 0;
        size = sizeof value;
        ::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &value, &size);
        values.push_back(value != 0 ? 1 : 0);
    }
    return values;
}

TEST(PahoBroker, SetsNodelayOnItsSocketAfterEveryConnect) {
    Broker broker;
    Recorder recorder;
    const auto transport = made(options_for(broker, "one"));
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport));
    EXPECT_EQ(nodelay_of(broker.port()), std::vector<int>{1});
    broker.kill();
    ASSERT_TRUE(eventually([&] { return transport->link() != LinkState::up; }));
    broker.start();
    ASSERT_TRUE(comes_up(*transport));
    EXPECT_EQ(nodelay_of(broker.port()), std::vector<int>{1});
}

// One round trip to itself.
std::chrono::nanoseconds round_trip(Transport& transport, Recorder& recorder, Qos qos) {
    const std::size_t before = recorder.count();
    const auto sent = Clock::now();
    EXPECT_EQ(transport.publish(message_to("to/one", "x", qos)), Publish::accepted);
    while (recorder.count() == before && Clock::now() - sent < 5s) {
        std::this_thread::sleep_for(50us);
    }
    return Clock::now() - sent;
}

TEST(PahoBroker, AnswersQuicklyAfterSilence) {
    Broker broker;
    Recorder recorder;
    const auto transport = made(options_for(broker, "one"));
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport));
    constexpr int tries = 30;
    int slow = 0;
    for (int i = 0; i < tries; ++i) {
        std::this_thread::sleep_for(1500ms);  // the silence is what is tested
        slow += round_trip(*transport, recorder, Qos::at_most_once) > 30ms ? 1 : 0;
    }
    EXPECT_LE(slow, 2);
    EXPECT_EQ(recorder.count(), static_cast<std::size_t>(tries)) << "the ticks are not handed over";
}

// The broker drops them without a word: what is idle there is not half-open.
TEST(PahoBroker, StaysUpWhereTheAccessListHasNoTicks) {
    const std::string list =
        ::testing::TempDir() + "flyball-no-ticks." + std::to_string(::getpid());
    std::ofstream(list) << "topic readwrite to/#\n";
    Broker broker({.extra = "acl_file " + list + "\n"});
    Recorder recorder;
    PahoOptions options = options_for(broker, "one");
    options.keep_alive = 1000ms;
    options.tick_after = 200ms;
    const auto transport = made(std::move(options));
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport));
    std::this_thread::sleep_for(3500ms);  // the silence is what is tested
    EXPECT_LT(round_trip(*transport, recorder, Qos::at_most_once), 5s);
    EXPECT_EQ(recorder.times(LinkState::up), 1U) << recorder.last_why();
    std::filesystem::remove(list);
}

TEST(PahoBroker, DoesNotMeetNagleAtQos1) {
    Broker broker;
    Recorder recorder;
    const auto transport = made(options_for(broker, "one"));
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport));
    std::vector<std::chrono::nanoseconds> times;
    for (int i = 0; i < 41; ++i) {
        times.push_back(round_trip(*transport, recorder, Qos::at_least_once));
    }
    std::sort(times.begin(), times.end());
    EXPECT_LT(times[times.size() / 2], 20ms);  // 44 ms with the option off at either end
}

TEST(PahoBroker, IsFullBeyondItsBoundAndFlushesWhenTheBrokerReadsAgain) {
    Broker broker;
    Recorder recorder;
    PahoOptions options = options_for(broker, "one");
    options.outbound_max = 500;
    const auto transport = made(options);
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport));
    broker.pause();
    std::size_t accepted = 0;
    Publish last = Publish::accepted;
    while (last == Publish::accepted && accepted < 10'000) {
        last = transport->publish(message_to("to/one", "payload", Qos::at_least_once));
        accepted += last == Publish::accepted ? 1 : 0;
    }
    EXPECT_EQ(last, Publish::full);
    EXPECT_EQ(accepted, 500U);
    EXPECT_EQ(transport->counts().publish_full, 1U);
    EXPECT_FALSE(transport->flush(Span{50}));
    broker.resume();
    EXPECT_TRUE(transport->flush(Span{10'000}));
    EXPECT_TRUE(eventually([&] { return recorder.count() == accepted; }));
}

TEST(PahoBroker, AnswersBurstsFarBeyondPahosDefaultBuffer) {
    Broker broker;
    Recorder serving;
    Recorder asking;
    const auto server = made(options_for(broker, "server"));
    const auto client = made(options_for(broker, "client"));
    serving.answer = [&](const Message& message) {
        server->publish(message_to("to/client", message.payload));
    };
    server->start(serving);
    client->start(asking);
    ASSERT_TRUE(comes_up(*server) && comes_up(*client));
    constexpr std::size_t burst = 5000;  // Paho throws beyond 100 by default
    for (std::size_t i = 0; i < burst; ++i) {
        ASSERT_EQ(client->publish(message_to("to/server", "payload", Qos::at_least_once)),
                  Publish::accepted);
    }
    EXPECT_TRUE(eventually([&] { return asking.count() == burst; }, Span{30'000}))
        << asking.count();
    EXPECT_EQ(server->counts().publish_failed, 0U);
    EXPECT_EQ(server->counts().publish_full, 0U);
}

TEST(PahoBroker, StopsInTimeWhenTheConnectionIsHalfOpen) {
    Broker broker;
    Recorder recorder;
    const auto transport = made(options_for(broker, "one"));
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport));
    broker.pause();
    for (int i = 0; i < 100; ++i) {
        transport->publish(message_to("to/one", std::string(64 * 1024, 'x')));
    }
    const auto before = Clock::now();
    transport->stop();
    EXPECT_LT(Clock::now() - before, 5s);
    const std::size_t told = recorder.links().size() + recorder.count();
    broker.resume();
    // Whatever was still under way is behind this: one broker, and one receiver in this process.
    Recorder later;
    const auto other = made(options_for(broker, "two"));
    other->start(later);
    ASSERT_TRUE(comes_up(*other));
    ASSERT_EQ(other->publish(message_to("to/two", "barrier", Qos::at_least_once)),
              Publish::accepted);
    ASSERT_TRUE(eventually([&] { return later.count() == 1; }, Span{10'000}));
    EXPECT_EQ(recorder.links().size() + recorder.count(), told);
}

TEST(PahoBroker, ConnectsSeveralAtOnce) {
    Broker broker;
    constexpr std::size_t many = 8;
    std::vector<Recorder> recorders(many);
    std::vector<std::unique_ptr<Transport>> transports;
    for (std::size_t i = 0; i < many; ++i) {
        transports.push_back(made(options_for(broker, "client-" + std::to_string(i))));
        transports.back()->start(recorders[i]);
    }
    for (const auto& transport : transports) {
        ASSERT_TRUE(comes_up(*transport));  // all of them, or a neighbour may not listen yet
    }
    for (std::size_t i = 0; i < many; ++i) {
        transports[i]->publish(message_to("to/client-" + std::to_string((i + 1) % many), "hello"));
    }
    for (const Recorder& recorder : recorders) {
        EXPECT_TRUE(eventually([&] { return recorder.count() == 1; }));
    }
}

TEST(PahoBroker, LeavesItsWillWhenItDies) {
    Broker broker;
    Recorder watching;
    PahoOptions options = options_for(broker, "watcher");
    options.filters = {"health"};
    const auto watcher = made(options);
    watcher->start(watching);
    ASSERT_TRUE(comes_up(*watcher));
    Recorder first;
    Recorder second;
    first.last_will = Receiver::Will{.topic = "health", .payload = "offline"};
    const auto dying = made(options_for(broker, "node"));
    dying->start(first);
    ASSERT_TRUE(comes_up(*dying));
    // A second session of the name ends the first without a DISCONNECT, as a cut cable would.
    dying->name_disputed();
    const auto other = made(options_for(broker, "node"));
    other->start(second);
    ASSERT_TRUE(eventually([&] { return watching.count() == 1; }));
    EXPECT_EQ(watching.messages()[0].payload, "offline");
    EXPECT_TRUE(watching.messages()[0].retain);
    EXPECT_EQ(watching.messages()[0].qos, Qos::at_least_once);
}

}  // namespace
}  // namespace flyball::testing
