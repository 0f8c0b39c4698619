// What holds for every transport: one suite over Paho with a real Mosquitto, over the loopback
// and over the transport inside a broker.

#include <gtest/gtest.h>

#include "tests/contract/places.h"

namespace flyball::testing {
namespace {

template <typename Place>
class TransportContract : public ::testing::Test {
protected:
    bool bring_up(Transport& transport, Recorder& recorder) {
        transport.start(recorder);
        return place.wait([&] { return transport.link() == LinkState::up; });
    }

    Place place;
};

using Places = ::testing::Types<PahoPlace, LoopbackPlace, MosquittoPlace>;
TYPED_TEST_SUITE(TransportContract, Places);

TYPED_TEST(TransportContract, CarriesPayloadAndTopicBetweenTwoEndpoints) {
    Recorder asked;
    Recorder asking;
    const auto server = this->place.make({.client_id = "server", .filters = {"a/+/c"}});
    const auto client = this->place.make({.client_id = "client"});
    ASSERT_TRUE(this->bring_up(*server, asked));
    ASSERT_TRUE(this->bring_up(*client, asking));
    const std::string binary("\0\x01\xff payload", 11);
    ASSERT_EQ(client->publish(message_to("a/b/c", binary)), Publish::accepted);
    ASSERT_EQ(client->publish(message_to("a/b/d", "not for you")), Publish::accepted);
    ASSERT_EQ(client->publish(message_to("a/b/c", "", Qos::at_least_once)), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return asked.count() == 2; }));
    const auto got = asked.messages();
    EXPECT_EQ(got[0].topic, "a/b/c");
    EXPECT_EQ(got[0].payload, binary);
    EXPECT_EQ(got[0].qos, Qos::at_most_once);
    EXPECT_FALSE(got[0].response_topic.has_value());
    EXPECT_FALSE(got[0].expiry_s.has_value());
    EXPECT_EQ(got[1].payload, "");
    EXPECT_EQ(got[1].qos, Qos::at_least_once);
    EXPECT_EQ(server->counts().received, 2U);
    EXPECT_EQ(client->counts().published, 3U);
}

TYPED_TEST(TransportContract, CarriesEveryPropertyBothWays) {
    Recorder asked;
    Recorder asking;
    const auto server = this->place.make({.client_id = "server", .filters = {"request"}});
    const auto client = this->place.make({.client_id = "client"});
    ASSERT_TRUE(this->bring_up(*server, asked));
    ASSERT_TRUE(this->bring_up(*client, asking));
    Message request = message_to("request", "{}");
    request.response_topic = "x/reply/me";
    request.has_response_topic = true;
    request.correlation_data = std::string_view("\0\xfe\x01", 3);
    request.content_type = "application/json";
    request.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.tracestate = "vendor=value";
    request.expiry_s = 30;
    request.utf8_payload = true;
    ASSERT_EQ(client->publish(request), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return asked.count() == 1; }));
    const Received got = asked.messages()[0];
    EXPECT_EQ(got.response_topic, "x/reply/me");
    EXPECT_EQ(got.correlation_data, std::string("\0\xfe\x01", 3));
    EXPECT_EQ(got.content_type, "application/json");
    EXPECT_EQ(got.traceparent, request.traceparent);
    EXPECT_EQ(got.tracestate, request.tracestate);
    EXPECT_EQ(got.expiry_s.has_value(), TypeParam::tells_expiry);
    EXPECT_LE(got.expiry_s.value_or(0), 30U);
    EXPECT_TRUE(got.utf8_payload);
    EXPECT_EQ(server->protocol_version(), 5);
}

TYPED_TEST(TransportContract, AnswersFromInsideOnMessage) {
    Recorder asked;
    Recorder asking;
    const auto server = this->place.make({.client_id = "server", .filters = {"request"}});
    const auto client = this->place.make({.client_id = "client", .filters = {"reply"}});
    asked.answer = [&](const Message& request) {
        server->publish(message_to("reply", request.payload, request.qos));
    };
    ASSERT_TRUE(this->bring_up(*server, asked));
    ASSERT_TRUE(this->bring_up(*client, asking));
    for (int i = 0; i < 600; ++i) {
        const Qos qos = i % 2 == 0 ? Qos::at_most_once : Qos::at_least_once;
        ASSERT_EQ(client->publish(message_to("request", std::to_string(i), qos)),
                  Publish::accepted);
    }
    ASSERT_TRUE(this->place.wait([&] { return asking.count() == 600; }));
    const auto got = asking.messages();
    for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i].payload, std::to_string(i));
    }
}

