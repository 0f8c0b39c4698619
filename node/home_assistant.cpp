#include "node/home_assistant.h"

#include <array>
#include <utility>

#include "node/policy_rev.h"
#include "schemas/topic.h"

namespace flyball {
namespace {

// A report that is older than three intervals says nothing any more.
constexpr std::int64_t intervals_to_expire = 3;

struct Component {
    std::string_view key;
    std::string_view platform;
    std::string_view name;
    std::string_view value_template;
    std::string_view device_class{};
    std::string_view unit{};
    std::string_view state_class{};
    bool is_diagnostic = false;
};

// The last will has a status and nothing else: get() where that would make a template fail.
constexpr std::array<Component, 11> components{{
    {.key = "status",
     .platform = "sensor",
     .name = "Status",
     .value_template = "{{ value_json.status }}",
     .device_class = "enum"},
    {.key = "problem",
     .platform = "binary_sensor",
     .name = "Problem",
     .value_template = "{{ 'ON' if value_json.status == 'degraded' else 'OFF' }}",
     .device_class = "problem"},
    {.key = "rate",
     .platform = "sensor",
     .name = "Requests per second",
     .value_template = "{{ value_json.get('throughput', {}).get('per_second') }}",
     .unit = "1/s",
     .state_class = "measurement"},
    {.key = "requests",
     .platform = "sensor",
     .name = "Requests",
     .value_template = "{{ value_json.get('throughput', {}).get('requests') }}",
     .state_class = "total_increasing"},
    {.key = "denied",
     .platform = "sensor",
     .name = "Denied",
     .value_template = "{{ value_json.get('governors') | sum(attribute='deny') "
                       "if value_json.get('governors') is not none else none }}",
     .state_class = "total_increasing"},
    {.key = "p99",
     .platform = "sensor",
     .name = "Time of a request, p99",
     .value_template = "{{ value_json.get('latency_us', {}).get('p99') }}",
     .unit = "µs",
     .state_class = "measurement",
     .is_diagnostic = true},
    {.key = "memory",
     .platform = "sensor",
     .name = "Memory",
     .value_template = "{{ value_json.get('memory', {}).get('pss_bytes') }}",
     .device_class = "data_size",
     .unit = "B",
     .state_class = "measurement",
     .is_diagnostic = true},
    {.key = "cpu",
     .platform = "sensor",
     .name = "CPU",
     .value_template = "{{ value_json.get('cpu', {}).get('percent') }}",
     .unit = "%",
     .state_class = "measurement",
     .is_diagnostic = true},
    {.key = "governors",
     .platform = "sensor",
     .name = "Governors",
     .value_template = "{{ value_json.get('governors_total') }}",
     .state_class = "measurement",
     .is_diagnostic = true},
    {.key = "clock",
     .platform = "sensor",
     .name = "Clock",
     .value_template = "{{ value_json.get('clock') }}",
     .is_diagnostic = true},
    {.key = "journal_error",
     .platform = "sensor",
     .name = "Journal error",
     // A state has 255 characters at most.
     .value_template = "{{ (value_json.get('journal', {}).get('last_error') or 'none')[:250] }}",
     .is_diagnostic = true},
}};

std::string device_id(const Root& root) {
    return "flyball_" + root.region + "_" + root.node + "_" + sha256_hex(root.text(), 6);
}

void write_text_unless_empty(Writer& writer, std::string_view key, std::string_view text) {
    if (!text.empty()) {
        writer.field(key, text);
    }
}

void write_component(Writer& writer, const Component& component, const std::string& id,
                     std::int64_t expire_after_s) {
    writer.key(component.key);
    writer.begin_map();
    writer.field("platform", component.platform);
    writer.field("unique_id", std::string_view(id + "_" + std::string(component.key)));
    writer.field("name", component.name);
    writer.field("value_template", component.value_template);
    write_text_unless_empty(writer, "device_class", component.device_class);
    write_text_unless_empty(writer, "unit_of_measurement", component.unit);
    write_text_unless_empty(writer, "state_class", component.state_class);
    if (component.is_diagnostic) {
        writer.field("entity_category", "diagnostic");
    }
    if (component.device_class == "enum") {
        writer.key("options");
        writer.begin_array();
        for (const std::string_view status : {"online", "degraded", "draining", "offline"}) {
            writer.text(status);
        }
        writer.end_array();
    }
    writer.field("expire_after", expire_after_s);
    writer.end_map();
}

void write_device(Writer& writer, const Root& root, const std::string& id) {
    writer.key("device");
    writer.begin_map();
    writer.key("identifiers");
    writer.begin_array();
    writer.text(id);
    writer.end_array();
    writer.field("name", std::string_view("Flyball " + root.region + "/" + root.node));
    writer.field("manufacturer", "Flyball");
    writer.field("model", "flyball-node");
    writer.field("sw_version", FLYBALL_VERSION);
    writer.end_map();
    writer.key("origin");
    writer.begin_map();
    writer.field("name", "flyball-node");
    writer.field("sw_version", FLYBALL_VERSION);
    writer.end_map();
}

// `payload` empty: takes away what the broker keeps.
bool publish_retained(Transport& transport, const std::string& topic, std::string_view payload) {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.qos = Qos::at_least_once;
    message.retain = true;
    if (!payload.empty()) {
        message.content_type = "application/json";
        message.utf8_payload = true;
    }
    return transport.publish(message) == Publish::accepted;
}

}  // namespace

std::string home_assistant_topic(const HomeAssistantSettings& settings, const Root& root) {
    return settings.prefix + "/device/" + device_id(root) + "/config";
}

void write_home_assistant_device(Writer& writer, const Root& root, Span health_interval) {
    const std::string id = device_id(root);
    std::string health_topic;
    append_topic(health_topic, root, Topic{.channel = Channel::health});
    writer.restart(Encoding::json);
    writer.begin_map();
    write_device(writer, root, id);
    writer.field("state_topic", std::string_view(health_topic));
    writer.key("availability");
    writer.begin_array();
    writer.begin_map();
    writer.field("topic", std::string_view(health_topic));
    writer.field("value_template",
                 "{{ 'offline' if value_json.status == 'offline' else 'online' }}");
    writer.end_map();
    writer.end_array();
    writer.key("components");
    writer.begin_map();
    for (const Component& component : components) {
        write_component(writer, component, id,
                        intervals_to_expire * health_interval.count() / 1000);
    }
    writer.end_map();
    writer.end_map();
}

bool announce_to_home_assistant(Transport& transport, const NodeSettings& settings,
                                std::string& announced) {
    if (transport.link() != LinkState::up) {
        return false;
    }
    const std::string wanted = settings.home_assistant.discovery
                                   ? home_assistant_topic(settings.home_assistant, settings.root)
                                   : std::string();
    if (!announced.empty() && announced != wanted && !publish_retained(transport, announced, "")) {
        return false;  // the next connection tries again
    }
    if (!wanted.empty()) {
        Writer writer;
        write_home_assistant_device(writer, settings.root, settings.health_interval);
        publish_retained(transport, wanted, writer.bytes());
    }
    return std::exchange(announced, wanted) != wanted;
}

}  // namespace flyball
