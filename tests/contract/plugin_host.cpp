#include "tests/contract/plugin_host.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mqtt_protocol.h>

#include <cstdlib>
#include <deque>
#include <utility>

#include "transport/mosquitto.h"

namespace flyball::testing {

namespace {

struct Published {
    std::string topic;
    std::string payload;
    std::uint8_t qos;
    bool retain;
    mosquitto_property* properties;
};
std::deque<Published> waiting;
bool refusing = false;

// The transport puts it first.
const mosquitto_property* without_expiry(const mosquitto_property* properties) {
    const bool expires = properties != nullptr && mosquitto_property_identifier(properties) ==
                                                      MQTT_PROP_MESSAGE_EXPIRY_INTERVAL;
    return expires ? mosquitto_property_next(properties) : properties;
}

}  // namespace

class HostedTransport final : public MosquittoTransport {
public:
    HostedTransport(PluginHost& host, std::vector<std::string> filters)
        : MosquittoTransport(std::move(filters)), host_(host) {
        host_.endpoints_.push_back(this);
    }
    ~HostedTransport() override { std::erase(host_.endpoints_, this); }

private:
    PluginHost& host_;
};

PluginHost::PluginHost() = default;

PluginHost::~PluginHost() {
    deliver();
}

std::unique_ptr<Transport> PluginHost::make_endpoint(std::vector<std::string> filters) {
    return std::make_unique<HostedTransport>(*this, std::move(filters));
}

void PluginHost::deliver() {
    while (!waiting.empty()) {
        Published next = std::move(waiting.front());
        waiting.pop_front();
        mosquitto_evt_message event{};
        event.topic = next.topic.data();
        event.payload = next.payload.data();
        event.payloadlen = static_cast<std::uint32_t>(next.payload.size());
        event.properties = const_cast<mosquitto_property*>(without_expiry(next.properties));
        event.qos = next.qos;
        event.retain = next.retain;
        for (HostedTransport* const endpoint : endpoints_) {
            endpoint->take(event);
        }
        mosquitto_property_free_all(&next.properties);
    }
}

void PluginHost::refuse(bool refuses) {
    refusing = refuses;
}

}  // namespace flyball::testing

// The broker's own, which only a broker has.
extern "C" void* mosquitto_malloc(std::size_t size) {
    return std::malloc(size);
}

extern "C" void mosquitto_free(void* bytes) {
    std::free(bytes);
}

extern "C" int mosquitto_broker_publish(const char*, const char* topic, int size, void* payload,
                                        int qos, bool retain, mosquitto_property* properties) {
    if (flyball::testing::refusing) {
        return MOSQ_ERR_NOMEM;
    }
    flyball::testing::waiting.push_back(
        {.topic = topic,
         .payload = {static_cast<const char*>(payload), static_cast<std::size_t>(size)},
         .qos = static_cast<std::uint8_t>(qos),
         .retain = retain,
         .properties = properties});
    mosquitto_free(payload);
    return MOSQ_ERR_SUCCESS;
}
