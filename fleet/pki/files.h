#pragma once
// Files that are there whole or not at all: written beside their place, synced, moved. Any thread.

#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace flyball {

inline constexpr unsigned mode_secret = 0600;
inline constexpr unsigned mode_public = 0644;

// ErrorCode::unavailable, with the path and the system's reason.
Result<void> write_whole(const std::string& path, std::string_view content, unsigned mode);

struct WholeFile {
    std::string path;
    std::string_view content;
    unsigned mode = mode_secret;
};
// Both or neither, in one folder, in the place of those that are there. What fails leaves these. A
// power cut may leave neither, and these beside it as .old: never one of each.
Result<void> write_pair(const WholeFile& key, const WholeFile& certificate);
Result<void> make_folder(const std::string& path);  // mode 0700, with those above it
bool there_is(const std::string& path);
// Paths of the files below `folder` that end in `ending`, sorted; `deep`: of its folders too.
std::vector<std::string> files_in(const std::string& folder, std::string_view ending, bool deep);

}  // namespace flyball
