#pragma once
// Whether a folder is on something that does not outlive a reboot: memory, or the overlay that a
// read-only root is mounted with. Any thread.

#include <optional>
#include <string>
#include <string_view>

namespace flyball {

// "tmpfs", "ramfs", "overlay"; nothing for a disk, and when it cannot be told.
std::optional<std::string_view> lost_at_reboot(const std::string& folder);

}  // namespace flyball
