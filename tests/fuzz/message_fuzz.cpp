// Any bytes as a message that a broker brings, by way of the transport inside one: topic, Response
// Topic, Correlation Data, flags and payload. Lines: the topic below the root; the Response Topic
// ("-": none); one byte of flags and the Correlation Data, which is also what the other properties
// say; the rest is the payload. Whatever it is, the node sends one message at most, where it may,
// of a bounded size, and an error changes nothing.

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mqtt_protocol.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/engine.h"
#include "schemas/expects.h"
#include "tests/idle_node.h"
#include "tests/sim/state_hash.h"
#include "tests/sim/traffic.h"
#include "transport/mosquitto.h"

namespace {

using namespace flyball;

constexpr std::string_view root_text = "flyball/v1/eu-west/pi-7/";

struct Sent {
    std::string topic;
    std::string payload;
};

// How a node may stand to what it is asked.
enum class Mood : std::uint8_t {
    open,    // allows everything
    strict,  // allows as little as it can be configured to
    full,    // as strict, and its disk takes nothing more
    failed,  // as strict, and its disk has lost what it has told
};
constexpr std::size_t moods = 4;

// An engine behind the transport, as the node in a broker is, without clock and disk.
class Listener final : public Receiver, private EngineHost, private ChangeSink {
public:
    explicit Listener(Mood mood)
        : mood_(mood), engine_(options()), control_(engine_, idle_, control_options()) {
        engine_.set_control(&control_);
        for (const auto& [title, config] : sim::governors()) {
            const std::size_t slash = title.find('/');
            expects(engine_.registry()
                        .add(title.substr(0, slash), title.substr(slash + 1), config, now)
                        .has_value());
        }
    }
    void on_message(const Message& message) noexcept override {
        const std::uint64_t before = hash_.of(engine_);
        sent.reset();
        engine_.handle(message, arrival, now, *this);
        const bool refused = sent && sent->payload.size() < 1024 && is_one_error();
        if (refused) {
            expects(hash_.of(engine_) == before, "an error changes nothing");
        }
        as_new = refused || !sent;
        if (sent && message.has_response_topic && sent->topic == message.response_topic) {
            expects(policy_.allows(sent->topic, ""), "a reply leaves for where it may");
        } else if (sent && !sent->topic.starts_with(root_text)) {
            expects(policy_.allows(sent->topic, ""), "a reply_to is where a reply may go");
        }
    }
    void on_link(LinkState, std::string_view) noexcept override {}
    std::optional<Will> will() noexcept override { return std::nullopt; }

    static constexpr Instant now = instant_from_ms(1'767'225'600'000);
    std::optional<Sent> sent;
    bool as_new = true;  // nothing was decided
    Arrival arrival;

private:
    Engine::Options options() {
        Engine::Options options = sim::engine_options();
        options.reply_prefixes = {"*/reply/", "*/response/", "clients/"};
        options.tenant_topics_only = mood_ == Mood::strict;
        options.changes = mood_ == Mood::open ? nullptr : this;
        return options;
    }
    Control::Options control_options() const {
        if (mood_ != Mood::strict) {
            return {.allow_faults = true};
        }
        return {.allow = {"list", "fault"}};
    }
    void note(const Change&) override {}
    void note(const GovernorChange&) override {}
    void end_decision() override {}
    bool accepts() const override { return mood_ == Mood::strict; }
    bool shows() const override { return mood_ != Mood::failed; }
    void send(const Message& message) override {
        expects(!sent, "one reply at most");
        sent = Sent{std::string(message.topic), std::string(message.payload)};
    }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}
    bool is_one_error() const {
        return sent->payload.starts_with('{') &&
               sent->payload.find(R"("decision":"error")") != std::string::npos &&
               sent->payload.find("governor_down") == std::string::npos;
    }

    const Mood mood_;
    testing::IdleNode idle_;
    Engine engine_;
    Control control_;
    ReplyPolicy policy_{sim::engine_options().root, options().reply_prefixes};
    sim::StateHash hash_;
};

