#pragma once
// One way through a snapshot's file, which is checked as it is read: what a reader does twice, and
// a writer once before the file gets its name. One thread; memory for one section.

#include <string_view>

#include "node/state/snapshot.h"

namespace flyball {

// Visits each section once it is known to be sound, before later ones are. Errors as of
// read_snapshot().
Result<SnapshotSize> scan_snapshot(DiskFile& file, std::string_view name,
                                   const SnapshotLimits& limits, const SectionVisit& visit);

}  // namespace flyball
