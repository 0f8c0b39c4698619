#pragma once
// What a bench measured, as text for people and as a document. Pure.

#include <string>
#include <vector>

#include "fleet/load/load_figures.h"
#include "fleet/payload.h"
#include "fleet/render.h"

namespace flyball {

// A row for each step of rates.
std::string bench_table(const std::vector<LoadFigures>& steps, const Style& style);
// Bars, a row for each doubling of the latency, with how many are at or below it.
std::string histogram_text(const LoadHistogram& histogram, const Style& style);
// What spoils a measurement: a generator that was late, requests that were lost or refused.
std::vector<std::string> bench_doubts(const std::vector<LoadFigures>& steps);
Json bench_json(const LoadFigures& step);

}  // namespace flyball
