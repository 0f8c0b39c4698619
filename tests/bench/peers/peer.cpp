#include "tests/bench/peers/peer.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdio>

#include "tests/build_tree.h"

namespace flyball::bench {
namespace {

using testing::built;

using Words = std::vector<std::string>;

const std::string here = testing::source("tests/bench/peers");

Words operator+(Words all, const Words& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

Words rule_words(const QuotaRule& rule) {
    return {std::to_string(rule.limit), std::to_string(rule.window_ms), rule.checked_tenant,
            std::to_string(rule.checked_limit)};
}

Peer mqtt_js(const Words& asked) {
    return {.name = "mqtt-js",
            .title = "MQTT.js, rate-limiter-flexible",
            .commands = {Words{"node", here + "/mqtt_js.mjs"} + asked},
            .versions_command = "node '" + here + "/mqtt_js.mjs' --version",
            .needs = "node, and npm ci in tests/bench/peers"};
}

Peer paho_python(const Words& asked) {
    // Debian's own Python: the one that sees Debian's python3-* packages.
    return {.name = "python",
            .title = "Paho for Python, msgpack",
            .commands = {Words{"/usr/bin/python3", here + "/paho_python.py"} + asked},
            .versions_command = "/usr/bin/python3 '" + here + "/paho_python.py' --version",
            .needs = "python3-paho-mqtt, python3-msgpack"};
}

Peer redis(const Words& asked) {
    const std::string bridge = built("bin/bench_redis_bridge");
    return {.name = "redis",
            .title = "Redis, Lua, bridge in C++",
            .commands = {{"redis-server", "--port", "0", "--unixsocket", "{folder}/redis", "--dir",
                          "{folder}", "--save", "", "--appendonly", "no"},
                         Words{bridge} + asked + Words{"{folder}/redis", here + "/bucket.lua"}},
            .versions_command = "test -e '" + bridge +
                                "' && redis-server --version | cut -d' ' "
                                "-f1-3 && '" +
                                bridge + "' --version",
            .needs = "redis-server, libhiredis-dev before the build"};
}

Peer erlang(const Words& ruled, const std::string& in_flight) {
    const std::string folder = built("tests/bench/peers");
    // Without a crash dump in whatever folder we were started in.
    const Words machine{"erl",  "-noinput", "-env",    "ERL_CRASH_DUMP_SECONDS", "0", "-pa",
                        folder, "-run",     "governor"};
    return {.name = "erlang",
            .title = "Erlang/OTP gen_server, in process",
            .place = Peer::Place::in_process,
            .commands = {machine + Words{"load"} + ruled + Words{in_flight, "{ms}"},
                         machine + Words{"memory"} + ruled},
            .versions_command = "test -e '" + folder + "/governor.beam' && '" +
                                fmt::format("{}", fmt::join(machine, "' '")) + "' versions",
            .needs = "erlang-base before the build"};
}

}  // namespace

std::vector<Peer> all_peers(const QuotaRule& rule, std::size_t in_flight) {
    const Words ruled = rule_words(rule);
    const std::string topic(request_topic);
    const Words asked = Words{"{port}", topic} + ruled;
    const std::string many = std::to_string(in_flight);
    const std::string node = testing::node_program();
    const std::string version = "'" + node + "' --version | head -1";
    const std::string in_process = built("bin/bench_in_process");
    return {{.name = "raw",
             .title = "raw echo (the floor)",
             .commands = {{built("bin/bench_raw_echo"), "{port}", topic}},
             .versions_command = "echo a socket and no library",
             .decides = false},
            mqtt_js(asked),
            paho_python(asked),
            redis(asked),
            {.name = "flyball",
             .title = "Flyball, flyball-node",
             .commands = {{node, "--config", "{folder}/node.toml", "--mqtt.broker",
                           "tcp://127.0.0.1:{port}"}},
             .versions_command = version,
             .is_node = true},
            {.name = "in-broker",
             .title = "Flyball, in the broker",
             .place = Peer::Place::in_broker,
             .versions_command = version,
             .is_node = true},
            erlang(ruled, many),
            {.name = "library",
             .title = "Flyball, in process",
             .place = Peer::Place::in_process,
             .commands = {Words{in_process, "load"} + ruled + Words{many, "{ms}"},
                          Words{in_process, "memory"} + ruled},
             .versions_command = version}};
}

std::string said_by(const std::string& command) {
    FILE* const output = ::popen(("{ " + command + "; } 2>/dev/null").c_str(), "r");
    if (output == nullptr) {
        return "";
    }
    std::string said;
    std::array<char, 512> bytes;
    for (std::size_t got = 0; (got = ::fread(bytes.data(), 1, bytes.size(), output)) > 0;) {
        said.append(bytes.data(), got);
    }
    if (::pclose(output) != 0) {
        return "";
    }
    said.erase(said.find_last_not_of(" \n") + 1);
    for (std::size_t at = 0; (at = said.find('\n')) != std::string::npos;) {
        said.replace(at, 1, ", ");
    }
    return said;
}

void look_up(Peer& peer) {
    peer.versions = said_by(peer.versions_command);
}

std::string node_config(const QuotaRule& rule, const std::string& folder) {
    return fmt::format(
        "region = \"bench\"\nnode = \"one\"\n[state]\ndir = \"{}/state\"\n"
        "[governor.quota.main.resources.api_calls]\n"
        "limit = {}\nwindow = \"{}ms\"\nalgorithm = \"bucket\"\n",
        folder, rule.limit, rule.window_ms);
}

std::string plugin_file() {
    return testing::plugin_library();
}

}  // namespace flyball::bench
