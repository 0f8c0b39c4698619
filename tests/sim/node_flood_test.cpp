// Requests that come faster than they are decided: the node's thread has other duties, and does
// them in between. Whoever waits for a reply asks again at once, so that the inbox is never empty.

#include <gtest/gtest.h>

#include <csignal>

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

// A broker that takes no replies for a while.
class SlowReader final : public SimNode::Story {
public:
    static constexpr std::size_t requests = 10;

    std::optional<int> asleep(Span /*timeout*/) override {
        ++sleeps;
        if (sleeps == 1) {
            node.set_link(true);
            for (std::size_t i = 0; i < requests; ++i) {
                ask();
            }
        } else if (sleeps == 3) {
            answered_without_room = answered;
            room = true;
            node.tell_of_room();
        } else if (sleeps == 5) {
            return SIGTERM;
        }
        return std::nullopt;
    }
    void disk_works() override {}
    void awake() override {}
    bool has_room() const override { return room; }
    Publish published(const Message& message) override {
        if (message.topic == replies) {
            ++answered;
        }
        return Publish::accepted;
    }

    Log log{LogLevel::error, [](LogLevel, const std::string&) {}};
    SimNode node{*this, log};
    std::size_t sleeps = 0;
    std::size_t answered = 0;
    std::size_t answered_without_room = 0;
    bool room = false;

private:
    static constexpr std::string_view replies = "flyball/v1/reply/slow";
    void ask() {
        Message message;
        message.topic = "flyball/v1/sim/node/quota/main/request";
        message.payload = R"({"tenant":"acme"})";
        message.response_topic = replies;
        message.has_response_topic = true;
        node.deliver(message);
    }
};

void expect_held_back(Durability durability) {
    SlowReader story;
    NodeSettings settings;
    settings.root = {"flyball/v1", "sim", "node"};
    settings.state.durability = durability;
    ASSERT_TRUE(story.node.start(
        settings, [] { return Config{}; }, DiskImage{}));
    EXPECT_TRUE(story.node.run());
    EXPECT_EQ(story.answered_without_room, 0U);
    EXPECT_EQ(story.answered, SlowReader::requests);
}

TEST(NodeWhoseRepliesNobodyTakes, DecidesNothingMoreUntilThereIsRoom) {
    expect_held_back(Durability::interval);
    expect_held_back(Durability::commit);
}

}  // namespace
}  // namespace flyball::sim
