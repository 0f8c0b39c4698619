#pragma once
// What somebody with the format's description in hand could do to a journal: change a record and
// seal all groups anew.

#include <string>
#include <string_view>

#include "tests/sim/memory_disk.h"

namespace flyball {

// The last file whose name begins so; empty: none.
std::string newest_file(const DiskImage& image, std::string_view prefix);

// Puts `after`, which is as long, in place of the last `before` in the newest segment's records.
// False: it is in none of them.
bool edit_journal(DiskImage& image, std::string_view before, std::string_view after);

}  // namespace flyball
