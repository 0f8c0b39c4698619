// What governed topics cost a broker's other traffic: messages through a Mosquitto without the
// plugin, with it and no rule, with it and ten rules of which none is about them, and, to compare,
// with a rule that is. Alternating, the medians of the runs' ratios.
//
//   governed_bench [PAIRS=7] [SECONDS=2]
//
// One client publishes to itself at QoS 0, so that the broker does most of the work. Throughput
// depends on who else has the machine; the broker's CPU time a message less so.

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/cpu_time.h"
#include "tests/bench/echo/wire.h"
#include "tests/build_tree.h"
#include "tests/e2e/broker.h"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using flyball::bench::WireClient;
using flyball::testing::Broker;
using flyball::testing::plugin_library;

constexpr int in_flight = 64;
constexpr const char* topic = "plant/7/line/3/telemetry";

// Filters that share nothing with the topic, its first levels, or only its last.
constexpr const char* other_rules[] = {"site/#",      "plant/+/alarm",    "plant/7/line/+/state",
                                       "+/+/command", "customers/+/data", "plant/7/line/3/batch",
                                       "plant/8/#",   "+/7/line/4/#",     "billing/#",
                                       "telemetry/+"};

struct Kind {
    const char* name;
    bool has_plugin;
    std::vector<std::string> topics;  // of the rules
};

class Folder {
public:
    explicit Folder(const std::vector<std::string>& topics) {
        std::ofstream config(file());
        config << "region = \"bench\"\nnode = \"one\"\nstate.dir = \"" << (path_ / "state").string()
               << "\"\n[governor.quota.main.resources.messages]\nlimit = 1000000000\n"
               << "window = \"1d\"\nalgorithm = \"bucket\"\n";
        for (const std::string& rule_topic : topics) {
            config << "[[govern]]\ntopic = \"" << rule_topic << "\"\ntenant = \"client_id\"\n"
                   << "governor = \"quota/main\"\nrequest = { resource = \"messages\" }\n";
        }
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string file() const { return (path_ / "node.toml").string(); }

private:
    static std::filesystem::path make() {
        std::string name = std::filesystem::temp_directory_path() / "bench-governed-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            fmt::print(stderr, "cannot create {}\n", name);
            std::exit(73);
        }
        return name;
    }
    std::filesystem::path path_ = make();
};

struct Figures {
    double per_second = 0;
    double cpu_us = 0;  // of the broker, a message
};

Figures measure(const Kind& kind, std::chrono::milliseconds length) {
    const Folder folder(kind.topics);
    const std::string plugin = kind.has_plugin ? "plugin " + plugin_library() +
                                                     "\nplugin_opt_config " + folder.file() + "\n"
                                               : "";
    const Broker broker({.extra = plugin, .listener = {}});
    WireClient client(broker.port(), "bench");
    client.subscribe(topic, 0);
    const std::string payload(100, 'x');
    flyball::bench::Outgoing message{};
    message.topic = topic;
    message.payload = payload;
    const auto send = [&] { client.queue(message); };
    const auto run = [&](std::chrono::milliseconds time) {
        std::uint64_t received = 0;
        const auto end = Clock::now() + time;
        while (Clock::now() < end) {
            for (int i = 0; i < in_flight; ++i) {
                send();
            }
            client.flush();
            for (int i = 0; i < in_flight; ++i) {
                if (!client.next(5'000'000)) {
                    fmt::print(stderr, "{}: a message was lost\n", kind.name);
                    std::exit(69);
                }
                ++received;
            }
        }
        return static_cast<double>(received);
    };
    run(300ms);  // warm
    const double cpu_before = flyball::bench::cpu_us(broker.pid());
    const auto begun = Clock::now();
    const double messages = run(length);
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    return {.per_second = messages / seconds,
            .cpu_us = (flyball::bench::cpu_us(broker.pid()) - cpu_before) / messages};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

template <typename Of>
double median_of(const std::vector<Figures>& runs, const Of& of) {
    std::vector<double> values;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        values.push_back(of(i));
    }
    return median(values);
}

}  // namespace

int main(int argc, char** argv) {
    const int pairs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 7;
    const std::chrono::milliseconds length{argc > 2 ? std::atoi(argv[2]) * 1000 : 2000};
    const std::vector<std::string> others(std::begin(other_rules), std::end(other_rules));
    std::vector<Kind> kinds{{"no plugin", false, {}},
                            {"no rule", true, {}},
                            {"ten rules about others", true, others},
                            {"governed", true, {"plant/+/line/+/telemetry"}}};
    std::map<std::string, std::vector<Figures>> runs;
    for (int pair = 0; pair < pairs; ++pair) {
        for (const Kind& kind : kinds) {
            runs[kind.name].push_back(measure(kind, length));
        }
        std::reverse(kinds.begin(), kinds.end());  // A B B A: drift hits all alike
        fmt::print(stderr, "{} of {}\n", pair + 1, pairs);
    }
    const std::vector<Figures>& without = runs.at("no plugin");
    fmt::print("{:24} {:>12} {:>8} {:>14} {:>8}\n", "median of the runs", "messages/s", "ratio",
               "broker us/msg", "ratio");
    for (const char* name : {"no plugin", "no rule", "ten rules about others", "governed"}) {
        const std::vector<Figures>& ours = runs.at(name);
        fmt::print(
            "{:24} {:12.0f} {:8.3f} {:14.2f} {:8.3f}\n", name,
            median_of(ours, [&](std::size_t i) { return ours[i].per_second; }),
            median_of(ours,
                      [&](std::size_t i) { return ours[i].per_second / without[i].per_second; }),
            median_of(ours, [&](std::size_t i) { return ours[i].cpu_us; }),
            median_of(ours, [&](std::size_t i) { return ours[i].cpu_us / without[i].cpu_us; }));
    }
}
