#include "transport/paho_message.h"

#include <span>
#include <string_view>

namespace flyball {
namespace {

std::string_view view(const MQTTLenString& text) {
    return text.data == nullptr ? std::string_view{}
                                : std::string_view{text.data, static_cast<std::size_t>(text.len)};
}

MQTTLenString text_of(std::string_view text) {
    // MQTTProperties_add copies; the C interface just lacks the const.
    return MQTTLenString{static_cast<int>(text.size()), const_cast<char*>(text.data())};
}

void read_user_property(Message& out, std::string_view name, std::string_view value) {
    if (name == "traceparent") {
        out.traceparent = value;
    } else if (name == "tracestate") {
        out.tracestate = value;
    }
}

void read_property(Message& out, const MQTTProperty& property) {
    switch (static_cast<int>(property.identifier)) {
        case MQTTPROPERTY_CODE_RESPONSE_TOPIC:
            out.response_topic = view(property.value.data);
            out.has_response_topic = true;
            break;
        case MQTTPROPERTY_CODE_CORRELATION_DATA:
            out.correlation_data = view(property.value.data);
            break;
        case MQTTPROPERTY_CODE_CONTENT_TYPE: out.content_type = view(property.value.data); break;
        case MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL:
            out.expiry_s = property.value.integer4;
            break;
        case MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR:
            out.utf8_payload = property.value.byte == 1;
            break;
        case MQTTPROPERTY_CODE_USER_PROPERTY:
            read_user_property(out, view(property.value.data), view(property.value.value));
            break;
        default: break;  // Paho's enumeration, not ours: the other properties say nothing to us
    }
}

class PropertyWriter {
public:
    explicit PropertyWriter(mqtt::properties& properties)
        // Filled in place: mqtt::property would copy each value once more on its way.
        : properties_(const_cast<MQTTProperties&>(properties.c_struct())) {}

    void text(MQTTPropertyCodes code, std::string_view value) {
        if (!value.empty()) {
            present(code, value);
        }
    }
    void present(MQTTPropertyCodes code, std::string_view value) {
        MQTTProperty property{};
        property.identifier = code;
        property.value.data = text_of(value);
        MQTTProperties_add(&properties_, &property);
    }
    void pair(std::string_view name, std::string_view value) {
        if (value.empty()) {
            return;
        }
        MQTTProperty property{};
        property.identifier = MQTTPROPERTY_CODE_USER_PROPERTY;
        property.value.data = text_of(name);
        property.value.value = text_of(value);
        MQTTProperties_add(&properties_, &property);
    }
    void number(MQTTPropertyCodes code, std::uint32_t value) {
        MQTTProperty property{};
        property.identifier = code;
        property.value.integer4 = value;
        MQTTProperties_add(&properties_, &property);
    }
    void octet(MQTTPropertyCodes code, unsigned char value) {
        MQTTProperty property{};
        property.identifier = code;
        property.value.byte = value;
        MQTTProperties_add(&properties_, &property);
    }

private:
    MQTTProperties& properties_;
};

mqtt::properties properties_of(const Message& message) {
    mqtt::properties properties;
    PropertyWriter write(properties);
    if (message.has_response_topic) {
        write.present(MQTTPROPERTY_CODE_RESPONSE_TOPIC, message.response_topic);
    }
    write.text(MQTTPROPERTY_CODE_CORRELATION_DATA, message.correlation_data);
    write.text(MQTTPROPERTY_CODE_CONTENT_TYPE, message.content_type);
    write.pair("traceparent", message.traceparent);
    write.pair("tracestate", message.tracestate);
    if (message.expiry_s) {
        write.number(MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, *message.expiry_s);
    }
    if (message.utf8_payload) {
        write.octet(MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 1);
    }
    return properties;
}

}  // namespace

Message from_paho(const mqtt::message& message) {
    Message out;
    out.topic = message.get_topic();
    out.payload = message.get_payload();
    // QoS 2 is not ours to offer; what arrives with it (no filter asks for it) counts as QoS 1.
    out.qos = message.get_qos() == 0 ? Qos::at_most_once : Qos::at_least_once;
    out.retain = message.is_retained();
    const MQTTProperties& properties = message.get_properties().c_struct();
    for (const MQTTProperty& property :
         std::span(properties.array, static_cast<std::size_t>(properties.count))) {
        read_property(out, property);
    }
    return out;
}

bool is_copy_to_take(const mqtt::message& message, const SubscriptionCopies& copies) {
    if (!copies.possible()) {
        return true;
    }
    bool named = false;
    const MQTTProperties& properties = message.get_properties().c_struct();
    for (const MQTTProperty& property :
         std::span(properties.array, static_cast<std::size_t>(properties.count))) {
        if (property.identifier == MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER) {
            if (copies.counts(message.get_topic(), property.value.integer4)) {
                return true;
            }
            named = true;
        }
    }
    return !named;
}

mqtt::const_message_ptr to_paho(const Message& message, bool properties) {
    auto out = mqtt::message::create(std::string(message.topic), message.payload.data(),
                                     message.payload.size(), static_cast<int>(message.qos),
                                     message.retain);
    if (properties) {
        out->set_properties(properties_of(message));
    }
    return out;
}

}  // namespace flyball
