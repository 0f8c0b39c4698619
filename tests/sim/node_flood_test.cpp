// Requests that come faster than they are decided: the node's thread has other duties, and does
// them in between. Whoever waits for a reply asks again at once, so that the inbox is never empty.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <vector>

#include "tests/sim/sim_node.h"

namespace flyball::sim {
namespace {

class Flood final : public SimNode::Story {
public:
    static constexpr std::size_t inbox = 64;

    std::optional<int> asleep(Span /*timeout*/) override {
        if (sleeps++ == 0) {
            node.set_link(true);
            ask();
            return std::nullopt;
        }
        pours = false;
        return SIGTERM;
    }
    void disk_works() override {}
    void awake() override {}
    Publish published(const Message& message) override {
        if (message.topic == replies && pours) {
            ++answered;
            pours = answered < 10 * inbox;  // so that a node that sees to nothing else ends too
            ask();
        }
        return Publish::accepted;
    }

    Log log{LogLevel::error, [](LogLevel, const std::string&) {}};
    SimNode node{*this, log};
    std::size_t sleeps = 0;
    std::size_t answered = 0;
    bool pours = true;

private:
    static constexpr std::string_view replies = "flyball/v1/reply/flood";
    // Too long to be decided on the thread that brings it.
    void ask() {
        Message message;
        message.topic = "flyball/v1/sim/node/quota/main/request";
        message.payload = payload_;
        message.response_topic = replies;
        message.has_response_topic = true;
        node.deliver(message);
    }
    std::string payload_ =
        R"({"tenant":"acme","x_": ")" + std::string(900, 'x') + "\"}" + std::string(5000, ' ');
};

TEST(NodeUnderAFlood, SeesToItsOtherDutiesInBetween) {
    Flood flood;
    NodeSettings settings;
    settings.root = {"flyball/v1", "sim", "node"};
    settings.limits.inbox = Flood::inbox;
    ASSERT_TRUE(flood.node.start(
        settings, [] { return Config{}; }, DiskImage{}));
    EXPECT_TRUE(flood.node.run());
    EXPECT_GE(flood.answered, Flood::inbox);
    EXPECT_LE(flood.answered, 2 * Flood::inbox) << "one turn, and it looked up";
}

constexpr std::string_view slow_replies = "flyball/v1/reply/slow";

// A broker that takes no replies for a while.
class SlowReader : public SimNode::Story {
public:
    void disk_works() override {}
    void awake() override {}
    bool has_room() const override { return room; }
    Publish published(const Message& message) override {
        if (message.topic == slow_replies) {
            order += message.correlation_data;
            const bool refused = message.payload.find("overloaded") != std::string_view::npos;
            ++(refused ? refused_ones : answered);
            without_room += room ? 0 : 1;
        }
        return Publish::accepted;
    }
    void serve(Durability durability) {
        NodeSettings settings;
        settings.root = {"flyball/v1", "sim", "node"};
        settings.state.durability = durability;
        ASSERT_TRUE(node.start(
            settings, [] { return Config{}; }, DiskImage{}));
        EXPECT_TRUE(node.run());
    }

    Log log{LogLevel::error, [](LogLevel, const std::string&) {}};
    SimNode node{*this, log};
    std::size_t sleeps = 0;
    std::size_t answered = 0;
    std::size_t refused_ones = 0;
    std::size_t without_room = 0;
    std::string order;  // of the replies: the letters that were asked with
    bool room = true;

protected:
    void ask(std::string_view payload = R"({"tenant":"acme"})", std::string_view letter = {}) {
        Message message;
        message.topic = "flyball/v1/sim/node/quota/main/request";
        message.payload = payload;
        message.response_topic = slow_replies;
        message.has_response_topic = true;
        message.correlation_data = letter;
        node.deliver(message);
    }
};

// As the node's thread sleeps for the first, second ... time.
class Scripted final : public SlowReader {
public:
    static constexpr std::size_t requests = 10;

