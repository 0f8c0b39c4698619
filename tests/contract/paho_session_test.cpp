// How Paho's sessions begin, fail and end: against brokers that refuse, take over, go silent or
// talk nonsense. The facts of the library that the transport works around are tests here.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>

#include "tests/contract/fake_broker.h"
#include "tests/contract/recorder.h"
#include "transport/paho.h"

namespace flyball::testing {
namespace {

using namespace std::string_view_literals;
using Clock = std::chrono::steady_clock;

PahoOptions options_for(const std::string& address) {
    PahoOptions options;
    options.broker = address;
    options.client_id = "node";
    options.filters = {"request/#"};
    options.backoff = {Span{10}, Span{50}};
    return options;
}

std::unique_ptr<Transport> made(PahoOptions options) {
    return std::move(make_paho(std::move(options))).value();
}

// Levels of the CONNECTs that came, in order.
class Levels {
public:
    void add(int level) {
        const std::scoped_lock lock(mutex_);
        levels_.push_back(level);
    }
    std::vector<int> all() const {
        const std::scoped_lock lock(mutex_);
        return levels_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<int> levels_;
};

// Refuses version 5 with `refusal`; ends the first session of 3.1.1 at once, keeps the second.
void speak_311_only(const FakeConnection& connection, Levels& levels, std::string_view refusal) {
    const auto first = connection.read();
    if (!first) {
        return;
    }
    const int level = parse_connect(*first).level;
    levels.add(level);
    if (level >= 5) {
        connection.send(refusal);
        return;
    }
    connection.accept_connect(level);
    while (const auto packet = connection.read()) {
        if (packet->is(packet_type::subscribe)) {
            connection.accept_subscribe(*packet, level);
            if (connection.number() == 2) {
                return;
            }
        }
    }
}

class RefusalOfVersion5 : public ::testing::TestWithParam<std::string_view> {};

TEST_P(RefusalOfVersion5, LeadsTo311WhichIsRemembered) {
    Levels levels;
    FakeBroker broker([&](const FakeConnection& c) { speak_311_only(c, levels, GetParam()); });
    Recorder recorder;
    const auto transport = made(options_for(broker.address()));
    transport->start(recorder);
    ASSERT_TRUE(eventually([&] { return recorder.times(LinkState::up) == 2; }))
        << recorder.last_why();
    EXPECT_EQ(levels.all(), (std::vector<int>{5, 4, 4}));
    EXPECT_EQ(transport->protocol_version(), 4);
    Message message;
    message.topic = "t";
    message.correlation_data = "dropped";
    EXPECT_EQ(transport->publish(message), Publish::accepted);
    transport->stop();
}

INSTANTIATE_TEST_SUITE_P(Brokers, RefusalOfVersion5,
                         ::testing::Values("\x20\x03\x00\x84\x00"sv,  // one that knows MQTT 5
                                           "\x20\x02\x00\x84"sv,      // and one that is brief
                                           "\x20\x02\x00\x01"sv));    // one of 3.1.1

TEST(PahoSession, AsksForACleanSessionOfNoLengthAndForPacketsOfABound) {
    std::mutex mutex;
    std::optional<ConnectFields> seen;
    std::string subscribe;
    FakeBroker broker([&](const FakeConnection& connection) {
        const auto fields = connection.let_in();
        {
            const std::scoped_lock lock(mutex);
            seen = fields;
        }
        while (const auto packet = connection.read()) {
            if (packet->is(packet_type::subscribe)) {
                connection.accept_subscribe(*packet, 5);
                const std::scoped_lock lock(mutex);
                subscribe = packet->body;
            }
        }
    });
    Recorder recorder;
    PahoOptions options = options_for(broker.address());
    options.inbound_packet_max = 0x12345;
    options.keep_alive = Span{17'000};
    const auto transport = made(options);
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport)) << recorder.last_why();
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(seen->level, 5);
    EXPECT_TRUE(seen->clean);
    EXPECT_EQ(seen->keep_alive_s, 17);
    EXPECT_EQ(seen->properties, "\x11\x00\x00\x00\x00\x27\x00\x01\x23\x45"sv);
    // QoS 1, Retain As Published, Retain Handling 2.
    EXPECT_EQ(subscribe.back(), '\x29');
}

TEST(PahoSession, WaitsBeforeComingBackWhenItsNameWasTaken) {
    FakeBroker broker([](const FakeConnection& connection) {
        const auto fields = connection.let_in();
        const auto subscribe = connection.read();
        if (!fields || !subscribe) {
            return;
        }
        connection.accept_subscribe(*subscribe, 5);
        if (connection.number() == 1) {
            connection.send("\xe0\x02\x8e\x00"sv);
            return;
        }
        connection.read();
    });
    Recorder recorder;
    PahoOptions options = options_for(broker.address());
    options.name_taken_wait = Span{600};
    const auto transport = made(options);
    transport->start(recorder);
    ASSERT_TRUE(eventually([&] { return recorder.times(LinkState::name_taken) == 1; }))
        << recorder.last_why();
    const auto taken = Clock::now();
    EXPECT_NE(recorder.last_why().find("0x8e"), std::string::npos) << recorder.last_why();
    ASSERT_TRUE(comes_up(*transport));
    EXPECT_GE(Clock::now() - taken, std::chrono::milliseconds(550));
    EXPECT_EQ(broker.connections(), 2);
}

TEST(PahoSession, IsNotUpBeforeEverySubscriptionIsGranted) {
    FakeBroker broker([](const FakeConnection& connection) {
        const auto fields = connection.let_in();
        while (const auto packet = fields ? connection.read() : std::nullopt) {
            if (packet->is(packet_type::subscribe)) {
                const bool secret = packet->body.find("secret") != std::string::npos;
                const bool refuse = secret && connection.number() < 3;
                connection.accept_subscribe(*packet, 5, refuse ? 0x87 : 0x01);
            }
        }
    });
    Recorder recorder;
    PahoOptions options = options_for(broker.address());
    options.filters = {"public", "secret", "other"};
    const auto transport = made(options);
    transport->start(recorder);
    ASSERT_TRUE(comes_up(*transport));
    EXPECT_EQ(broker.connections(), 3);
    EXPECT_EQ(recorder.times(LinkState::up), 1U);
    EXPECT_EQ(recorder.times(LinkState::down), 2U);
    const std::string why = recorder.links()[1].second;
    EXPECT_NE(why.find("secret"), std::string::npos) << why;
}

TEST(PahoSession, ReadsThePasswordAnewAtEveryAttempt) {
    const std::string path =
        ::testing::TempDir() + "flyball-password-" + std::to_string(::getpid());
    std::ofstream(path) << "old\n";
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    Levels accepted;
    FakeBroker broker([&](const FakeConnection& connection) {
        const auto first = connection.read();
        if (!first || parse_connect(*first).password != "new") {
            std::ofstream(path) << "new\n";  // first: the next attempt may come at once
            connection.send("\x20\x03\x00\x87\x00"sv);
            return;
        }
        connection.accept_connect(5);
        while (const auto packet = connection.read()) {
            connection.accept_subscribe(*packet, 5);
        }
    });
    Recorder recorder;
    PahoOptions options = options_for(broker.address());
    options.username = "pi-7";
    options.password_file = path;
    const auto transport = made(options);
    transport->start(recorder);
    EXPECT_TRUE(comes_up(*transport)) << recorder.last_why();
    EXPECT_EQ(broker.connections(), 2);
    transport->stop();
    std::remove(path.c_str());
}

TEST(PahoSession, NamesThePasswordFileItCannotRead) {
    Recorder recorder;
    PahoOptions options = options_for("tcp://127.0.0.1:1");
    options.password_file = "/nowhere/password";
    const auto transport = made(options);
    transport->start(recorder);
    ASSERT_TRUE(eventually([&] { return recorder.times(LinkState::down) > 0; }));
    const std::string why = recorder.links()[1].second;
    EXPECT_NE(why.find("/nowhere/password"), std::string::npos) << why;
    EXPECT_NE(why.find("No such file"), std::string::npos) << why;
}

class Silence : public ::testing::TestWithParam<int> {};

// A broker that takes the connection and then says nothing: at CONNECT, or after it was let in.
TEST_P(Silence, DoesNotHoldUpStop) {
    FakeBroker broker([](const FakeConnection& connection) {
        if (GetParam() == 0) {
            connection.read();
        } else {
            connection.let_in();
        }
        while (connection.read()) {
        }
    });
    Recorder recorder;
    const auto transport = made(options_for(broker.address()));
    transport->start(recorder);
    ASSERT_TRUE(eventually([&] { return broker.connections() == 1; }));
    const auto before = Clock::now();
    transport->stop();
    EXPECT_LT(Clock::now() - before, std::chrono::seconds(4));
    EXPECT_EQ(transport->link(), LinkState::down);
}

INSTANTIATE_TEST_SUITE_P(Stages, Silence, ::testing::Values(0, 1));

TEST(PahoSession, GivesUpAnAttemptThatIsNotAnsweredAndTriesAgain) {
    FakeBroker broker([](const FakeConnection& connection) {
        if (connection.number() == 1) {
            while (connection.read()) {
            }
            return;
        }
        connection.behave();
    });
    Recorder recorder;
    PahoOptions options = options_for(broker.address());
    options.connect_timeout = Span{1000};
    const auto transport = made(options);
    transport->start(recorder);
    EXPECT_TRUE(eventually([&] { return transport->link() == LinkState::up; }, Span{20'000}))
        << recorder.last_why();
}

// Packets of every type with a plausible length and random bodies, and plain noise.
std::string garbage(std::mt19937& random) {
    std::string bytes;
    const auto octet = [&] { return static_cast<char>(random() & 0xffU); };
    const std::size_t length = random() % 40;
    bytes += octet();
    bytes += random() % 8 == 0 ? octet() : static_cast<char>(length);
    for (std::size_t i = 0; i < length; ++i) {
        bytes += octet();
    }
    return bytes;
}

TEST(PahoSession, SurvivesABrokerThatTalksNonsense) {
    constexpr int sessions = 25;  // Paho takes a second for each
    constexpr int packets = 12;
    FakeBroker broker([](const FakeConnection& connection) {
        std::mt19937 random(static_cast<unsigned>(connection.number()));
        const auto fields = connection.let_in();
        const auto subscribe = connection.read();
        if (!fields || !subscribe) {
            return;
        }
        if (connection.number() > sessions) {
            connection.accept_subscribe(*subscribe, fields->level);
            connection.read();
            return;
        }
        for (int i = 0; i < packets; ++i) {
            connection.send(garbage(random));
        }
    });
    Recorder recorder;
    PahoOptions options = options_for(broker.address());
    options.backoff = {Span{1}, Span{2}};
    options.name_taken_wait = Span{1};
    const auto transport = made(options);
    transport->start(recorder);
    EXPECT_TRUE(eventually(
        [&] { return broker.connections() > sessions && transport->link() == LinkState::up; },
        Span{90'000}))
        << broker.connections() << " " << recorder.last_why();
}

}  // namespace
}  // namespace flyball::testing
