#pragma once
// What a report says beside its claims and its plots, once for all who write it: sections of
// sentences, tables and lists. Texts of strangers are printable; nothing is escaped for a format
// yet. Pure.

#include <string>
#include <vector>

#include "fleet/report/fleet_figures.h"

namespace flyball {

struct ReportTable {
    std::vector<std::string> head{};
    std::vector<std::vector<std::string>> rows{};
};

// In this order: sentences, the table, more sentences, a list; any of them may be empty.
struct ReportSection {
    std::string title;
    std::vector<std::string> before{};
    ReportTable table{};
    std::vector<std::string> after{};
    std::vector<std::string> items{};
};

std::vector<ReportSection> sections_of(const FleetFigures& figures);

// What a verdict on the gates has to add, as the end of a sentence: a fleet that answers everything
// with an error misses none of them. Nothing when there is nothing, or with `strict`.
std::string uncounted_text(const FleetFigures& figures, bool strict);
// The verdict as a sentence.
std::string verdict_text(const FleetFigures& figures, bool strict);

}  // namespace flyball
