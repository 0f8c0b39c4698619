// What may stand where: includes along the arrows, each library in its place, clocks in theirs.

#include <algorithm>
#include <array>
#include <regex>

#include "tests/tidy/rules.h"

namespace tidy {
namespace {

struct Arrow {
    std::string_view from;
    std::vector<std::string_view> to;
};

const std::vector<Arrow>& arrows() {
    static const std::vector<Arrow> all{
        {"schemas", {"schemas"}},
        {"governors", {"governors", "schemas"}},
        {"transport", {"transport", "schemas"}},
        {"node", {"node", "governors", "transport", "schemas"}},
        {"fleet", {"fleet", "transport", "schemas"}},
        {"tests", {"tests", "schemas", "governors", "transport", "node", "fleet"}},
    };
    return all;
}

struct Include {
    std::string target;
    bool quoted;
};

bool parse_include(const std::string& line, Include& out) {
    static const std::regex pattern(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
    std::smatch match;
    if (!std::regex_search(line, match, pattern)) {
        return false;
    }
    out = {match[2].str(), match[1].str() == "\""};
    return true;
}

// A library and the places (path prefixes) that may include it, with the reason.
struct Place {
    std::string_view header;  // prefix of the include
    std::vector<std::string_view> allowed;
    std::string_view reason;
};

const std::vector<Place>& library_places() {
    static const std::vector<std::string_view> threaded{"transport/", "node/", "fleet/", "tests/"};
    static const std::vector<Place> all{
        {"mqtt/", {"transport/paho", "tests/"}, "Paho stays behind the transport seam"},
        {"MQTT", {"transport/paho", "tests/"}, "Paho stays behind the transport seam"},
        {"mosquitto", {"transport/mosquitto", "tests/"}, "the broker's API is one transport"},
        {"msgpack", {"schemas/", "tests/"}, "wire layouts belong to schemas"},
        {"rapidjson/", {"schemas/", "tests/"}, "wire layouts belong to schemas"},
        {"toml++", {"schemas/toml.h", "tests/"}, "everybody includes it in the same way"},
        {"toml.h", {"schemas/toml.h", "tests/"}, "everybody includes it in the same way"},
        {"schemas/toml.h", {"node/", "fleet/", "tests/"}, "only programs read files"},
        {"CLI/", {"node/", "fleet/", "tests/"}, "only programs have flags"},
        {"nlohmann/", {"fleet/", "tests/"}, "a JSON document costs memory a node does not have"},
        {"mutex",
         {"transport/", "node/", "fleet/", "tests/", "governors/piece_pool"},
         "one thread owns schemas and governors at a time; they share a pool of memory"},
        {"shared_mutex", threaded, "one thread owns schemas and governors at a time"},
        {"condition_variable", threaded, "one thread owns schemas and governors at a time"},
        {"thread", threaded, "one thread owns schemas and governors at a time"},
        {"atomic", threaded, "one thread owns schemas and governors at a time"},
        {"random", threaded, "decisions are deterministic: seeds are handed in"},
        {"fstream", threaded, "schemas and governors do no input or output"},
        {"iostream", {"fleet/", "tests/"}, "its static initialisers cost every process"},
        {"filesystem", threaded, "schemas and governors do no input or output"},
        {"regex", {"tests/"}, "it allocates and backtracks: unbounded on hostile input"},
    };
    return all;
}

// Where a clock may be read or a thread put to sleep. Everyone else is handed `now`.
struct ClockPlace {
    std::string_view prefix;
    bool may_sleep;
    std::string_view reason;
};

constexpr std::array<ClockPlace, 12> clock_places{{
    {"node/clock.cpp", false, "the one file of the node that reads clocks"},
    {"transport/paho_sleep.cpp", true, "takes the place of a sleep of Paho's, to shorten it"},
    {"transport/", false, "deadlines of its own: reconnects, the tick, flush"},
    {"docs/examples/", false, "programs around the library: they hand in `now`"},
    {"fleet/", false, "a program at a desk: time-outs, latencies"},
    {"tests/bench/", true, "it measures time"},
    {"tests/fuzz/", false, "it measures processor time"},
    {"tests/e2e/", true, "waits on conditions of other processes, with deadlines"},
    {"tests/hostile/", true, "it measures time, and waits with deadlines"},
    {"tests/contract/", true, "waits on conditions of other threads, with deadlines"},
    {"tests/unit/transport/", true, "waits on conditions of other threads, with deadlines"},
    {"tests/unit/fleet/", true, "waits on conditions of other processes, with deadlines"},
}};

bool starts_with_any(std::string_view path, const std::vector<std::string_view>& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return path.starts_with(prefix); });
}

// `mutex` is a whole header's name; `rapidjson/` is any header below it.
bool names_header(const std::string& target, std::string_view header) {
    const bool whole = std::all_of(header.begin(), header.end(),
                                   [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
    if (whole && header != "msgpack" && header != "mosquitto") {
        return target == header;
    }
    return target.starts_with(header);
}

void check_arrow(const SourceFile& file, std::size_t line, const Include& include,
                 Findings& findings) {
    const std::size_t slash = include.target.find('/');
    if (slash == std::string::npos) {
        findings.push_back(
            {file.path, line,
             "include \"" + include.target + "\" from the root of the tree: \"folder/file.h\""});
        return;
    }
    const std::string to = include.target.substr(0, slash);
    for (const Arrow& arrow : arrows()) {
        if (arrow.from == file.top() &&
            std::find(arrow.to.begin(), arrow.to.end(), to) == arrow.to.end()) {
            findings.push_back(
                {file.path, line, std::string(file.top()) + " must not include " + include.target});
        }
    }
}

bool is_code_folder(std::string_view top) {
    return std::any_of(arrows().begin(), arrows().end(),
                       [&](const Arrow& arrow) { return arrow.from == top; });
}

template <typename Check>
void for_each_include(const SourceTree& tree, const Check& check) {
    for (const SourceFile& file : tree.files()) {
        if (!file.is_cpp() || !is_code_folder(file.top())) {
            continue;
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            Include include;
            if (parse_include(file.lines[i], include)) {
                check(file, i + 1, include);
            }
        }
    }
}

}  // namespace

void includes_follow_the_arrows(const SourceTree& tree, Findings& findings) {
    for_each_include(tree, [&](const SourceFile& file, std::size_t line, const Include& include) {
        if (include.quoted) {
            check_arrow(file, line, include, findings);
        }
    });
}

void libraries_stay_in_their_place(const SourceTree& tree, Findings& findings) {
    for_each_include(tree, [&](const SourceFile& file, std::size_t line, const Include& include) {
        for (const Place& place : library_places()) {
            if (!include.quoted && names_header(include.target, place.header) &&
                !starts_with_any(file.path, place.allowed)) {
                findings.push_back(
                    {file.path, line,
                     "<" + include.target + "> has no place here: " + std::string(place.reason)});
            }
        }
    });
}

void clocks_stay_in_their_place(const SourceTree& tree, Findings& findings) {
    static const std::regex clock(
        R"(_clock\s*::\s*now|\bclock_gettime\b|\bgettimeofday\b|\badjtimex\b|\btime\s*\(\s*(nullptr|NULL|0)\s*\))");
    static const std::regex sleep(
        R"(this_thread\s*::\s*sleep_|(^|[^\w])::sleep\s*\(|\busleep\s*\(|\bnanosleep\b)");
    for (const SourceFile& file : tree.files()) {
        const auto place =
            std::find_if(clock_places.begin(), clock_places.end(),
                         [&](const ClockPlace& candidate) { return file.below(candidate.prefix); });
        const bool may_read = place != clock_places.end();
        const bool may_sleep = may_read && place->may_sleep;
        for (std::size_t i = 0; i < file.code.size(); ++i) {
            if (!may_read && std::regex_search(file.code[i], clock)) {
                findings.push_back({file.path, i + 1, "reads a clock; take `now` instead"});
            }
            if (!may_sleep && std::regex_search(file.code[i], sleep)) {
                findings.push_back({file.path, i + 1, "sleeps; wait on a condition instead"});
            }
        }
    }
}

}  // namespace tidy
