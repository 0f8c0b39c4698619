#pragma once
// The report of a run: report.md for people, report.json for machines (`targets` and `invariants`
// as docs/fleet-report.md says), report.html with plots that need no network. The texts are pure;
// write_report() puts them into a folder.

#include <string>
#include <vector>

#include "fleet/payload.h"
#include "fleet/report/claims.h"
#include "fleet/report/fleet_figures.h"
#include "schemas/result.h"

namespace flyball {

std::string report_markdown(const FleetFigures& figures, bool strict);
Json load_json(const LoadFigures& load);  // a part of it
Json report_json(const FleetFigures& figures, bool strict);
std::string report_html(const FleetFigures& figures, bool strict);

// What a terminal shows at the end: each target, invariants with violations, the verdict.
std::string report_summary(const FleetFigures& figures, bool strict);

// Makes the folder where it is missing; unavailable, with the path, when it cannot be written.
Result<bool> write_report(const std::string& folder, const FleetFigures& figures, bool strict);

// One figure with its unit, as the report writes them: "93.4 MB", "not measured".
std::string measured_text(const Target& target);
std::string target_text(const Target& target);  // "at most 8 ms"

}  // namespace flyball
