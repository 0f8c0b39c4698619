#include "fleet/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flyball {

namespace {

// Narrow, so that on a phone the text is not too small to read.
constexpr double width = 420;
constexpr double height = 220;
constexpr double left = 46;
constexpr double right = 18;
constexpr double top = 18;
constexpr double bottom = 30;

struct Axis {
    double low = 0;
    double high = 1;
    bool logarithmic = false;
    std::vector<std::pair<double, std::string>> ticks{};

    double share(double value) const {
        if (logarithmic) {
            return (std::log10(std::max(value, low)) - std::log10(low)) /
                   (std::log10(high) - std::log10(low));
        }
        return (value - low) / (high - low);
    }
};

std::string number(double value) {
    if (value >= 1e6) {
        return fmt::format("{:g}M", value / 1e6);
    }
    return value >= 1e4 ? fmt::format("{:g}k", value / 1e3) : fmt::format("{:g}", value);
}

// 1, 2 or 5 times a power of ten, about four in the range.
double step_of(double range) {
    const double rough = range / 4;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    const double factor = rough / power;
    return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}

Axis linear(double low, double high) {
    Axis axis{low, std::max(high, low + 1e-9)};
    const double step = step_of(axis.high - axis.low);
    axis.low = std::floor(axis.low / step) * step;
    axis.high = std::ceil(axis.high / step) * step;
    for (int at = 0; axis.low + step * at <= axis.high + step / 2; ++at) {
        const double value = axis.low + step * at;
        axis.ticks.emplace_back(value, number(value));
    }
    return axis;
}

Axis logarithmic(double low, double high) {
    Axis axis{std::pow(10, std::floor(std::log10(std::max(low, 1e-3)))), 0, true};
    axis.high = std::max(std::pow(10, std::ceil(std::log10(std::max(high, 1e-3)))), axis.low * 10);
    for (double value = axis.low; value <= axis.high * 1.01; value *= 10) {
        axis.ticks.emplace_back(value, number(value));
    }
    return axis;
}

struct Extent {
    double x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;
};

Extent extent_of(const Plot& plot) {
    Extent extent;
    for (const PlotSeries& series : plot.series) {
        for (const auto& [x, y] : series.points) {
            extent.x_low = std::min(extent.x_low, x);
            extent.x_high = std::max(extent.x_high, x);
            extent.y_low = std::min(extent.y_low, y);
            extent.y_high = std::max(extent.y_high, y);
        }
    }
    extent.y_high = std::max(extent.y_high, plot.y_line);
    return extent;
}

double place_x(const Axis& axis, double value) {
    return left + axis.share(value) * (width - left - right);
}

double place_y(const Axis& axis, double value) {
    return height - bottom - axis.share(value) * (height - top - bottom);
}

std::string grid(const Plot& plot, const Axis& x, const Axis& y) {
    std::string svg;
    for (const auto& [value, text] : y.ticks) {
        const double at = place_y(y, value);
        svg += fmt::format(R"(<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)"
                           R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)",
                           left, at, width - right, at, left - 6, at + 4, escaped(text));
    }
    for (const auto& [value, text] : x.ticks) {
        svg += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)",
                           place_x(x, value), height - 14, x.share(value) > 0.97 ? "end" : "middle",
                           escaped(text));
    }
    for (const double mark : plot.marks) {
        const double at = place_x(x, std::clamp(mark, x.low, x.high));
        svg += fmt::format(
            R"(<line class="mark" x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>)", at, top,
            height - bottom);
    }
    if (plot.y_line > 0) {
        const double at = place_y(y, plot.y_line);
        svg +=
            fmt::format(R"(<line class="claim" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)",
                        left, at, width - right, at);
    }
    return svg;
}

std::string legend(const Plot& plot) {
    if (plot.series.size() < 2) {
        return {};
    }
    std::string html = "<p class=\"legend\">";
    for (std::size_t at = 0; at < plot.series.size(); ++at) {
        html +=
            fmt::format("<span class=\"key k{}\">{}</span> ", at, escaped(plot.series[at].name));
    }
    return html + "</p>";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string html;
    for (const char c : text) {
        switch (c) {
            case '&': html += "&amp;"; break;
            case '<': html += "&lt;"; break;
            case '>': html += "&gt;"; break;
            case '"': html += "&quot;"; break;
            default: html += c;
        }
    }
    return html;
}

std::string line_plot(const Plot& plot) {
    const Extent extent = extent_of(plot);
    const std::string head =
        fmt::format("<figure><figcaption>{}</figcaption>", escaped(plot.title));
    if (extent.x_low > extent.x_high) {
        return head + "<p class=\"empty\">nothing measured</p></figure>\n";
    }
    Axis x = linear(extent.x_low, extent.x_high);
    x.high = std::max(extent.x_high, extent.x_low + 1e-9);
    std::erase_if(x.ticks, [&](const auto& tick) { return tick.first > x.high; });
    if (!plot.x_ticks.empty()) {
        x.ticks = plot.x_ticks;
    }
    const Axis y =
        plot.y_logarithmic ? logarithmic(extent.y_low, extent.y_high) : linear(0, extent.y_high);
    std::string svg = fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", width,
                                  height, escaped(plot.title));
    svg += grid(plot, x, y);
    for (std::size_t at = 0; at < plot.series.size(); ++at) {
        std::string points;
        for (const auto& [px, py] : plot.series[at].points) {
            points += fmt::format("{:.1f},{:.1f} ", place_x(x, px), place_y(y, py));
        }
        svg += fmt::format(R"(<polyline class="s{}" points="{}"/>)", at, points);
    }
    svg += fmt::format(R"(<text x="2" y="10">{}</text>)"
                       R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text></svg>)",
                       escaped(plot.y_unit), width - 2, height - 1, escaped(plot.x_unit));
    return head + svg + legend(plot) + "</figure>\n";
}

std::string bar_plot(const std::string& title, const std::vector<PlotBar>& bars) {
    const std::string head = fmt::format("<figure><figcaption>{}</figcaption>", escaped(title));
    if (bars.empty()) {
        return head + "<p class=\"empty\">nothing measured</p></figure>\n";
    }
    constexpr double row = 20;
    constexpr double label = 104;
    constexpr double text = 136;
    double most = 0;
    for (const PlotBar& bar : bars) {
        most = std::max(most, bar.value);
    }
    std::string svg = fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", width,
                                  row * static_cast<double>(bars.size()) + 4, escaped(title));
    double at = 2;
    for (const PlotBar& bar : bars) {
        const double long_ = most > 0 ? bar.value / most * (width - label - text) : 0;
        svg +=
            fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)"
                        R"(<rect class="b0" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>)"
                        R"(<text x="{:.1f}" y="{:.1f}">{}</text>)",
                        label - 6, at + 14, escaped(bar.label), label, at + 2, std::max(long_, 0.5),
                        row - 5, label + long_ + 6, at + 14, escaped(bar.text));
        at += row;
    }
    return head + svg + "</svg></figure>\n";
}

}  // namespace flyball
