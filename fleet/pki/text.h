#pragma once
// What flyball pki shows of certificates: a table for people, JSON for machines. Pure. Any thread.

#include <string>
#include <vector>

#include "fleet/payload.h"
#include "fleet/pki/folder.h"
#include "fleet/render.h"

namespace flyball {

// other_ca (of an authority that was replaced), revoked, expired, not_yet, ends_soon (within 30
// days), valid.
std::string_view standing_of(const Issued& issued, Instant now);
std::string issued_text(const std::vector<Issued>& issued, Instant now, const Style& style);
Json issued_json(const PkiFolder& folder, const std::vector<Issued>& issued, Instant now);

}  // namespace flyball
