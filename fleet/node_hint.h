#pragma once
// What to tell somebody whose node does not answer, or has never reported. Pure. Any thread.

#include <string>
#include <vector>

#include "fleet/health_report.h"

namespace flyball {

std::vector<std::string> hints_about(const NodeName& node, const Collected& health,
                                     const std::string& prefix, Instant now);

}  // namespace flyball
