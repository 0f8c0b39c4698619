#pragma once
// `flyball fleet run` from the first process to the report. Main thread.

#include "fleet/exit.h"
#include "fleet/run/plan.h"

namespace flyball {

// Progress goes to stderr, the summary (with `json` the report itself) to stdout. 0 done, 1 a gate
// was missed, 69 something that is needed is not there, 70 the fleet broke.
Exit run_fleet(const Plan& plan, bool json);

}  // namespace flyball
