// Runs a node beside its broker, the same node inside its broker, a raw-socket echo, a bare Paho
// C++ echo and an echo inside the broker, each on a Mosquitto of its own, alternating, and prints
// the medians of the pairs' ratios beside the aims. Ratios only: a number of this machine means
// nothing on another day.
//
//   bench_echo [--pairs 5] [--seconds 2] [--only NAME,NAME]
//              [--subject 'COMMAND {port}' [--topic T] [--payload TEXT]]
//
// The subject must answer requests on --topic at the MQTT 5 Response Topic with the Correlation
// Data; without --subject it is a node that counts a quota and keeps its state, and batches of
// requests are measured too.

#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/cpu_time.h"
#include "tests/bench/echo/load.h"
#include "tests/e2e/broker.h"

namespace {

using namespace std::chrono_literals;
using flyball::bench::Load;
using flyball::bench::LoadResult;

struct Options {
    int pairs = 5;
    double seconds = 2;
    std::string subject;
    Load::Target target;
    std::vector<std::string> only;
};

class Responder {
public:
    explicit Responder(const std::string& command) : pid_(::fork()) {
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
            ::_exit(127);
        }
    }
    ~Responder() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    double cpu_us() const { return flyball::bench::cpu_us(pid_); }

private:
    pid_t pid_;
};

// What a node needs in order to allow every request of the run.
class NodeFolder {
public:
    explicit NodeFolder(const std::string& first_lines = "") {
        std::ofstream config(file());
        config
            << first_lines << "[state]\ndir = \"" << (path_ / "state").string() << "\"\n"
            << "[governor.quota.main.resources.api_calls]\nlimit = 1000000000\nwindow = \"1d\"\n";
    }
    ~NodeFolder() { std::filesystem::remove_all(path_); }
    NodeFolder(const NodeFolder&) = delete;
    NodeFolder& operator=(const NodeFolder&) = delete;
    std::string file() const { return (path_ / "node.toml").string(); }

private:
    static std::filesystem::path make() {
        std::string name = std::filesystem::temp_directory_path() / "bench-echo-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            fmt::print(stderr, "cannot create {}\n", name);
            std::exit(73);
        }
        return name;
    }
    std::filesystem::path path_ = make();
};

using Figures = std::map<std::string, double>;
const std::string in_batches = "decisions per second, batches of 256";
const std::string cpu = "512 in flight, the responder's CPU us";

void note_closed(Figures& figures, Load& load, std::size_t in_flight, const Responder& responder,
                 std::chrono::milliseconds length) {
    const double before_us = responder.cpu_us();
    const LoadResult result = load.closed(in_flight, 0, length);
    if (in_flight == 512) {
        figures[cpu] = (responder.cpu_us() - before_us) / static_cast<double>(result.sent);
    }
    const std::string name = fmt::format("{} in flight", in_flight);
    figures[name + ", per second"] = result.per_second();
    figures[name + ", p50 us"] = result.percentile(0.5);
    figures[name + ", p99 us"] = result.percentile(0.99);
    figures["unanswered"] += static_cast<double>(result.unanswered());
    figures["wrong"] += static_cast<double>(result.wrong);
}

constexpr int batch_entries = 256;
const std::string granted =
    "\xa8"
    "decision\xa5"
    "allow";

std::string batch_of(const std::string& request) {
    std::string batch("\xdc\x01\x00", 3);  // msgpack: an array of 256
    for (int i = 0; i < batch_entries; ++i) {
        batch += request;
    }
    return batch;
}

struct Contestant {
    std::string command;   // empty: inside the broker
    std::string broker;    // more lines of its broker's configuration
    bool decides = false;  // not a mere echo: batches mean something
};

