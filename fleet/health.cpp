// flyball health: the last health report of each node.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "fleet/health_report.h"
#include "fleet/node_hint.h"
#include "fleet/reply_text.h"
#include "fleet/verb.h"
#include "fleet/view/expectation.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball health
  flyball health eu-west/pi-7
  flyball health --check --expect /etc/flyball/nodes   # one region/node a line
  flyball health eu-west/pi-7 --check --max-age 90s --json)";

constexpr const char* about =
    R"(Shows the last health report of each node, or all of one.

A report that is older than three of its own intervals, or than --max-age, is
no sign of life: the node counts as lost. With --check the exit status is 1
unless every node is online: those that have reported, or those of --expect.
69 when there is no broker.)";

struct Row {
    HealthReport health;
    HealthView view;
};

Json number_at(const Json& report, const char* map, const char* key) {
    const auto outer = report.find(map);
    if (outer == report.end() || !outer->is_object() || !outer->contains(key)) {
        return nullptr;
    }
    return (*outer)[key].is_number() ? (*outer)[key] : Json(nullptr);
}

template <typename Text>
std::string told(const Json& number, Text text) {
    return number.is_number() ? text(number) : std::string("-");
}

std::int64_t sum_over_governors(const Json& report, const char* key) {
    std::int64_t sum = 0;
    const auto governors = report.find("governors");
    if (governors == report.end() || !governors->is_array()) {
        return sum;
    }
    for (const Json& governor : *governors) {
        if (governor.is_object() && governor.contains(key) && governor[key].is_number_integer()) {
            sum += governor[key].get<std::int64_t>();
        }
    }
    return sum;
}

std::string up_text(std::int64_t seconds) {
    constexpr std::int64_t sane = std::int64_t{1} << 40;  // no overflow, whatever was sent
    return seconds < 1 ? "0 s" : span_text(std::min(seconds, sane) * 1000);
}

std::vector<std::string> cells_of(const Row& row, const Style& style) {
    const Json report = row.health.report.is_object() ? row.health.report : Json::object();
    const auto integer = [](const Json& number) { return number.get<std::int64_t>(); };
    const auto uptime = report.find("uptime_s");
    const auto total = report.find("governors_total");
    return {
        row.health.name.text(),
        paint(style, tone_of_decision(row.view.status), row.view.status),
        row.view.age ? span_text(row.view.age->count()) : "-",
        told(uptime == report.end() ? Json() : *uptime,
             [&](const Json& n) { return up_text(integer(n)); }),
        told(number_at(report, "throughput", "per_second"),
             [](const Json& n) { return fmt::format("{:.1f}", n.get<double>()); }),
        told(number_at(report, "latency_us", "p99"),
             [](const Json& n) { return micros_text(n.get<double>()); }),
        told(number_at(report, "memory", "pss_bytes"),
             [&](const Json& n) { return bytes_text(integer(n)); }),
        total == report.end() ? "-" : value_text(*total),
        report.contains("governors") ? fmt::format("{}", sum_over_governors(report, "deny")) : "-",
        row.view.note,
    };
}

std::string table_text(const std::vector<Row>& rows, const Style& style) {
    Table table({"NODE", "STATUS", "SEEN", "UP", "REQ/S", "P99", "MEM", "GOV", "DENY", "NOTE"});
    for (const Row& row : rows) {
        table.add(cells_of(row, style));
    }
    return table.text(style);
}

std::string summary(const std::vector<Row>& rows) {
    std::map<std::string, std::size_t> counts;
    for (const Row& row : rows) {
        ++counts[row.view.status];
    }
    std::string text = fmt::format("{} node{}:", rows.size(), rows.size() == 1 ? "" : "s");
    for (const auto& [status, count] : counts) {
        text += fmt::format("{} {} {}", text.back() == ':' ? "" : ",", count, status);
    }
    return text;
}

std::string one_text(const Row& row, const Style& style) {
    std::string head = paint(style, tone_of_decision(row.view.status), row.view.status);
    head += " " + paint(style, Tone::strong, row.health.name.text());
    if (row.view.age) {
        head += fmt::format(", seen {} ago", span_text(row.view.age->count()));
    }
    if (!row.view.note.empty()) {
        head += fmt::format(" ({})", row.view.note);
    }
    return head + "\n" + details_text(row.health.report, style);
}

