// What may be under way to a broker that does not read: counted with all that Paho keeps of it, and
// never refused where there was room.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/contract/fake_broker.h"
#include "tests/contract/recorder.h"
#include "transport/paho.h"

namespace flyball::testing {
namespace {

constexpr std::size_t bytes_max = std::size_t{8} << 20U;

// A broker whose network is stuck, until it is told to read on.
class Stuck {
public:
    void serve(const FakeConnection& connection) {
        if (!connection.let_in()) {
            return;
        }
        const auto subscribe = connection.read();
        if (!subscribe) {
            return;
        }
        connection.accept_subscribe(*subscribe, 5);
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return reads_; });
        lock.unlock();
        while (connection.read()) {
        }
    }
    void read_on() {
        const std::scoped_lock lock(mutex_);
        reads_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool reads_ = false;
};

class RoomWatch final : public Recorder {
public:
    void on_room() noexcept override { ++rooms; }
    std::atomic<int> rooms{0};
};

class PahoRoom : public ::testing::Test {
protected:
    void SetUp() override {
        PahoOptions options;
        options.broker = broker.address();
        options.client_id = "node";
        options.filters = {"request/#"};
        options.backoff = {Span{10}, Span{50}};
        options.outbound_bytes_max = bytes_max;
        transport = std::move(make_paho(std::move(options))).value();
        transport->start(watch);
        ASSERT_TRUE(eventually([&] { return transport->link() == LinkState::up; }));
    }
    void TearDown() override {
        stuck.read_on();
        EXPECT_TRUE(transport->flush(Span{10'000}));
        transport->stop();
    }
    // How many are taken until one is not.
    std::size_t publish_all(const Message& message) {
        std::size_t taken = 0;
        while (taken < 1000 && transport->publish(message) == Publish::accepted) {
            ++taken;
        }
        EXPECT_LT(taken, 1000U) << "what waits has no bound";
        return taken;
    }

    Stuck stuck;
    FakeBroker broker{[this](const FakeConnection& connection) { stuck.serve(connection); }};
    RoomWatch watch;
    std::unique_ptr<Transport> transport;
};

TEST_F(PahoRoom, IsNotThereForRepliesThatNobodyReadsAndIsToldOfWhenItIsThereAgain) {
    const std::string payload(256 * 1024, 'x');
    const Message reply = message_to("a/reply", payload);
    EXPECT_TRUE(transport->has_room());
    const std::size_t taken = publish_all(reply);
    EXPECT_FALSE(transport->has_room());
    EXPECT_EQ(transport->counts().publish_full, 1U);
    // The kernel's buffers may have some as well, and may have made room by taking them.
    EXPECT_GE(taken * payload.size(), bytes_max - 2 * payload.size());
    const int rooms = watch.rooms;
    stuck.read_on();
    EXPECT_TRUE(eventually([&] { return watch.rooms > rooms; }));
    EXPECT_TRUE(transport->has_room());
    EXPECT_TRUE(transport->flush(Span{10'000}));
    EXPECT_EQ(transport->publish(reply), Publish::accepted);
}

TEST_F(PahoRoom, IsTakenByPropertiesAsWell) {
    const std::string correlation_data(60'000, 'c');
    Message reply = message_to("a/reply", "short");
    reply.correlation_data = correlation_data;
    // As above: what the kernel has taken of them has left.
    EXPECT_LE(publish_all(reply), 2 * bytes_max / correlation_data.size());
    EXPECT_FALSE(transport->has_room());
}

// Whoever asked whether there is room and decided is not to lose the reply.
TEST_F(PahoRoom, IsEnoughForOneOfAnyLength) {
    const std::string some(256 * 1024, 's');
    constexpr Span a_moment{100};
    do {  // until the kernel takes no more of them
        ASSERT_EQ(transport->publish(message_to("a/reply", some)), Publish::accepted);
    } while (transport->flush(a_moment));
    ASSERT_TRUE(transport->has_room());
    const std::string large(bytes_max, 'l');
    EXPECT_EQ(transport->publish(message_to("a/reply", large)), Publish::accepted);
    EXPECT_FALSE(transport->has_room());
    EXPECT_EQ(transport->publish(message_to("a/reply", some)), Publish::full);
}

}  // namespace
}  // namespace flyball::testing