Figures measure(const Contestant& contestant, const Load::Target& target,
                std::chrono::milliseconds length) {
    const flyball::testing::Broker broker(
        {.extra = "max_queued_messages 0\n" + contestant.broker, .listener = ""});
    std::string filled = contestant.command.empty() ? "sleep infinity" : contestant.command;
    if (const auto at = filled.find("{port}"); at != std::string::npos) {
        filled.replace(at, 6, std::to_string(broker.port()));
    }
    const Responder responder(filled);
    Load::Target asked = target;
    asked.granted = contestant.decides ? granted : "";
    Load load(broker.port(), asked);
    Figures figures;
    if (!load.wait_until_ready(20s)) {
        fmt::print(stderr, "no answer from: {}\n", filled);
        return figures;
    }
    load.closed(32, 0, 200ms);  // warm
    for (const std::size_t in_flight : {std::size_t{1}, std::size_t{32}, std::size_t{512}}) {
        note_closed(figures, load, in_flight, responder, length);
    }
    figures["QoS 1, 1 in flight, p50 us"] = load.closed(1, 1, length).percentile(0.5);
    const LoadResult open = load.open(1000, length);
    figures["open loop 1000/s, p50 us"] = open.percentile(0.5);
    figures["open loop 1000/s, p99 us"] = open.percentile(0.99);
    const LoadResult quiet = load.after_silence(1500ms, 10);
    figures["after 1.5 s of silence, p50 us"] = quiet.percentile(0.5);
    figures["after 1.5 s of silence, p99 us"] = quiet.percentile(0.99);
    if (contestant.decides) {
        Load batches(broker.port(), {.topic = target.topic,
                                     .payload = batch_of(target.payload),
                                     .granted = granted,
                                     .entries = batch_entries});
        batches.closed(8, 0, 200ms);  // warm
        const LoadResult result = batches.closed(8, 0, length);
        figures[in_batches] = batch_entries * result.per_second();
        figures["unanswered"] += static_cast<double>(result.unanswered());
        figures["wrong"] += static_cast<double>(result.wrong);
    }
    return figures;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

struct Aim {
    std::string who;
    std::string figure;
    std::string rival;  // empty: the figure itself
    double bound;
    bool at_least;
};
const std::vector<Aim> aims{{"subject", "512 in flight, per second", "paho", 0.95, true},
                            {"subject", "1 in flight, p50 us", "paho", 1.10, false},
                            {"subject", "512 in flight, per second", "raw", 0.80, true},
                            {"subject", "1 in flight, p50 us", "raw", 1.70, false},
                            {"subject", "after 1.5 s of silence, p99 us", "raw", 3.0, false},
                            {"subject", "QoS 1, 1 in flight, p50 us", "raw", 2.0, false},
                            {"subject", cpu, "paho", 1.5, false},
                            {"subject", in_batches, "", 500'000, true},
                            {"inside", "512 in flight, per second", "raw", 1.80, true},
                            {"inside", "1 in flight, p50 us", "raw", 0.55, false},
                            {"inside", in_batches, "", 1'000'000, true}};

using Runs = std::map<std::string, std::vector<Figures>>;

std::vector<double> column(const std::vector<Figures>& runs, const std::string& figure) {
    std::vector<double> values;
    for (const Figures& run : runs) {
        const auto at = run.find(figure);
        values.push_back(at == run.end() ? 0 : at->second);
    }
    return values;
}

double median_ratio(const Runs& runs, const std::string& who, const std::string& rival,
                    const std::string& figure) {
    const auto ours = column(runs.at(who), figure);
    const auto theirs = column(runs.at(rival), figure);
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (theirs[i] > 0) {
            ratios.push_back(ours[i] / theirs[i]);
        }
    }
    return median(ratios);
}

// Whom to hold beside whom: those of them that were measured.
const std::vector<std::pair<std::string, std::string>> beside{
    {"subject", "paho"}, {"subject", "raw"}, {"inside", "raw"}, {"plugin", "raw"}};

bool measured(const Runs& runs, const std::string& who, const std::string& rival) {
    return runs.contains(who) && runs.contains(rival);
}

void print_row(const Runs& runs, const std::string& figure) {
    fmt::print("{:36}", figure);
    for (const auto& [who, figures] : runs) {
        fmt::print(" {:>9.{}f}", median(column(figures, figure)), figure == cpu ? 1 : 0);
    }
    for (const auto& [who, rival] : beside) {
        if (measured(runs, who, rival)) {
            fmt::print(" {:>12.2f}", median_ratio(runs, who, rival, figure));
        }
    }
    fmt::print("\n");
}

int report(const Runs& runs) {
    fmt::print("{:36}", "median of the pairs");
    for (const auto& [who, figures] : runs) {
        fmt::print(" {:>9}", who);
    }
    for (const auto& [who, rival] : beside) {
        if (measured(runs, who, rival)) {
            fmt::print(" {:>12}", who + "/" + rival);
        }
    }
    fmt::print("\n");
    std::set<std::string> rows;
    for (const auto& [who, figures] : runs) {
        for (const auto& [figure, value] : figures.front()) {
            rows.insert(figure);
        }
    }
    for (const std::string& figure : rows) {
        print_row(runs, figure);
    }
    int missed = 0;
    for (const Aim& aim : aims) {
        if (!measured(runs, aim.who, aim.rival.empty() ? aim.who : aim.rival) ||
            !runs.at(aim.who).front().contains(aim.figure)) {
            continue;
        }
        const double value = aim.rival.empty() ? median(column(runs.at(aim.who), aim.figure))
                                               : median_ratio(runs, aim.who, aim.rival, aim.figure);
        const bool met = aim.at_least ? value >= aim.bound : value > 0 && value <= aim.bound;
        missed += met ? 0 : 1;
        fmt::print("{:6} {}: {}{}{}: {:.2f}, aim {} {:.2f}\n", met ? "met" : "missed", aim.who,
                   aim.figure, aim.rival.empty() ? "" : " against ", aim.rival, value,
                   aim.at_least ? "at least" : "at most", aim.bound);
    }
    for (const auto& [who, figures] : runs) {
        for (const char* figure : {"unanswered", "wrong"}) {
            for (const double count : column(figures, figure)) {
                if (count > 0) {
                    fmt::print("failed {}: {:.0f} requests {}\n", who, count, figure);
                    ++missed;
                }
            }
        }
    }
    return missed == 0 ? 0 : 1;
}

void describe(CLI::App& app, Options& options) {
    app.add_option("--pairs", options.pairs, "Turns of each; the order is reversed each time")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--seconds", options.seconds, "Length of each measurement of a turn")
        ->check(CLI::Range(0.05, 60.0))
        ->capture_default_str();
    app.add_option("--only", options.only, "These, with commas between them")
        ->delimiter(',')
        ->check(CLI::IsMember({"subject", "inside", "plugin", "paho", "raw"}));
    auto* const subject = app.add_option("--subject", options.subject,
                                         "A command in place of the node; {port} is the broker's");
    app.add_option("--topic", options.target.topic, "What it is asked on")->needs(subject);
    app.add_option("--payload", options.target.payload, "What it is asked")->needs(subject);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Round trips of a node, beside its broker (subject) and inside it, and of echoes");
    describe(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 64;
    }
    const std::chrono::milliseconds length(static_cast<std::int64_t>(options.seconds * 1000));
    const std::filesystem::path here =
        std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const NodeFolder folder;
    const bool is_node = options.subject.empty();
    if (is_node) {
        options.subject =
            (here / "flyball-node").string() + " --config " + folder.file() +
            " --region bench --node one --mqtt.broker tcp://localhost:{port} 2>/dev/null";
        options.target = {.topic = "flyball/v1/bench/one/quota/main/request",
                          .payload =
                              "\x82\xa6tenant\xa4"
                              "acme\xa8resource\xa9"
                              "api_calls"};
    }
    // The rivals are asked the same on the same topic, so that the broker's part is equal.
    const std::string arguments = " {port} " + options.target.topic;
    std::map<std::string, Contestant> contestants{
        {"subject", {.command = options.subject, .broker = "", .decides = is_node}},
        {"paho", {.command = (here / "bench_paho_echo").string() + arguments, .broker = ""}},
        {"raw", {.command = (here / "bench_raw_echo").string() + arguments, .broker = ""}}};
    std::vector<std::string> order{"subject", "paho", "raw"};
    const NodeFolder inside("region = \"bench\"\nnode = \"one\"\n");
    if (is_node) {
        contestants["inside"] = {
            .command = "",
            .broker = fmt::format("plugin {}\nplugin_opt_config {}",
                                  (here / "../lib/flyball_mosquitto.so").string(), inside.file()),
            .decides = true};
        contestants["plugin"] = {
            .command = "",
            .broker =
                fmt::format("plugin {}\nplugin_opt_topic {}",
                            (here / "../lib/bench_plugin_echo.so").string(), options.target.topic)};
        order.insert(order.begin() + 1, {"inside", "plugin"});
    }
    for (const std::string& name : options.only) {
        if (!contestants.contains(name)) {
            fmt::print(stderr, "{} is the node's: it goes without --subject\n", name);
            return 64;
        }
    }
    std::erase_if(order, [&](const std::string& name) {
        return !options.only.empty() && std::ranges::count(options.only, name) == 0;
    });
    Runs runs;
    for (int pair = 0; pair < options.pairs; ++pair) {
        for (const std::string& name : order) {
            runs[name].push_back(measure(contestants.at(name), options.target, length));
        }
        std::reverse(order.begin(), order.end());  // A B B A: drift hits both alike
        fmt::print(stderr, "pair {} of {}\n", pair + 1, options.pairs);
    }
    const int status = report(runs);
    const bool silent = std::ranges::any_of(
        runs, [](const auto& row) { return std::ranges::any_of(row.second, &Figures::empty); });
    return silent ? 69 : status;  // who gave no answer was said
}
