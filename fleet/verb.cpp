#include "fleet/verb.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "schemas/duration.h"

namespace flyball {

void takes_duration(CLI::Option& option) {
    option.type_name("DURATION")->check([](const std::string& text) {
        const auto duration = parse_duration(text);
        const bool good = duration && duration->months == 0 && duration->ms > 0;
        return good ? std::string() : fmt::format("'{}' is no duration like 250ms, 5s, 2m", text);
    });
}

void add_common_options(CLI::App& verb, Common& common) {
    const char* group = "Connection";
    BusOptions& bus = common.bus;
    verb.add_option("--broker", bus.broker, "tcp:// mqtts:// ws:// or wss://host[:port]")
        ->envname("FLYBALL_MQTT_BROKER")
        ->type_name("URL")
        ->capture_default_str()
        ->group(group);
    verb.add_option("--ca-file", bus.ca_file, "certificates that may sign the broker's")
        ->type_name(file_value)
        ->group(group);
    verb.add_option("--cert-file", bus.cert_file, "our certificate")
        ->type_name(file_value)
        ->group(group);
    verb.add_option("--key-file", bus.key_file, "its private key")
        ->type_name(file_value)
        ->group(group);
    verb.add_option("--username", bus.username, "login at the broker")->group(group);
    verb.add_option("--password-file", bus.password_file, "file with the login's password")
        ->type_name(file_value)
        ->group(group);
    verb.add_option("--prefix", bus.prefix, "what all topics begin with")
        ->capture_default_str()
        ->group(group);
    CLI::Option* timeout = verb.add_option_function<std::string>(
        "--timeout",
        [&bus](const std::string& text) {
            if (const auto duration = parse_duration(text)) {
                bus.timeout = Span(duration->ms);
            }
        },
        "how long to wait for the broker, and for an answer (5s)");
    takes_duration(*timeout->group(group));
    verb.add_flag("--json", common.json, "data as JSON on stdout, messages on stderr");
}

void complain(std::string_view message) {
    fmt::print(stderr, "flyball: {}\n", printable(message));
}

void hint(std::string_view message) {
    if (!message.empty()) {
        fmt::print(stderr, "hint: {}\n", printable(message));
    }
}

Exit fail(const Error& error) {
    complain(error.message);
    return exit_of(error.code);
}

bool print(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
           std::fflush(stdout) == 0;
}

}  // namespace flyball
