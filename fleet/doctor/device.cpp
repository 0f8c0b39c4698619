#include "fleet/doctor/device.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fleet/doctor/run_program.h"
#include "fleet/health_report.h"
#include "fleet/run/spawner.h"
#include "schemas/toml.h"

namespace flyball {
namespace {

constexpr Span program_wait{10'000};
// Where the unit's StateDirectory= is.
constexpr const char* unit_state = "/var/lib/flyball";
constexpr const char* default_config = "/etc/flyball/node.toml";

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

std::string text_at(const toml::table& table, std::string_view map, std::string_view key) {
    return table[map][key].value_or(std::string());
}

// A size is printed as a number of bytes or as "64 MiB".
std::int64_t bytes_at(const toml::table& table, std::string_view map, std::string_view key) {
    if (const auto number = table[map][key].value<std::int64_t>()) {
        return *number;
    }
    const std::string text = text_at(table, map, key);
    const std::size_t space = text.find(' ');
    const std::int64_t number = std::strtoll(text.c_str(), nullptr, 10);
    const std::string unit = space == std::string::npos ? "" : text.substr(space + 1);
    constexpr std::int64_t kib = 1024;
    return unit == "KiB"   ? number * kib
           : unit == "MiB" ? number * kib * kib
           : unit == "GiB" ? number * kib * kib * kib
                           : number;
}

// Run by hand, the node would keep its state elsewhere than as a service.
std::vector<std::string> unit_variables(bool installed) {
    const bool is_service =
        std::getenv("STATE_DIRECTORY") == nullptr && (installed || is_there(unit_state));
    return is_service ? std::vector<std::string>{std::string("STATE_DIRECTORY=") + unit_state}
                      : std::vector<std::string>{};
}

void look_at_program(ExaminedDevice& device, Findings& findings) {
    device.program = find_program("flyball-node");
    if (device.program.empty()) {
        findings.warn("program", "flyball-node is neither beside this tool nor on PATH",
                      "install the package flyball-node, unless this is no device");
        return;
    }
    const auto run = run_program({device.program, "--version"}, {}, program_wait);
    if (!run || run->status != 0) {
        findings.fail("program", run ? first_line(run->err) : run.error().message,
                      "is it built for this machine? reinstall the package flyball-node");
        return;
    }
    const std::string line = first_line(run->out);
    device.version = line.substr(line.rfind(' ') + 1);
    if (device.version == FLYBALL_VERSION) {
        findings.ok("program", fmt::format("{}, {} like this tool", device.program, line));
    } else {
        findings.warn(
            "program",
            fmt::format("{} is {}, this tool {}", device.program, device.version, FLYBALL_VERSION),
            "install both packages in the same version");
    }
}

// `given` on the command line: then it has to be there.
void look_at_config(ExaminedDevice& device, const std::string& given, Findings& findings) {
    if (device.program.empty()) {
        return;
    }
    const std::string file = given.empty() ? default_config : given;
    std::vector<std::string> words{device.program, "--print-config"};
    if (!given.empty()) {
        words.insert(words.end(), {"--config", given});
    }
    const auto run = run_program(words, unit_variables(device.unit.has_value()), program_wait);
    if (!run) {
        findings.fail("config", run.error().message, "run it by hand");
        return;
    }
    if (run->status != 0) {
        findings.fail(
            "config", first_line(run->err),
            fmt::format("flyball-node --check-config --config {} lists all faults", file));
        return;
    }
    BusOptions bus = device.bus;
    auto config = read_printed_config(run->out, bus);
    if (!config) {
        findings.fail("config", config.error().message,
                      "tool and node differ: install both packages in the same version");
        return;
    }
    device.config = *std::move(config);
    device.bus = std::move(bus);
    device.own_topic =
        topic_of(device.bus, {device.config->region, device.config->node}, Channel::tick);
    std::error_code unknown;
    const bool there = std::filesystem::exists(file, unknown);
    device.config_file = there ? file : std::string();
    device.config_folder = is_there(file + ".d") ? file + ".d" : std::string();
    device.is_service = device.is_units_config;
    findings.ok("config", there ? file + " has no fault" : "no " + file + ": defaults");
    if (device.is_service && !device.unit->variables.empty()) {
        findings.warn(
            "unit",
            fmt::format("{} sets {}, which is not looked at here", unit_name,
                        fmt::join(device.unit->variables, ", ")),
            fmt::format("write it into {} instead of Environment= and EnvironmentFile=", file));
    }
}

}  // namespace

bool is_there(const std::string& path) {
    std::error_code unknown;
    return std::filesystem::symlink_status(path, unknown).type() !=
           std::filesystem::file_type::not_found;
}

Result<NodeConfig> read_printed_config(std::string_view toml, BusOptions& bus) {
    const toml::parse_result parsed = toml::parse(toml);
    if (!parsed) {
        return Error{ErrorCode::internal, fmt::format("--print-config prints no TOML: {}",
                                                      parsed.error().description())};
    }
    const toml::table& table = parsed.table();
    NodeConfig config;
    config.region = table["region"].value_or(std::string());
    config.node = table["node"].value_or(std::string());
    config.state_dir = text_at(table, "state", "dir");
    config.state_bytes_max = bytes_at(table, "state", "max_bytes");
    config.password_file = text_at(table, "mqtt", "password_file");
    config.ca_file = text_at(table, "mqtt", "ca_file");
    config.cert_file = text_at(table, "mqtt", "cert_file");
    config.key_file = text_at(table, "mqtt", "key_file");
    bus.broker = table["mqtt"]["broker"].value_or(bus.broker);
    bus.prefix = table["mqtt"]["prefix"].value_or(bus.prefix);
    bus.username = text_at(table, "mqtt", "username");
    bus.password_file = config.password_file;
    bus.ca_file = config.ca_file;
    bus.cert_file = config.cert_file;
    bus.key_file = config.key_file;
    return config;
}

Result<ExaminedDevice> look_at_device(const DoctorOptions& options, Findings& findings) {
    ExaminedDevice device;
    device.bus = options.bus;
    device.unit = look_at_unit();
    device.is_units_config =
        device.unit && (options.config_file.empty() || options.config_file == default_config);
    look_at_program(device, findings);
    look_at_config(device, options.config_file, findings);
    if (options.broker_given) {
        device.bus = options.bus;
        device.own_topic.clear();
        device.is_service = false;
    }
    device.bus.timeout = options.bus.timeout;
    if (device.config && !options.state_dir.empty()) {
        device.config->state_dir = options.state_dir;
    }
    if (!options.node.empty()) {
        auto node = parse_node(options.node);
        if (!node) {
            return node.error();
        }
        device.node = *std::move(node);
    } else if (device.config) {
        device.node = NodeName{device.config->region, device.config->node};
    }
    return device;
}

}  // namespace flyball
