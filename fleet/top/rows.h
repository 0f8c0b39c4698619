#pragma once
// The tables of `flyball top`: which columns, and what stands in them. Pure. Any thread.

#include <string>
#include <vector>

#include "fleet/top/columns.h"
#include "fleet/view/fleet_view.h"

namespace flyball {

std::vector<Column> region_columns();
std::vector<Cell> region_cells(const RegionRow& region);

std::vector<Column> node_columns();
std::vector<Cell> node_cells(const NodeRow& node);

std::vector<Column> governor_columns();
std::vector<Cell> governor_cells(const GovernorFacts& governor);

// "8 online, 1 lost"
std::string census(const RegionRow& region);

}  // namespace flyball