TYPED_TEST(TransportContract, GetsNoRetainedMessageButSeesTheFlagOfALiveOne) {
    Recorder early;
    Recorder late;
    const auto publisher = this->place.make({.client_id = "publisher", .filters = {"kept"}});
    ASSERT_TRUE(this->bring_up(*publisher, early));
    Message kept = message_to("kept", "old");
    kept.retain = true;
    ASSERT_EQ(publisher->publish(kept), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return early.count() == 1; }));
    EXPECT_TRUE(early.messages()[0].retain);
    const auto subscriber = this->place.make({.client_id = "subscriber", .filters = {"kept", "x"}});
    ASSERT_TRUE(this->bring_up(*subscriber, late));
    ASSERT_EQ(publisher->publish(message_to("kept", "new")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return late.count() == 1; }));
    EXPECT_EQ(late.messages()[0].payload, "new");
    EXPECT_FALSE(late.messages()[0].retain);
}

TYPED_TEST(TransportContract, DropsWhatIsPublishedWithoutAConnection) {
    if (!TypeParam::has_sessions) {
        GTEST_SKIP() << "no connection to lose";
    }
    Recorder recorder;
    const auto endpoint = this->place.make({.client_id = "one", .filters = {"t"}});
    EXPECT_EQ(endpoint->publish(message_to("t", "before start")), Publish::not_connected);
    EXPECT_EQ(endpoint->protocol_version(), 0);
    ASSERT_TRUE(this->bring_up(*endpoint, recorder));
    this->place.broker_down();
    ASSERT_TRUE(this->place.wait([&] { return endpoint->link() != LinkState::up; }));
    EXPECT_EQ(endpoint->publish(message_to("t", "while away")), Publish::not_connected);
    this->place.broker_up();
    ASSERT_TRUE(this->place.wait([&] { return endpoint->link() == LinkState::up; }));
    ASSERT_EQ(endpoint->publish(message_to("t", "back")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return recorder.count() == 1; }));
    EXPECT_EQ(recorder.messages()[0].payload, "back");
    EXPECT_EQ(endpoint->counts().connects, 2U);
}

TYPED_TEST(TransportContract, AsksForTheWillBeforeEveryConnect) {
    if (!TypeParam::has_sessions) {
        GTEST_SKIP() << "no connection to lose";
    }
    Recorder recorder;
    const auto endpoint = this->place.make({.client_id = "one", .filters = {"t"}});
    ASSERT_TRUE(this->bring_up(*endpoint, recorder));
    EXPECT_EQ(recorder.wills_asked(), 1U);
    this->place.broker_down();
    ASSERT_TRUE(this->place.wait([&] { return endpoint->link() != LinkState::up; }));
    this->place.broker_up();
    ASSERT_TRUE(this->place.wait([&] { return endpoint->link() == LinkState::up; }));
    EXPECT_GE(recorder.wills_asked(), 2U);
}

TYPED_TEST(TransportContract, LeavesNoWillBehindWhenStopped) {
    Recorder watching;
    Recorder leaving;
    const auto watcher = this->place.make({.client_id = "watcher", .filters = {"will"}});
    ASSERT_TRUE(this->bring_up(*watcher, watching));
    leaving.last_will = Receiver::Will{.topic = "will", .payload = "gone"};
    const auto endpoint = this->place.make({.client_id = "leaver"});
    ASSERT_TRUE(this->bring_up(*endpoint, leaving));
    ASSERT_EQ(endpoint->publish(message_to("will", "good bye", Qos::at_least_once)),
              Publish::accepted);
    EXPECT_TRUE(endpoint->flush(Span{5000}));
    endpoint->stop();
    EXPECT_EQ(endpoint->link(), LinkState::down);
    ASSERT_EQ(watcher->publish(message_to("will", "marker")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return watching.count() >= 2; }));
    EXPECT_EQ(watching.messages()[0].payload, "good bye");
    EXPECT_EQ(watching.messages()[1].payload, "marker");
    EXPECT_EQ(endpoint->publish(message_to("will", "late")), Publish::not_connected);
}

TYPED_TEST(TransportContract, GetsNothingAnyMoreAfterUnsubscribe) {
    Recorder recorder;
    Recorder other;
    const auto endpoint = this->place.make({.client_id = "one", .filters = {"t", "u"}});
    const auto client = this->place.make({.client_id = "two", .filters = {"marker"}});
    ASSERT_TRUE(this->bring_up(*endpoint, recorder));
    ASSERT_TRUE(this->bring_up(*client, other));
    ASSERT_EQ(client->publish(message_to("t", "one")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return recorder.count() == 1; }));
    endpoint->unsubscribe();
    // Behind the UNSUBSCRIBE on the same connection: when it is back, that was handled.
    ASSERT_EQ(endpoint->publish(message_to("marker", "")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return other.count() == 1; }));
    ASSERT_EQ(client->publish(message_to("t", "two")), Publish::accepted);
    ASSERT_EQ(client->publish(message_to("marker", "")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return other.count() == 2; }));
    EXPECT_EQ(recorder.count(), 1U);
    EXPECT_EQ(endpoint->link(), LinkState::up);
}

