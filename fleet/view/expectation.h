#pragma once
// Which nodes have to be there, and what to say of each that is not as it should be. Pure but for
// read_expected(), which reads a file. Any thread.

#include <string>
#include <vector>

#include "fleet/health_report.h"
#include "fleet/node_name.h"

namespace flyball {

// One region/node a line; `#` begins a remark. Fails (usage) with the file's name and line.
Result<std::vector<NodeName>> read_expected(const std::string& file);

// A sentence: "eu/pi-7 is lost: its last report is 5 min old and said online".
std::string sentence_about(const HealthReport& health, const HealthView& view);

}  // namespace flyball