    explicit Scripted(std::vector<std::function<void(Scripted&)>> acts) : acts_(std::move(acts)) {}
    std::optional<int> asleep(Span /*timeout*/) override {
        if (sleeps == acts_.size()) {
            return SIGTERM;
        }
        acts_[sleeps++](*this);
        return std::nullopt;
    }
    void ask_one(std::string_view letter) { ask(R"({"tenant":"acme"})", letter); }
    void ask_all() {
        node.set_link(true);
        for (std::size_t i = 0; i < requests; ++i) {
            ask();
        }
    }
    void has_room_again() {
        room = true;
        node.tell_of_room();
    }

private:
    std::vector<std::function<void(Scripted&)>> acts_;
};

TEST(NodeWhoseRepliesNobodyTakes, DecidesNothingMoreUntilThereIsRoom) {
    for (const Durability durability : {Durability::interval, Durability::commit}) {
        Scripted story({[](Scripted& now) {
                            now.room = false;
                            now.ask_all();
                        },
                        [](Scripted& now) { now.node.turn(); },
                        [](Scripted& now) {
                            EXPECT_EQ(now.node.engine().counts().requests, 0U);
                            EXPECT_EQ(now.answered, 0U);
                            now.has_room_again();
                        },
                        [](Scripted& now) { now.node.turn(); },
                        [](Scripted& now) { EXPECT_EQ(now.answered, Scripted::requests); }});
        story.serve(durability);
        EXPECT_EQ(story.answered, Scripted::requests);
        EXPECT_EQ(story.refused_ones, 0U);
    }
}

// The disk has them before there is room.
TEST(NodeWhoseRepliesNobodyTakes, HoldsBackThoseThatAreDecidedUntilThereIsRoom) {
    Scripted story({[](Scripted& now) {
                        now.ask_all();
                        EXPECT_EQ(now.node.engine().counts().requests, Scripted::requests);
                        now.room = false;
                        now.node.turn();
                    },
                    [](Scripted&) {},
                    [](Scripted& now) {
                        EXPECT_EQ(now.answered, 0U);
                        now.has_room_again();
                    },
                    [](Scripted& now) { EXPECT_EQ(now.answered, Scripted::requests); }});
    story.serve(Durability::commit);
    EXPECT_EQ(story.answered, Scripted::requests);
}

// A refusal, which nothing on the disk has to precede, does not overtake what is there already.
TEST(NodeWithCommit, AnswersInOrderBesideADiskThatFails) {
    Scripted story({[](Scripted& now) {
        now.node.set_link(true);
        now.ask_one("a");
        now.node.turn();
        now.node.disk().fail({.call = DiskCall::write, .from_then_on = true});
        now.ask_one("c");
        now.node.turn();
        now.ask_one("b");
    }});
    story.serve(Durability::commit);
    EXPECT_EQ(story.order, "ab");
    EXPECT_EQ(story.refused_ones, 1U);
}

// A batch whose replies have a quarter of a megabyte; it is decided in a turn.
std::string batch() {
    std::string text = "[";
    for (int i = 0; i < 1024; ++i) {
        text += i == 0 ? R"({"tenant":"acme"})" : R"(,{"tenant":"acme"})";
    }
    return text + "]";
}

// Is told to stop while a full inbox waits, over a broker that takes one reply every so often.
class Drained final : public SlowReader {
public:
    static constexpr std::size_t batches = 40;

