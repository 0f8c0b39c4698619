#include "node/config_option.h"

#include <algorithm>

#include "node/config_check.h"
#include "schemas/region.h"
#include "schemas/request.h"

namespace flyball {
namespace {

constexpr std::int64_t second = 1'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t day = 24 * 60 * minute;
constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;
constexpr std::string_view name_form =
    "a name of a to z, 0 to 9, _ and -, at most 63, that begins with a letter or digit";
constexpr std::string_view path_form = "a path without control characters";

// In the order of docs/configuration.md.
constexpr ConfigOption options[] = {
    {.key = "region",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.root.region; },
     .sentence = "The region in the node's topics.",
     .valid = valid_region,
     .expected = "a name like eu-west, not the reserved reply or policy"},
    {.key = "node",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.root.node; },
     .sentence = "The node's name in its topics.",
     .valid = valid_name,
     .expected = name_form,
     .computed = "the host name"},
    {.key = "allow_faults",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.allow_faults; },
     .sentence = "Whether control may make a governor fail, for tests."},
    {.key = "tenant_topics_only",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.tenant_topics_only; },
     .sentence = "Closes the request topics that are not bound to a tenant."},
    {.key = "base_governors",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.base_governors; },
     .sentence = "Whether the five governors named main are there."},
    {.key = "control.allow",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.control_allow; },
     .sentence = "Ops that control takes over MQTT; \"*\" is all.",
     .valid = valid_op_name,
     .expected = "a list of op names or \"*\""},
    {.key = "events.keep",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.events_keep; },
     .sentence = "Events kept while the broker is away.",
     .min = 0,
     .max = 1000000},
    {.key = "admit.ids.capacity",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.admit.ids_capacity; },
     .sentence = "Requests with an id that admit remembers.",
     .min = 1,
     .max = 1048576},
    {.key = "admit.id_window",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.admit.id_window; },
     .sentence = "How long admit promises to remember an id; 0s promises a count only.",
     .min = 0,
     .max = 30 * day},
    {.key = "mqtt.broker",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.broker; },
     .sentence = "The broker: tcp://, mqtts:// (TLS), ws:// or wss:// (TLS), a host, a port.",
     .valid = valid_broker,
     .expected =
         "an address like tcp://localhost:1883 or mqtts://broker.local:8883 without a user name"},
    {.key = "mqtt.client_id",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.client_id; },
     .sentence = "The client id, one of its own for every node.",
     .valid = valid_short_text,
     .expected = "a text of 1 to 256 bytes without control characters",
     .computed = "flyball-, the region, -, the node"},
    {.key = "mqtt.username",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.username; },
     .sentence = "The login; empty: none.",
     .valid = valid_optional_text,
     .expected = "a text of at most 256 bytes without control characters"},
    {.key = "mqtt.password_file",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.password_file; },
     .sentence = "The file whose first line is the password, read at each connection.",
     .valid = valid_path,
     .expected = path_form},
    {.key = "mqtt.ca_file",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.ca_file; },
     .sentence = "Certificates (PEM) that may sign the broker's; default: the system's.",
     .valid = valid_path,
     .expected = path_form},
    {.key = "mqtt.cert_file",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.cert_file; },
     .sentence = "This node's certificate (PEM).",
     .valid = valid_path,
     .expected = path_form},
    {.key = "mqtt.key_file",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.key_file; },
     .sentence = "The key of cert_file (PEM).",
     .valid = valid_path,
     .expected = path_form},
    {.key = "mqtt.prefix",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.root.prefix; },
     .sentence = "What every topic begins with.",
     .valid = valid_prefix,
     .expected = "a topic of at most 256 bytes without +, # or empty levels, not starting with $"},
    {.key = "mqtt.reply_prefixes",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.reply_prefixes; },
     .sentence = "Where requesters may have replies sent, beside reply/ below the prefix: "
                 "starts of topics, or \"*/level/\" for a level anywhere.",
     .valid = valid_reply_prefix,
     .expected =
         "a list of starts of topics like \"clients/\", or \"*/reply/\" for a level anywhere"},
    {.key = "mqtt.keep_alive",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.mqtt.keep_alive; },
     .sentence = "How long the connection may be silent.",
     .min = second,
     .max = 18 * 60 * minute},
    {.key = "state.dir",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.state.dir; },
     .sentence = "The folder of the journal and its snapshots.",
     .valid = valid_full_path,
     .expected = "a path that starts with /",
     .computed = "$STATE_DIRECTORY, else /var/lib/flyball as root, else ~/.local/state/flyball"},
    {.key = "state.durability",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.state.durability; },
     .sentence = "When a decision is on disk: before its reply leaves, within an interval, or in "
                 "snapshots only."},
    {.key = "state.interval",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.state.interval; },
     .sentence = "How often the journal is synced with durability \"interval\".",
     .min = 10,
     .max = minute},
    {.key = "state.max_bytes",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.state.max_bytes; },
     .sentence = "How large the state files may grow together; a fifth of it is for one snapshot.",
     .min = mib,
     .max = mib * mib,
     .size = true},
    {.key = "state.on_loss",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.state.on_loss; },
     .sentence = "Whether to start empty when no sound state is left."},
    {.key = "health.interval",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.health_interval; },
     .sentence = "How often health is published.",
     .needs_restart = false,
     .min = second,
     .max = day},
    {.key = "clock.trust",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.clock.trust; },
     .sentence =
         "Who vouches for a clock that jumps: the kernel's synchronisation, or nobody needs to."},
    {.key = "clock.jump_max",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.clock.jump_max; },
     .sentence = "The longest jump of the clock that is believed at once.",
     .min = second,
     .max = 3650 * day},
    {.key = "limits.payload_bytes",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.payload_bytes; },
     .sentence = "The largest payload.",
     .needs_restart = false,
     .min = kib,
     .max = 256 * mib - 1,
     .size = true},
    {.key = "limits.nesting",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.nesting; },
     .sentence = "How deep values may be nested.",
     .needs_restart = false,
     .min = 4,
     .max = 64},
    {.key = "limits.string_bytes",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.string_bytes; },
     .sentence = "The longest text.",
     .needs_restart = false,
     .min = 256,
     .max = mib},
    {.key = "limits.map_keys",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.map_keys; },
     .sentence = "Keys in one map.",
     .needs_restart = false,
     .min = 16,
     .max = 64},
    {.key = "limits.entry_values",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.entry_values; },
     .sentence = "Values in one entry of a batch, keys not counted.",
     .needs_restart = false,
     .min = 16,
     .max = mib},
    {.key = "limits.values",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.values; },
     .sentence = "Values in a payload, keys not counted.",
     .needs_restart = false,
     .min = 16,
     .max = 16 * mib},
    {.key = "limits.batch",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.batch; },
     .sentence = "Entries of a batch; each may take 2 KiB for its reply.",
     .needs_restart = false,
     .min = 1,
     .max = 65536},
    {.key = "limits.inbox",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.limits.inbox; },
     .sentence = "Requests that may wait in the node.",
     .needs_restart = false,
     .min = 16,
     .max = 1048576},
    {.key = "home_assistant.discovery",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.home_assistant.discovery; },
     .sentence = "Whether Home Assistant is told of this node, which it then shows as a device.",
     .needs_restart = false},
    {.key = "home_assistant.prefix",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.home_assistant.prefix; },
     .sentence = "The topic below which Home Assistant looks for devices.",
     .needs_restart = false,
     .valid = valid_prefix,
     .expected = "a topic of at most 256 bytes without +, # or empty levels, not starting with $"},
    {.key = "log.level",
     .target = [](NodeSettings& s) -> OptionTarget { return &s.log_level; },
     .sentence = "The least important lines that are logged."},
};

}  // namespace

std::span<const ConfigOption> config_options() {
    return options;
}

const ConfigOption* find_option(std::string_view key) {
    const auto* found = std::find_if(std::begin(options), std::end(options),
                                     [key](const ConfigOption& one) { return one.key == key; });
    return found == std::end(options) ? nullptr : found;
}

std::string environment_name(const ConfigOption& option) {
    std::string name = "FLYBALL_";
    for (const char c : option.key) {
        const bool lower = c >= 'a' && c <= 'z';
        name += c == '.' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return name;
}

}  // namespace flyball
