#pragma once
// What flyball pki shows of certificates: a table for people, JSON for machines. Pure. Any thread.

#include <string>
#include <vector>

#include "fleet/payload.h"
#include "fleet/pki/folder.h"
#include "fleet/render.h"

namespace flyball {

// valid, "ends soon" (within 30 days), expired, "not yet", revoked.
std::string_view standing_of(const Issued& issued, Instant now);
std::string issued_text(const std::vector<Issued>& issued, Instant now, const Style& style);
Json issued_json(const PkiFolder& folder, const std::vector<Issued>& issued, Instant now);

}  // namespace flyball
