// The report with plots, as one page that loads nothing.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fleet/render.h"
#include "fleet/report/plot.h"
#include "fleet/report/report.h"
#include "fleet/report/sections.h"

namespace flyball {

namespace {

constexpr const char* style = R"(
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2330;--dim:#5b6575;--line:#d9dee6;--good:#14713a;
--bad:#b3261e;--c0:#1f6feb;--c1:#b4550a;--c2:#14713a;--c3:#7a3fb0;--c4:#a3195b;--panel:#f5f7fa}
@media(prefers-color-scheme:dark){:root{--bg:#12161d;--fg:#e4e8ef;--dim:#98a3b3;--line:#303947;
--good:#5bc98a;--bad:#ff8a80;--c0:#6cb0ff;--c1:#f0a35e;--c2:#5bc98a;--c3:#c79bf2;--c4:#f58ab9;
--panel:#1a2029}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.4rem 0}.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}
.good,.bad{font-weight:600;white-space:nowrap}
.verdict{font-size:1.1rem;padding:.6rem .8rem;border-left:4px solid;background:var(--panel)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);
vertical-align:top}
th{color:var(--dim);font-weight:600}td.n,th.n{text-align:right;white-space:nowrap}
td.how{color:var(--dim);min-width:14rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem;
margin-bottom:1rem}
figure{margin:0;padding:.6rem;background:var(--panel);border-radius:6px}
figcaption{font-weight:600;margin-bottom:.3rem}
svg{width:100%;max-width:36rem;height:auto;display:block}
svg text{fill:var(--dim);font-size:12px}
.grid{stroke:var(--line)}.mark{stroke:var(--c4);stroke-dasharray:2 3}
.claim{stroke:var(--bad);stroke-dasharray:6 4}
polyline{fill:none;stroke-width:2;stroke-linejoin:round}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
.s4{stroke:var(--c4)}.b0{fill:var(--c0)}
.legend{font-size:13px}.key{margin-right:.8rem}
.key::before{content:"";display:inline-block;width:1em;height:3px;
vertical-align:middle;margin-right:.35em;background:currentColor}
.k0::before{background:var(--c0)}.k1::before{background:var(--c1)}.k2::before{background:var(--c2)}
.k3::before{background:var(--c3)}.k4::before{background:var(--c4)}
ul{padding-left:1.2rem}li{overflow-wrap:anywhere}
@media(max-width:40rem){.claims thead{display:none}.claims tr{display:block;padding:.5rem 0;
border-bottom:1px solid var(--line)}.claims td{display:block;border:0;padding:.05rem 0;
text-align:left!important}.claims td.n::before{content:attr(data-label) " ";color:var(--dim)}}
)";

std::string claims_table(const std::vector<Target>& targets) {
    std::string html =
        "<table class=\"claims\"><thead><tr><th>what</th><th class=\"n\">claimed</th>"
        "<th class=\"n\">measured</th><th></th><th>how</th></tr></thead><tbody>\n";
    for (const Target& target : targets) {
        html += fmt::format(
            "<tr><td>{}{}</td><td class=\"n\" data-label=\"claimed\">{}</td>"
            "<td class=\"n\" data-label=\"measured\">{}</td><td class=\"{}\">{}</td>"
            "<td class=\"how\">{}</td></tr>\n",
            escaped(target.name), target.gate ? " <span class=\"dim\">gate</span>" : "",
            escaped(target_text(target)), escaped(measured_text(target)),
            !target.judged ? "dim"
            : target.met() ? "good"
                           : "bad",
            target.verdict(), escaped(target.how));
    }
    return html + "</tbody></table>\n";
}

// Numbers are set to the right.
std::string cell_html(const std::string& text, bool violated) {
    const bool number =
        !text.empty() && text.find_first_not_of("0123456789.- %") == std::string::npos;
    const std::string kind = std::string(number ? "n" : "") + (violated ? " bad" : "");
    return (kind.empty() ? "<td>" : "<td class=\"" + kind + "\">") + escaped(text) + "</td>";
}

std::string table_html(const ReportTable& table) {
    std::string html = "<div class=\"wide\"><table><thead><tr>";
    for (const std::string& name : table.head) {
        html += "<th>" + escaped(name) + "</th>";
    }
    html += "</tr></thead><tbody>\n";
    for (const auto& row : table.rows) {
        html += "<tr>";
        for (std::size_t at = 0; at < row.size(); ++at) {
            html += cell_html(row[at], table.head[at] == "violations" && row[at] != "0");
        }
        html += "</tr>\n";
    }
    return html + "</tbody></table></div>\n";
}

std::string section_html(const ReportSection& section) {
    std::string html = "<h2>" + escaped(section.title) + "</h2>\n";
    for (const std::string& line : section.before) {
        html += "<p>" + escaped(line) + "</p>\n";
    }
    html += section.table.rows.empty() ? "" : table_html(section.table);
    for (const std::string& line : section.after) {
        html += "<p>" + escaped(line) + "</p>\n";
    }
    html += section.items.empty() ? "" : "<ul>";
    for (const std::string& item : section.items) {
        html += "<li>" + escaped(item) + "</li>\n";
    }
    return html + (section.items.empty() ? "" : "</ul>\n");
}

// By the share of requests that are slower, on a logarithmic scale: 0 is the median's neighbour.
Plot latency_curve(const LoadFigures& load) {
    Plot plot{.title = "Latency by percentile", .x_unit = "percentile", .y_unit = "ms"};
    plot.y_logarithmic = true;
    plot.y_line = 8;
    const double deepest =
        std::log10(std::max<double>(static_cast<double>(load.latency_us.count()), 10));
    for (const RegionLoad& region : load.regions) {
        PlotSeries series{region.region, {}};
        for (double depth = 0; depth <= deepest && region.latency_us.count() > 0; depth += 0.05) {
            const auto us = region.latency_us.percentile(1 - std::pow(10, -depth));
            series.points.emplace_back(depth, std::max(static_cast<double>(us) / 1000, 0.01));
        }
        plot.series.push_back(std::move(series));
    }
    const std::vector<std::pair<double, std::string>> ticks{
        {0.301, "50"}, {1, "90"}, {2, "99"}, {3, "99.9"}, {4, "99.99"}, {5, "99.999"}};
    for (const auto& tick : ticks) {
        if (tick.first <= deepest) {
            plot.x_ticks.push_back(tick);
        }
    }
    return plot;
}

std::vector<PlotBar> latency_bars(const LoadHistogram& histogram) {
    std::vector<PlotBar> bars;
    for (const auto& bucket : histogram.doublings()) {
        const double share = 100 * static_cast<double>(bucket.count) /
                             static_cast<double>(std::max<std::uint64_t>(histogram.count(), 1));
        bars.push_back({"below " + micros_text(static_cast<double>(bucket.up_to_us)),
                        static_cast<double>(bucket.count),
                        fmt::format("{} ({:.2f} %)", bucket.count, share)});
    }
    return bars;
}

template <typename Value>
Plot over_time(const FleetFigures& f, std::string title, std::string unit, const Value& value) {
    Plot plot{.title = std::move(title), .x_unit = "s", .y_unit = std::move(unit)};
    for (const RegionLoad& region : f.load.regions) {
        PlotSeries series{region.region, {}};
        for (const LoadSecond& second : region.seconds) {
            series.points.emplace_back(second.second, value(second));
        }
        plot.series.push_back(std::move(series));
    }
    for (const Restart& restart : f.restarts) {
        plot.marks.push_back(restart.at_s);
    }
    return plot;
}

Plot memory_over_time(const FleetFigures& f) {
    Plot plot{.title = "Memory, sum of PSS", .x_unit = "s", .y_unit = "MB"};
    plot.series = {{"nodes", {}}, {"brokers", {}}, {"this tool", {}}};
    for (const MemorySample& sample : f.memory_samples) {
        plot.series[0].points.emplace_back(sample.at_s,
                                           static_cast<double>(sample.nodes_pss_bytes) / 1e6);
        plot.series[1].points.emplace_back(sample.at_s,
                                           static_cast<double>(sample.brokers_pss_bytes) / 1e6);
        plot.series[2].points.emplace_back(sample.at_s,
                                           static_cast<double>(sample.tool_pss_bytes) / 1e6);
    }
    return plot;
}

std::string plots(const FleetFigures& f) {
    return "<div class=\"plots\">\n" + line_plot(latency_curve(f.load)) +
           line_plot(over_time(f, "Answered a second", "/s",
                               [](const LoadSecond& second) {
                                   return static_cast<double>(second.counts.answered);
                               })) +
           line_plot(over_time(f, "p99 of each second", "ms",
                               [](const LoadSecond& second) {
                                   return static_cast<double>(second.p99_us) / 1000;
                               })) +
           line_plot(memory_over_time(f)) + "</div>\n" +
           bar_plot("Latency, all requests", latency_bars(f.load.latency_us));
}

}  // namespace

std::string report_html(const FleetFigures& f, bool strict) {
    const auto targets = targets_of(f);
    const auto missed = missed_of(targets, strict);
    std::string html = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<title>Fleet {}</title><style>{}</style></head><body>\n<h1>Fleet {}</h1>\n",
        escaped(f.run), style, escaped(f.run));
    html +=
        fmt::format("<p class=\"dim\">{} · flyball {}</p>\n", date_text(f.at), escaped(f.version));
    html += fmt::format("<p class=\"verdict {}\" style=\"white-space:normal\">{}</p>\n",
                        missed.empty() ? "good" : "bad", escaped(verdict_text(f, strict)));
    html += "<h2>Claims</h2>\n" + claims_table(targets);
    html += "<h2>Plots</h2>\n" + plots(f);
    for (const ReportSection& section : sections_of(f)) {
        html += section_html(section);
    }
    return html + "</body></html>\n";
}

}  // namespace flyball
