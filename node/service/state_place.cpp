#include "node/service/state_place.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <array>
#include <utility>

namespace flyball {

std::optional<std::string_view> lost_at_reboot(const std::string& folder) {
    constexpr std::array<std::pair<std::uint32_t, std::string_view>, 3> volatile_kinds{
        {{TMPFS_MAGIC, "tmpfs"}, {RAMFS_MAGIC, "ramfs"}, {OVERLAYFS_SUPER_MAGIC, "overlay"}}};
    struct statfs about {};
    if (::statfs(folder.c_str(), &about) != 0) {
        return std::nullopt;
    }
    // The kernel's number has 32 bits; the field is signed on some machines and wider on others.
    const auto kind = static_cast<std::uint32_t>(about.f_type);
    for (const auto& [magic, name] : volatile_kinds) {
        if (kind == magic) {
            return name;
        }
    }
    return std::nullopt;
}

}  // namespace flyball
