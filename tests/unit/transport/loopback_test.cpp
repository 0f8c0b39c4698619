// What the loopback adds to the transports' contract: faults on demand, MQTT 3.1.1, determinism.

#include "transport/loopback.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

class Sink : public Receiver {
public:
    void on_message(const Message& message) noexcept override {
        got.emplace_back(message.payload);
        retained.push_back(message.retain);
        correlation = message.correlation_data;
    }
    void on_link(LinkState state, std::string_view) noexcept override { links.push_back(state); }
    std::optional<Will> will() noexcept override { return last_will; }

    std::vector<std::string> got;
    std::vector<bool> retained;
    std::string correlation;
    std::vector<LinkState> links;
    std::optional<Will> last_will;
};

Message message_to(std::string_view topic, std::string_view payload, bool retain = false) {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.retain = retain;
    return message;
}

TEST(Loopback, DoesNothingBeforeDeliver) {
    LoopbackBroker broker;
    Sink sink;
    const auto endpoint = broker.make_endpoint({.client_id = "a", .filters = {"t"}});
    endpoint->start(sink);
    EXPECT_EQ(endpoint->link(), LinkState::connecting);
    broker.deliver();
    EXPECT_EQ(endpoint->link(), LinkState::up);
    broker.publish(message_to("t", "one"));
    EXPECT_TRUE(sink.got.empty());
    EXPECT_EQ(broker.deliver(), 1U);
    EXPECT_EQ(sink.got, std::vector<std::string>{"one"});
}

TEST(Loopback, PublishesTheWillOfAConnectionThatIsCutAndKeepsItRetained) {
    LoopbackBroker broker;
    Sink sink;
    sink.last_will = Receiver::Will{.topic = "health", .payload = "offline"};
    const auto endpoint = broker.make_endpoint({.client_id = "a", .filters = {"t"}});
    endpoint->start(sink);
    broker.deliver();
    EXPECT_EQ(broker.retained("health"), std::nullopt);
    broker.cut("a");
    EXPECT_EQ(broker.retained("health"), "offline");
    broker.deliver();
    EXPECT_EQ(sink.links.back(), LinkState::up);
    endpoint->publish(message_to("health", "online", true));
    EXPECT_EQ(broker.retained("health"), "online");
    endpoint->publish(message_to("health", "", true));
    EXPECT_EQ(broker.retained("health"), std::nullopt);
}

TEST(Loopback, ReplaysRetainedMessagesAndHidesPropertiesAt311) {
    LoopbackBroker broker;
    Sink sink;
    broker.publish(message_to("t", "kept", true));
    broker.deliver();
    const auto endpoint = broker.make_endpoint({.client_id = "a", .filters = {"t"}, .version = 4});
    endpoint->start(sink);
    broker.deliver();
    Message live = message_to("t", "live", true);
    live.correlation_data = "c";
    broker.publish(live);
    broker.deliver();
    EXPECT_EQ(sink.got, (std::vector<std::string>{"kept", "live"}));
    EXPECT_EQ(sink.retained, (std::vector<bool>{true, false}));
    EXPECT_EQ(sink.correlation, "");
    EXPECT_EQ(endpoint->protocol_version(), 4);
}

TEST(Loopback, IsFullAtItsBound) {
    LoopbackBroker broker;
    Sink sink;
    const auto endpoint =
        broker.make_endpoint({.client_id = "a", .filters = {}, .outbound_max = 2});
    endpoint->start(sink);
    broker.deliver();
    EXPECT_EQ(endpoint->publish(message_to("t", "1")), Publish::accepted);
    EXPECT_EQ(endpoint->publish(message_to("t", "2")), Publish::accepted);
    EXPECT_EQ(endpoint->publish(message_to("t", "3")), Publish::full);
    EXPECT_TRUE(endpoint->flush(Span{0}));
    EXPECT_EQ(endpoint->publish(message_to("t", "4")), Publish::accepted);
}

TEST(Loopback, EndsAConversationThatNeverWould) {
    class Echo : public Sink {
    public:
        void on_message(const Message& message) noexcept override {
            endpoint->publish(message_to("t", message.payload));
        }
        Transport* endpoint = nullptr;
    };
    LoopbackBroker broker;
    Echo echo;
    const auto endpoint = broker.make_endpoint({.client_id = "a", .filters = {"t"}});
    echo.endpoint = endpoint.get();
    endpoint->start(echo);
    broker.deliver();
    broker.publish(message_to("t", "ping"));
    EXPECT_EQ(broker.deliver(100), 100U);
}

}  // namespace
}  // namespace flyball
