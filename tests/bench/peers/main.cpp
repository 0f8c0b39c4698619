// Peers side by side: each answers the same quota check behind a Mosquitto of its own, in turns, in
// one run; what they measure in process stands in rows of its own. docs/benchmarks.md says who is
// who and what is not fair to whom.
//
// Exits 69 when a peer that is installed does not answer, or not as the rule says.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "tests/bench/peers/report.h"

namespace {

using namespace flyball::bench;

struct Options {
    int rounds = 5;
    double seconds = 2;
    RunSettings run;
    std::vector<std::string> only;
    std::string json;
};

void describe(CLI::App& app, Options& options) {
    app.add_option("--rounds", options.rounds,
                   "Turns of each peer; the order is reversed each time")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--seconds", options.seconds,
                   "Length of each of the four measurements of a turn")
        ->check(CLI::Range(0.05, 60.0))
        ->capture_default_str();
    app.add_option("--in-flight", options.run.in_flight, "Questions in flight when saturated")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    std::vector<std::string> names;
    for (const Peer& peer : all_peers(options.run.rule, options.run.in_flight)) {
        names.push_back(peer.name);
    }
    app.add_option("--only", options.only, "These, with commas between them")
        ->delimiter(',')
        ->check(CLI::IsMember(names));
    app.add_option("--json", options.json, "A file for all figures of all rounds");
}

std::vector<Measured> chosen(const Options& options) {
    std::vector<Measured> all;
    for (Peer& peer : all_peers(options.run.rule, options.run.in_flight)) {
        if (options.only.empty() || std::ranges::count(options.only, peer.name) > 0) {
            look_up(peer);
            if (peer.versions.empty()) {
                fmt::print(stderr, "{} is left out: install {}\n", peer.title, peer.needs);
            }
            all.push_back({peer});
        }
    }
    return all;
}

void measure(Measured& measured, const RunSettings& settings) {
    if (measured.peer.versions.empty() || !measured.fault.empty()) {
        return;
    }
    try {
        measured.rounds.push_back(run_once(measured.peer, settings));
    } catch (const std::exception& error) {
        measured.fault = error.what();
        fmt::print(stderr, "{}: {}\n", measured.peer.title, measured.fault);
    }
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Flyball and its peers: one quota check, one broker configuration, one load");
    describe(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 64;
    }
    options.run.length = std::chrono::milliseconds(static_cast<int>(options.seconds * 1000));
    std::vector<Measured> all = chosen(options);
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            // A B B A: drift of the machine hits all alike.
            measure(all[round % 2 == 0 ? i : all.size() - 1 - i], options.run);
        }
        fmt::print(stderr, "round {} of {}\n", round + 1, options.rounds);
    }
    const auto json = json_of(all, options.run);
    fmt::print("{}\n{}{}, {}, {} processors\n", table_of(all), notes_of(all, options.run),
               json["broker"].get<std::string>(), json["kernel"].get<std::string>(),
               json["processors"].get<unsigned>());
    if (!options.json.empty()) {
        std::ofstream(options.json) << json.dump(2) << '\n';
    }
    const bool good =
        std::ranges::all_of(all, [](const Measured& measured) { return measured.fault.empty(); });
    return good ? 0 : 69;
}
