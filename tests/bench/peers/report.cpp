#include "tests/bench/peers/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <thread>

namespace flyball::bench {
namespace {

using Row = std::vector<std::string>;

// Three digits that mean something.
std::string written(double value) {
    if (std::isnan(value)) {
        return "–";
    }
    return value < 10    ? fmt::format("{:.2f}", value)
           : value < 100 ? fmt::format("{:.1f}", value)
                         : fmt::format("{:.0f}", value);
}

std::size_t columns_of(const std::string& text) {  // as a terminal shows it: µ and – are two bytes
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned>(c) & 0xc0U) != 0x80U;
    }));
}

std::string aligned(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.front().size(), 3);
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], columns_of(row[i]));
        }
    }
    std::string text;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        text += '|';
        for (std::size_t i = 0; i < rows[at].size(); ++i) {
            const std::string blank(widths[i] - columns_of(rows[at][i]), ' ');
            text += i == 0 ? fmt::format(" {}{} |", rows[at][i], blank)
                           : fmt::format(" {}{} |", blank, rows[at][i]);
        }
        text += '\n';
        if (at == 0) {
            text += '|';
            for (std::size_t i = 0; i < widths.size(); ++i) {
                text += std::string(widths[i] + 1, '-') + (i == 0 ? "-|" : ":|");
            }
            text += '\n';
        }
    }
    return text;
}

// Of saturated rates, the median of what a round's two say: drift of the machine hits both alike.
double median_ratio(const Measured& one, const Measured& other) {
    std::vector<Figures> ratios;
    for (std::size_t i = 0; i < std::min(one.rounds.size(), other.rounds.size()); ++i) {
        Figures ratio;
        ratio.per_second = one.rounds[i].per_second / other.rounds[i].per_second;
        ratios.push_back(ratio);
    }
    return median_of(ratios).per_second;
}

struct HalfLoad {
    double Figures::*latency;
    double Figures::*lateness;
};
constexpr std::array<HalfLoad, 3> half_load{
    {{&Figures::half_p50_us, &Figures::half_late_p50_us},
     {&Figures::half_p99_us, &Figures::half_late_p99_us},
     {&Figures::half_p999_us, &Figures::half_late_p999_us}}};

// More than half of such a latency is the generator's own and says nothing of the peer.
bool is_generators(const Figures& medians, const HalfLoad& half) {
    return medians.*half.lateness > medians.*half.latency / 2;
}

Figures what_is_the_peers(Figures medians) {
    for (const HalfLoad& half : half_load) {
        if (is_generators(medians, half)) {
            medians.*half.latency = none;
        }
    }
    return medians;
}

}  // namespace

Figures median_of(const std::vector<Figures>& rounds) {
    Figures medians;
    for (const FigureName& name : figure_names) {
        std::vector<double> values;
        for (const Figures& round : rounds) {
            if (!std::isnan(round.*name.value)) {
                values.push_back(round.*name.value);
            }
        }
        std::sort(values.begin(), values.end());
        const std::size_t half = values.size() / 2;
        medians.*name.value = values.empty()           ? none
                              : values.size() % 2 == 1 ? values[half]
                                                       : (values[half - 1] + values[half]) / 2;
    }
    return medians;
}

std::string table_of(const std::vector<Measured>& all) {
    Row head{"peer"};
    for (const FigureName& name : figure_names) {
        if (!name.heading.empty()) {
            head.emplace_back(name.heading);
        }
    }
    head.insert(head.begin() + 2, "of raw");
    const auto raw = std::ranges::find(all, "raw", [](const Measured& m) { return m.peer.name; });
    std::vector<Row> rows{head};
    for (const Measured& measured : all) {
        const Figures medians = what_is_the_peers(median_of(measured.rounds));
        Row row{measured.peer.title};
        for (const FigureName& name : figure_names) {
            if (!name.heading.empty()) {
                row.push_back(written(medians.*name.value));
            }
        }
        const bool comparable = raw != all.end() && measured.peer.place != Peer::Place::in_process;
        row.insert(row.begin() + 2, written(comparable ? median_ratio(measured, *raw) : none));
        rows.push_back(row);
    }
    return aligned(rows);
}

std::string notes_of(const std::vector<Measured>& all, const RunSettings& settings) {
    std::string text = fmt::format(
        "Medians of the rounds. Saturated: {} in flight. half: open loop at half of the peer's "
        "own\n"
        "saturated rate, timed from when each question was due. CPU: microseconds a decision,\n"
        "saturated, of the responder, of its broker and of both. MB of 10^6 bytes. start: exec to "
        "the\n"
        "first answer; in the broker the broker's own start is in it. In process: no broker and "
        "no\n"
        "socket, callers in the same program.\n\n",
        settings.in_flight);
    for (const Measured& measured : all) {
        const Peer& peer = measured.peer;
        text += fmt::format(
            "{}: {}\n", peer.title,
            peer.versions.empty() ? "NOT MEASURED, install " + peer.needs : peer.versions);
        if (!measured.fault.empty()) {
            text += fmt::format("  FAILED: {}\n", measured.fault);
        }
        double lost = 0;
        for (const Figures& round : measured.rounds) {
            lost += std::isnan(round.unanswered) ? 0 : round.unanswered;
        }
        if (lost > 0) {
            text += fmt::format("  {:.0f} questions got no answer\n", lost);
        }
        const Figures medians = median_of(measured.rounds);
        if (std::ranges::any_of(
                half_load, [&](const HalfLoad& half) { return is_generators(medians, half); })) {
            text += fmt::format(
                "  half load: its generator did not keep to {:.0f} a second: late by {} us, p99 "
                "{}, "
                "p99.9 {}\n",
                medians.half_per_second, written(medians.half_late_p50_us),
                written(medians.half_late_p99_us), written(medians.half_late_p999_us));
        }
    }
    return text;
}

nlohmann::ordered_json json_of(const std::vector<Measured>& all, const RunSettings& settings) {
    using Json = nlohmann::ordered_json;
    const auto as_json = [](const Figures& figures) {
        Json out = Json::object();
        for (const FigureName& name : figure_names) {
            const double value = figures.*name.value;
            out[std::string(name.key)] = std::isnan(value) ? Json() : Json(value);
        }
        return out;
    };
    Json peers = Json::array();
    for (const Measured& measured : all) {
        Json rounds = Json::array();
        for (const Figures& round : measured.rounds) {
            rounds.push_back(as_json(round));
        }
        peers.push_back({{"name", measured.peer.name},
                         {"title", measured.peer.title},
                         {"versions", measured.peer.versions},
                         {"fault", measured.fault},
                         {"median", as_json(median_of(measured.rounds))},
                         {"rounds", rounds}});
    }
    return {{"broker", said_by("/usr/sbin/mosquitto -h | head -1")},
            {"kernel", said_by("uname -sr")},
            {"processors", std::thread::hardware_concurrency()},
            {"ms", settings.length.count()},
            {"in_flight", settings.in_flight},
            {"limit", settings.rule.limit},
            {"window_ms", settings.rule.window_ms},
            {"tenants", Questions::tenant_count},
            {"peers", peers}};
}

}  // namespace flyball::bench
