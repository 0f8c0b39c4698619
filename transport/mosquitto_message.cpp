#include "transport/mosquitto_message.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mqtt_protocol.h>

#include <utility>

namespace flyball {

MosquittoMessage::MosquittoMessage(const mosquitto_evt_message& event) {
    view_.topic = event.topic;
    view_.payload = {static_cast<const char*>(event.payload), event.payloadlen};
    // QoS 2 is not ours to offer: it counts as QoS 1.
    view_.qos = event.qos == 0 ? Qos::at_most_once : Qos::at_least_once;
    view_.retain = event.retain;
    for (const mosquitto_property* property = event.properties; property != nullptr;
         property = mosquitto_property_next(property)) {
        read(property);
    }
}

std::string_view MosquittoMessage::keep_text(const mosquitto_property* property, int identifier,
                                             Kept& kept) {
    char* text = nullptr;
    if (mosquitto_property_read_string(property, identifier, &text, false) == nullptr ||
        text == nullptr) {
        return {};
    }
    kept.reset(text);
    return text;
}

void MosquittoMessage::read_user_property(const mosquitto_property* property) {
    char* name_read = nullptr;
    char* value_read = nullptr;
    if (mosquitto_property_read_string_pair(property, MQTT_PROP_USER_PROPERTY, &name_read,
                                            &value_read, false) == nullptr) {
        return;
    }
    const Kept name(name_read);
    Kept value(value_read);
    if (name == nullptr || value == nullptr) {
        return;
    }
    if (std::string_view(name.get()) == "traceparent") {
        view_.traceparent = value.get();
        traceparent_ = std::move(value);
    } else if (std::string_view(name.get()) == "tracestate") {
        view_.tracestate = value.get();
        tracestate_ = std::move(value);
    }
}

void MosquittoMessage::read(const mosquitto_property* property) {
    switch (const int identifier = mosquitto_property_identifier(property)) {
        case MQTT_PROP_RESPONSE_TOPIC:
            view_.response_topic = keep_text(property, identifier, response_topic_);
            view_.has_response_topic = true;
            break;
        case MQTT_PROP_CONTENT_TYPE:
            view_.content_type = keep_text(property, identifier, content_type_);
            break;
        case MQTT_PROP_USER_PROPERTY: read_user_property(property); break;
        case MQTT_PROP_CORRELATION_DATA: {
            void* bytes = nullptr;
            std::uint16_t size = 0;
            if (mosquitto_property_read_binary(property, identifier, &bytes, &size, false) !=
                nullptr) {
                correlation_data_.reset(static_cast<char*>(bytes));
                view_.correlation_data = {correlation_data_.get(), size};
            }
            break;
        }
        case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR: {
            std::uint8_t format = 0;
            mosquitto_property_read_byte(property, identifier, &format, false);
            view_.utf8_payload = format == 1;
            break;
        }
        default:
            break;  // MQTT's numbers, not ours: the other properties say nothing to us. The
                    // Message Expiry Interval Mosquitto takes out before it asks a plugin.
    }
}

mosquitto_property* properties_of(const Message& message, ByteBuffer& text) {
    mosquitto_property* list = nullptr;
    const auto add = [&](int identifier, std::string_view value) {
        if (!value.empty()) {
            mosquitto_property_add_string(&list, identifier, text.c_text(value));
        }
    };
    const auto pair = [&](const char* name, std::string_view value) {
        if (!value.empty()) {
            mosquitto_property_add_string_pair(&list, MQTT_PROP_USER_PROPERTY, name,
                                               text.c_text(value));
        }
    };
    if (message.expiry_s) {
        mosquitto_property_add_int32(&list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, *message.expiry_s);
    }
    add(MQTT_PROP_RESPONSE_TOPIC, message.response_topic);
    if (!message.correlation_data.empty()) {
        mosquitto_property_add_binary(&list, MQTT_PROP_CORRELATION_DATA,
                                      message.correlation_data.data(),
                                      static_cast<std::uint16_t>(message.correlation_data.size()));
    }
    add(MQTT_PROP_CONTENT_TYPE, message.content_type);
    pair("traceparent", message.traceparent);
    pair("tracestate", message.tracestate);
    if (message.utf8_payload) {
        mosquitto_property_add_byte(&list, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1);
    }
    return list;
}

}  // namespace flyball