TYPED_TEST(TransportContract, HasGotAllOnceTheBrokerKnowsOfTheUnsubscription) {
    Recorder recorder;
    Recorder other;
    const auto endpoint = this->place.make({.client_id = "one", .filters = {"t"}});
    const auto client = this->place.make({.client_id = "two", .filters = {"marker"}});
    ASSERT_TRUE(this->bring_up(*endpoint, recorder));
    ASSERT_TRUE(this->bring_up(*client, other));
    for (int i = 0; i < 500; ++i) {
        ASSERT_EQ(client->publish(message_to("t", "x")), Publish::accepted);
    }
    endpoint->unsubscribe();
    ASSERT_TRUE(this->place.wait([&] { return endpoint->await_unsubscribed(Span{10}); }));
    const std::size_t arrived = recorder.count();
    ASSERT_EQ(client->publish(message_to("marker", "")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return other.count() == 1; }));
    // Behind whatever the broker has still to send to us.
    ASSERT_EQ(endpoint->publish(message_to("marker", "")), Publish::accepted);
    ASSERT_TRUE(this->place.wait([&] { return other.count() == 2; }));
    EXPECT_EQ(recorder.count(), arrived);
}

TYPED_TEST(TransportContract, GetsOneCopyHoweverManyOfItsFiltersMatch) {
    Recorder recorder;
    Recorder other;
    const auto endpoint =
        this->place.make({.client_id = "one", .filters = {"a/+", "b/x", "+/b", "a/b/#"}});
    const auto client = this->place.make({.client_id = "two"});
    ASSERT_TRUE(this->bring_up(*endpoint, recorder));
    ASSERT_TRUE(this->bring_up(*client, other));
    for (const char* topic : {"a/b", "b/b", "a/b/c", "a/c", "b/x"}) {
        ASSERT_EQ(client->publish(message_to(topic, topic)), Publish::accepted);
    }
    // The last one's arrival means that any second copy of the others has arrived too.
    ASSERT_TRUE(this->place.wait([&] {
        const auto got = recorder.messages();
        return !got.empty() && got.back().topic == "b/x";
    }));
    std::vector<std::string> topics;
    for (const Received& got : recorder.messages()) {
        topics.push_back(got.topic);
    }
    EXPECT_EQ(topics, (std::vector<std::string>{"a/b", "b/b", "a/b/c", "a/c", "b/x"}));
    EXPECT_EQ(endpoint->counts().received, 5U);
}

TYPED_TEST(TransportContract, LosesItsSessionToAnotherOfTheSameName) {
    if (!TypeParam::has_sessions) {
        GTEST_SKIP() << "no connection to lose";
    }
    Recorder first;
    Recorder second;
    const auto old_one = this->place.make({.client_id = "twin", .filters = {"t"}});
    ASSERT_TRUE(this->bring_up(*old_one, first));
    old_one->name_disputed();  // Mosquitto 2.0.11 closes the old connection without a reason
    const auto new_one = this->place.make({.client_id = "twin", .filters = {"t"}});
    ASSERT_TRUE(this->bring_up(*new_one, second));
    ASSERT_TRUE(this->place.wait([&] { return old_one->link() == LinkState::name_taken; }))
        << first.last_why();
    EXPECT_EQ(first.times(LinkState::name_taken), 1U);
    EXPECT_EQ(new_one->link(), LinkState::up);
}

TYPED_TEST(TransportContract, TellsTheReceiverEachStateOfTheLink) {
    Recorder recorder;
    const auto endpoint = this->place.make({.client_id = "one", .filters = {"t"}});
    ASSERT_TRUE(this->bring_up(*endpoint, recorder));
    endpoint->stop();
    const auto links = recorder.links();
    ASSERT_EQ(links.size(), 3U);
    EXPECT_EQ(links[0].first, LinkState::connecting);
    EXPECT_EQ(links[1].first, LinkState::up);
    EXPECT_EQ(links[2].first, LinkState::down);
}

TEST(MosquittoTransport, TakesBackWhatTheBrokerRefuses) {
    MosquittoPlace place;
    Recorder receiver;
    const auto transport = place.make({.client_id = "node"});
    transport->start(receiver);
    Message message = message_to("reply", "{}");
    message.correlation_data = "1";
    PluginHost::refuse(true);
    EXPECT_EQ(transport->publish(message), Publish::failed);
    PluginHost::refuse(false);
    EXPECT_EQ(transport->publish(message), Publish::accepted);
    EXPECT_EQ(transport->counts().publish_failed, 1U);
    EXPECT_EQ(transport->counts().published, 1U);
    transport->stop();
}

}  // namespace
}  // namespace flyball::testing
