#pragma once
// Plots as inline SVG that takes its colours from the page (classes s0, s1, ... for series) and
// needs nothing else. Pure.

#include <string>
#include <utility>
#include <vector>

namespace flyball {

struct PlotSeries {
    std::string name;
    std::vector<std::pair<double, double>> points;  // by x, ascending
};

struct Plot {
    std::string title;  // read out, and above it
    std::string x_unit;
    std::string y_unit;
    std::vector<PlotSeries> series{};
    bool y_logarithmic = false;
    std::vector<std::pair<double, std::string>> x_ticks{};  // empty: chosen
    std::vector<double> marks{};                            // x of events, as thin lines
    double y_line = 0;                                      // a dashed line, e.g. a claim; 0: none
};

struct PlotBar {
    std::string label;
    double value = 0;
    std::string text;  // beside the bar
};

// A figure with the plot, a legend when there are several series, "nothing measured" when empty.
std::string line_plot(const Plot& plot);
std::string bar_plot(const std::string& title, const std::vector<PlotBar>& bars);
std::string escaped(std::string_view text);  // for HTML

}  // namespace flyball