Json json_of(const std::vector<Row>& rows) {
    Json nodes = Json::array();
    for (const Row& row : rows) {
        nodes.push_back({{"region", row.health.name.region},
                         {"node", row.health.name.node},
                         {"status", row.view.status},
                         {"age_ms", row.view.age ? Json(row.view.age->count()) : Json()},
                         {"note", row.view.note},
                         {"report", row.health.report}});
    }
    return nodes;
}

class Health final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Exit report(Collected collected, const std::optional<NodeName>& only,
                const std::vector<NodeName>& expected) const;
    Exit checked(const std::vector<Row>& rows, const std::vector<NodeName>& expected) const;

    Exit unknown(const NodeName& node) const;

    Common common_;
    std::string node_text_;
    std::string expect_file_;
    std::string max_age_;
    bool check_ = false;
};

CLI::App* Health::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("health", about);
    verb->footer(examples);
    CLI::Option* node =
        verb->add_option("NODE", node_text_, "region/node; all without it")->type_name(node_value);
    verb->add_flag("--check", check_, "exit with 1 unless every node is online");
    verb->add_option("--expect", expect_file_, "the nodes that have to be there, one a line")
        ->type_name(file_value)
        ->excludes(node);
    takes_duration(
        *verb->add_option("--max-age", max_age_, "older reports count as lost (3 intervals: 3m)"));
    add_common_options(*verb, common_);
    return verb;
}

Exit Health::checked(const std::vector<Row>& rows, const std::vector<NodeName>& expected) const {
    if (!check_) {
        return Exit::done;
    }
    if (rows.empty()) {
        complain(fmt::format("no node has reported health below {}", common_.bus.prefix));
        return Exit::missed;
    }
    Exit exit = Exit::done;
    for (const Row& row : rows) {
        const bool counts =
            expected.empty() || std::ranges::any_of(expected, [&](const NodeName& name) {
                return name.text() == row.health.name.text();
            });
        if (counts && !row.view.online()) {
            complain(sentence_about(row.health, row.view));
            exit = Exit::missed;
        }
    }
    return exit;
}

Exit Health::report(Collected collected, const std::optional<NodeName>& only,
                    const std::vector<NodeName>& expected) const {
    const Instant now = wall_now();
    std::optional<Span> max_age;
    if (const auto duration = parse_duration(max_age_)) {
        max_age = Span(duration->ms);
    }
    for (const NodeName& name : expected) {
        collected.nodes.try_emplace(name.text(), HealthReport{name, nullptr, true, now});
    }
    std::vector<Row> rows;
    for (auto& [text, health] : collected.nodes) {
        const HealthView view = judge(health, now, max_age);
        rows.push_back({std::move(health), view});
    }
    const Style style = style_of(STDOUT_FILENO);
    if (common_.json) {
        print(json_text(json_of(rows)) + "\n");
    } else if (only && rows.size() == 1 && rows[0].health.report.is_object()) {
        print(one_text(rows[0], style));
    } else if (!rows.empty()) {
        print(table_text(rows, style) + summary(rows) + "\n");
    } else {
        print(fmt::format("no node has reported health below {}\n", common_.bus.prefix));
    }
    return checked(rows, expected);
}

Exit Health::unknown(const NodeName& node) const {
    const auto others = collect_health(common_.bus, std::nullopt);
    const auto hints =
        hints_about(node, others.value_or(Collected{}), common_.bus.prefix, wall_now());
    complain(hints.front());
    for (std::size_t i = 1; i < hints.size(); ++i) {
        hint(hints[i]);
    }
    if (common_.json) {
        print("[]\n");
    }
    return Exit::missed;
}

Exit Health::run() {
    std::optional<NodeName> only;
    std::vector<NodeName> expected;
    if (!node_text_.empty()) {
        auto node = parse_node(node_text_);
        if (!node) {
            return fail(node.error());
        }
        only = *node;
        expected.push_back(*node);
    }
    if (!expect_file_.empty()) {
        auto names = read_expected(expect_file_);
        if (!names) {
            return fail(names.error());
        }
        expected = *std::move(names);
    }
    auto collected = collect_health(common_.bus, only);
    if (!collected) {
        return fail(collected.error());
    }
    if (!collected->complete) {
        complain("the broker did not confirm the end of its list; some nodes may be missing");
    }
    if (only && collected->nodes.empty()) {
        return unknown(*only);
    }
    return report(*std::move(collected), only, expected);
}

}  // namespace

std::unique_ptr<Verb> make_health() {
    return std::make_unique<Health>();
}

}  // namespace flyball