std::string take_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
}

// A new one takes longer to make than a message takes: nearly all are refused.
Listener& listener_as_new(Mood mood) {
    static std::array<std::unique_ptr<Listener>, moods> listeners;
    std::unique_ptr<Listener>& listener = listeners[static_cast<std::size_t>(mood)];
    if (listener == nullptr || !listener->as_new) {
        listener = std::make_unique<Listener>(mood);
    }
    listener->sent.reset();
    return *listener;
}

struct Properties {
    ~Properties() { mosquitto_property_free_all(&list); }
    mosquitto_property* list = nullptr;
};

constexpr unsigned retained = 0x10;
constexpr unsigned with_others = 0x20;
constexpr unsigned waited = 0x40;
constexpr unsigned retained_live = 0x80;

// What a client may send besides, and one that says nothing to us.
void add_others(Properties& properties, const char* text) {
    mosquitto_property** list = &properties.list;
    mosquitto_property_add_byte(list, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, text[0] & 1);
    mosquitto_property_add_string(list, MQTT_PROP_CONTENT_TYPE, text);
    for (const char* name : {"traceparent", "tracestate", "other"}) {
        mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY, name, text);
    }
    mosquitto_property_add_varint(list, MQTT_PROP_SUBSCRIPTION_IDENTIFIER, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(data, data + size);
    std::string_view rest = bytes;
    std::string topic = std::string(root_text) + take_line(rest);
    const std::string response_topic = take_line(rest);
    const std::string third = take_line(rest);
    std::string payload(rest);
    const unsigned flags = third.empty() ? 0 : static_cast<unsigned char>(third[0]);
    Properties properties;
    if ((flags & with_others) != 0) {
        add_others(properties, third.c_str());
    }
    if (response_topic != "-") {
        mosquitto_property_add_string(&properties.list, MQTT_PROP_RESPONSE_TOPIC,
                                      response_topic.c_str());
    }
    const std::size_t correlation = third.empty() ? 0 : third.size() - 1;
    if (correlation > 0 && correlation < 0xffff) {
        mosquitto_property_add_binary(&properties.list, MQTT_PROP_CORRELATION_DATA,
                                      third.data() + 1, static_cast<std::uint16_t>(correlation));
    }
    mosquitto_evt_message event{};
    event.topic = topic.data();
    event.payload = payload.data();
    event.payloadlen = static_cast<std::uint32_t>(payload.size());
    event.properties = properties.list;
    event.qos = static_cast<std::uint8_t>((flags & 0xfU) % 3);
    event.retain = (flags & retained) != 0;

    Listener& listener = listener_as_new(static_cast<Mood>((flags & 0xfU) / 3 % moods));
    listener.arrival = {.waited_us = (flags & waited) != 0 ? 5'000'000 : 0,
                        .live_retain = (flags & retained_live) != 0};
    MosquittoTransport transport({std::string(root_text) + "#"});
    transport.start(listener);
    transport.take(event);
    transport.stop();
    if (listener.sent) {
        const std::size_t asked_bytes = std::max(topic_bytes_max, std::strlen(event.topic));
        expects(listener.sent->topic.size() <= asked_bytes + 64);
        Limits entries;  // no more than its bytes
        entries.batch = std::min(entries.batch, event.payloadlen);
        expects(listener.sent->payload.size() <= longest_reply_bytes(entries));
    }
    return 0;
}

// The broker's own, which only a broker has; the engine's host is in its place here.
extern "C" void* mosquitto_malloc(std::size_t size) {
    return std::malloc(size);
}

extern "C" void mosquitto_free(void* bytes) {
    std::free(bytes);
}

extern "C" int mosquitto_broker_publish(const char*, const char*, int, void*, int, bool,
                                        mosquitto_property*) {
    return MOSQ_ERR_NOT_SUPPORTED;
}
