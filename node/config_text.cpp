#include "node/config_text.h"

#include <cstdio>

#include "node/config_govern.h"
#include "node/config_option.h"

namespace flyball {
namespace {

constexpr int exit_usage = 64;  // sysexits: EX_USAGE

void print(std::FILE* to, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), to);
}

// "mqtt.broker" -> "mqtt": the TOML table that an option stands in. Keys of more than two levels
// are dotted keys of the first.
std::string_view section_of(std::string_view key) {
    const std::size_t dot = key.find('.');
    return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

void append_governor(std::string& out, const std::string& title, const Tree& settings) {
    const std::size_t slash = title.find('/');
    out.append("\n[governor.").append(toml_key(title.substr(0, slash))).append(".");
    out.append(toml_key(title.substr(slash + 1))).append("]\n");
    for (const auto& [key, value] : *settings.map()) {
        out.append(toml_key(key)).append(" = ").append(toml_value(value)).append("\n");
    }
}

}  // namespace

std::string help_text() {
    std::string out =
        "Examples:\n"
        "  flyball-node                                     with /etc/flyball/node.toml\n"
        "  flyball-node --config node.toml --log.level debug\n"
        "  flyball-node --mqtt.broker tcp://localhost:1883 --region eu-west --node pi-7\n"
        "  FLYBALL_MQTT_BROKER=mqtts://broker.local:8883 flyball-node\n"
        "\n"
        "Usage: flyball-node [--config FILE] [--KEY VALUE ...]\n"
        "  Decides requests that arrive over MQTT. A flag wins over the environment, that over\n"
        "  FILE.d/*.toml, those over FILE (default /etc/flyball/node.toml), that over the "
        "default.\n"
        "\n"
        "  --check-config   say what is wrong with the configuration and exit\n"
        "  --print-config   print the effective configuration and exit\n"
        "  --fork-server    start nodes by forking: orders on stdin, docs/configuration.md\n"
        "  --version, --help\n"
        "\n"
        "Keys (as flags with -- in front; lists and [governor.TYPE.NAME] in the file only):\n";
    for (const ConfigOption& option : config_options()) {
        out.append("\n  ").append(option.key).append(" = ").append(option_default(option));
        out.append("\n      ").append(option.sentence).append("\n      ");
        out.append(option_accepts(option));
        out.append(is_list(option) ? "" : "; or " + environment_name(option)).append("\n");
    }
    return out +
           "\nExit: 0 asked to stop, 64 usage or configuration, 70 internal, 73 state folder.\n";
}

std::string print_config(const NodeSettings& settings,
                         const std::map<std::string, Tree>& governors) {
    std::string out;
    std::string_view section;
    for (const ConfigOption& option : config_options()) {
        std::string_view key = option.key;
        if (section_of(key) != section) {
            section = section_of(key);
            out.append("\n[").append(section).append("]\n");
        }
        key.remove_prefix(section.empty() ? 0 : section.size() + 1);
        out.append(key).append(" = ").append(option_value(option, settings)).append("\n");
    }
    for (const auto& [title, tree] : governors) {
        append_governor(out, title, tree);
    }
    return out + govern_text(settings.govern);
}

std::string options_table() {
    std::string out =
        "| key | default | accepts | meaning | reload |\n"
        "|---|---|---|---|---|\n";
    for (const ConfigOption& option : config_options()) {
        const std::string shown = option_default(option);
        out.append("| `").append(option.key).append("` | ");
        out.append(option.computed.empty() ? "`" + shown + "`" : shown).append(" | ");
        out.append(option_accepts(option)).append(" | ").append(option.sentence);
        out.append(option.needs_restart ? " | restart |\n" : " | applies |\n");
    }
    return out;
}

int show(const Config& config) {
    for (const std::string& fault : config.faults) {
        print(stderr, fault + "\n");
    }
    if (!config.faults.empty()) {
        return exit_usage;
    }
    switch (config.mode) {
        case ConfigMode::help: print(stdout, help_text()); break;
        case ConfigMode::version: print(stdout, "flyball-node " FLYBALL_VERSION "\n"); break;
        case ConfigMode::check_config: print(stdout, "the configuration is sound\n"); break;
        case ConfigMode::print_config:
            print(stdout, print_config(config.settings, config.governors));
            break;
        case ConfigMode::run: break;
    }
    return 0;
}

}  // namespace flyball