    explicit Drained(Span each) : each_(each) {}
    std::optional<int> asleep(Span /*timeout*/) override {
        node.set_link(true);
        room = each_ == Span{0};
        const std::string payload = batch();
        for (std::size_t i = 0; i < batches; ++i) {
            ask(payload);
        }
        return SIGTERM;
    }
    Publish published(const Message& message) override {
        const Publish taken = SlowReader::published(message);
        room = each_ == Span{0};
        under_way_ += each_.count() * 1000;
        return taken;
    }
    bool flush(Span timeout) override {
        const std::int64_t passes_us = std::min(timeout.count() * 1000, under_way_);
        node.pass(passes_us);
        under_way_ -= passes_us;
        room = under_way_ == 0;
        return room;
    }

private:
    Span each_;
    std::int64_t under_way_ = each_.count() * 1000;
};

TEST(NodeThatDrains, DecidesWhatHasArrivedHoweverOftenTheDiskHasToHaveItsTurn) {
    Drained story(Span{0});
    story.serve(Durability::commit);
    EXPECT_EQ(story.answered, Drained::batches);
    EXPECT_EQ(story.refused_ones, 0U);
}

TEST(NodeThatDrains, DecidesWhatHasArrivedAsTheBrokerTakesTheReplies) {
    for (const Durability durability : {Durability::interval, Durability::commit}) {
        Drained story(Span{100});
        story.serve(durability);
        EXPECT_EQ(story.without_room, 0U) << "of batches that were decided inside one another";
        EXPECT_EQ(story.answered, Drained::batches);
        EXPECT_EQ(story.refused_ones, 0U);
    }
}

// Over a broker that goes on sending after UNSUBSCRIBE, so many times, and then has confirmed it.
class Trailing final : public SlowReader {
public:
    explicit Trailing(std::size_t more) : more_(more) {}
    std::optional<int> asleep(Span /*timeout*/) override {
        node.set_link(true);
        ask();
        return SIGTERM;
    }
    bool unsubscribed(Span timeout) override {
        node.pass(timeout.count() * 1000);
        if (asked == more_) {
            return true;
        }
        ++asked;
        ask();
        return false;
    }
    std::size_t asked = 0;

private:
    std::size_t more_;
};

TEST(NodeThatDrains, DecidesWhatArrivesUntilTheBrokerHasConfirmed) {
    for (const Durability durability : {Durability::interval, Durability::commit}) {
        Trailing story(20);
        story.serve(durability);
        EXPECT_EQ(story.asked, 20U);
        EXPECT_EQ(story.answered, 21U);
        EXPECT_EQ(story.refused_ones, 0U);
    }
}

TEST(NodeThatDrains, WaitsASecondForABrokerThatConfirmsNothing) {
    Trailing story(1'000'000);
    const std::int64_t began_us = story.node.monotonic_us;
    story.serve(Durability::interval);
    EXPECT_GE(story.node.monotonic_us - began_us, 1'000'000);
    EXPECT_LE(story.node.monotonic_us - began_us, 2'000'000);
    EXPECT_EQ(story.answered, story.asked + 1);
}

// Sends another request when the node, done with all, lets its replies leave.
class TooLate final : public SlowReader {
public:
    std::optional<int> asleep(Span /*timeout*/) override {
        node.set_link(true);
        return SIGTERM;
    }
    bool flush(Span /*timeout*/) override {
        if (!asked_) {
            asked_ = true;
            ask(R"({"tenant":"acme"})" + std::string(10'000, ' '));  // goes by the inbox
        }
        return true;
    }

private:
    bool asked_ = false;
};

TEST(NodeThatDrains, RefusesWhatArrivesAfterItsLastLook) {
    TooLate story;
    story.serve(Durability::interval);
    EXPECT_EQ(story.refused_ones, 1U);
    EXPECT_EQ(story.answered, 0U);
}

TEST(NodeThatDrains, EndsInTimeWhateverWaits) {
    for (const Durability durability : {Durability::interval, Durability::commit}) {
        Drained story(Span{1'000});
        const std::int64_t began_us = story.node.monotonic_us;
        story.serve(durability);
        EXPECT_LE(story.node.monotonic_us - began_us, 7'000'000);
        EXPECT_GE(story.answered, 4U);
        EXPECT_EQ(story.answered + story.refused_ones, Drained::batches);
    }
}

}  // namespace
}  // namespace flyball::sim
