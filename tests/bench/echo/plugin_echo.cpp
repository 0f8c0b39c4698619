// The ceiling inside a broker: a Mosquitto plugin that sends a request back from the broker's own
// thread, as it came, and decides nothing. A node inside the broker cannot be faster.
//
//   plugin bench_plugin_echo.so
//   plugin_opt_topic TOPIC

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr int interface_version = 5;  // of Mosquitto 2.0

// Of the broker's thread alone.
std::string& asked_topic() {
    static std::string topic;
    return topic;
}

int echo(int, void* data, void*) {
    const auto& request = *static_cast<const mosquitto_evt_message*>(data);
    if (asked_topic() != request.topic) {
        return MOSQ_ERR_SUCCESS;
    }
    char* response_topic = nullptr;
    void* correlation = nullptr;
    std::uint16_t correlation_size = 0;
    mosquitto_property* properties = nullptr;
    if (mosquitto_property_read_string(request.properties, MQTT_PROP_RESPONSE_TOPIC,
                                       &response_topic, false) != nullptr) {
        if (mosquitto_property_read_binary(request.properties, MQTT_PROP_CORRELATION_DATA,
                                           &correlation, &correlation_size, false) != nullptr) {
            mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA, correlation,
                                          correlation_size);
        }
        void* const reply = mosquitto_malloc(request.payloadlen);
        std::memcpy(reply, request.payload, request.payloadlen);
        mosquitto_broker_publish(nullptr, response_topic, static_cast<int>(request.payloadlen),
                                 reply, request.qos, false, properties);
    }
    std::free(response_topic);
    std::free(correlation);
    return MOSQ_ERR_SUCCESS;
}

}  // namespace

extern "C" {

int mosquitto_plugin_version(int count, const int* versions) {
    for (int at = 0; at < count; ++at) {
        if (versions[at] == interface_version) {
            return interface_version;
        }
    }
    return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t* plugin, void**, mosquitto_opt* options,
                          int option_count) {
    for (int at = 0; at < option_count; ++at) {
        if (std::string_view(options[at].key) == "topic") {
            asked_topic() = options[at].value;
        }
    }
    return mosquitto_callback_register(plugin, MOSQ_EVT_MESSAGE, &echo, nullptr, nullptr);
}

int mosquitto_plugin_cleanup(void*, mosquitto_opt*, int) {
    return MOSQ_ERR_SUCCESS;
}

}  // extern "C"
