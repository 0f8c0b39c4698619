// The state folder: there, whose, on what, how full, how fast; and whether what is in it is sound.

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "fleet/clock.h"
#include "fleet/doctor/checks.h"
#include "fleet/doctor/run_program.h"

namespace flyball {
namespace {

constexpr mode_t others = 0027;  // writing by the group, anything by everybody else
constexpr std::size_t syncs = 5;
constexpr double slow_sync_ms = 100;  // a card under load; etcd asks for 10
constexpr double hopeless_sync_ms = 2000;
constexpr Span verify_wait{60'000};

std::string reason(int error) {
    return std::generic_category().message(error);
}

// What a reboot or the end of a container empties. The node looks for itself at its start
// (node/service/state_place.cpp), which this tool does not link: it has to work where no node does.
const char* volatile_kind(const std::string& folder) {
    struct statfs about {};
    if (::statfs(folder.c_str(), &about) != 0) {
        return nullptr;
    }
    switch (static_cast<std::uint32_t>(about.f_type)) {
        case TMPFS_MAGIC: return "tmpfs";
        case RAMFS_MAGIC: return "ramfs";
        case OVERLAYFS_SUPER_MAGIC: return "overlay";
        default: return nullptr;
    }
}

void check_permissions(const std::string& folder, const struct stat& about, Findings& findings) {
    const std::string mode = fmt::format("mode {:04o}", about.st_mode & 07777U);
    if ((about.st_mode & others) != 0) {
        findings.warn("state folder", fmt::format("{} has {}: others may look in", folder, mode),
                      fmt::format("chmod 0700 {}", folder));
    } else {
        findings.ok("state folder", fmt::format("{}, {}, of user {}", folder, mode, about.st_uid));
    }
}

void check_place(const std::string& folder, Findings& findings) {
    if (const char* const kind = volatile_kind(folder)) {
        findings.warn("state disk", fmt::format("{} is on {}: lost at reboot", folder, kind),
                      "give state.dir a partition of its own: docs/deploy.md, read-only root");
    }
}

void check_room(const std::string& folder, std::int64_t max_bytes, Findings& findings) {
    struct statvfs about {};
    if (::statvfs(folder.c_str(), &about) != 0) {
        return;
    }
    if ((about.f_flag & ST_RDONLY) != 0) {
        findings.fail("state disk", fmt::format("{} is mounted read-only", folder),
                      "a card that fails is mounted so: look at dmesg, then mount it for writing");
        return;
    }
    const auto left = static_cast<std::int64_t>(about.f_bavail * about.f_frsize);
    const std::string text =
        fmt::format("{} free, state.max_bytes is {}", bytes_text(left), bytes_text(max_bytes));
    if (left < max_bytes / 4) {
        findings.fail("disk space", text, "make room, or lower state.max_bytes");
    } else if (left < max_bytes) {
        findings.warn("disk space", text, "make room, or lower state.max_bytes");
    } else {
        findings.ok("disk space", text);
    }
}

// A file without a name, so that nothing is left behind: 4 KiB, synced as the journal is.
void check_sync(const std::string& folder, Findings& findings) {
    const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) {
        findings.warn("disk sync", fmt::format("not measured: {}: {}", folder, reason(errno)),
                      "run it as root");
        return;
    }
    const std::array<char, 4096> block{};
    std::array<double, syncs> took_ms{};
    bool good = true;
    for (std::size_t i = 0; i < syncs; ++i) {
        const std::int64_t begun_us = monotonic_us();
        good = good &&
               ::pwrite(file, block.data(), block.size(), 0) == static_cast<ssize_t>(block.size());
        good = good && ::fdatasync(file) == 0;
        took_ms[i] = static_cast<double>(monotonic_us() - begun_us) / 1000.0;
    }
    const int error = errno;
    ::close(file);
    std::ranges::sort(took_ms);
    const std::string text = fmt::format("{:.1f} ms for 4 KiB, {:.1f} at worst, of {}",
                                         took_ms[syncs / 2], took_ms.back(), syncs);
    const char* const advice =
        "state.durability = \"interval\" asks for one a second; \"commit\" wants an industrial "
        "card, eMMC or an SSD";
    if (!good) {
        findings.fail("disk sync", reason(error), "the card fails, or is full");
    } else if (took_ms.back() > hopeless_sync_ms) {
        findings.fail("disk sync", text, advice);
    } else if (took_ms[syncs / 2] > slow_sync_ms) {
        findings.warn("disk sync", text, advice);
    } else {
        findings.ok("disk sync", text);
    }
}

void check_content(const ExaminedDevice& device, const std::string& folder, Findings& findings) {
    const auto run = run_program({device.program, "state", "verify", folder}, {}, verify_wait);
    if (!run) {
        findings.warn("state", run.error().message, "flyball state verify " + folder);
        return;
    }
    const std::string line = run->out.substr(0, run->out.find('\n'));
    const std::string fault = run->err.substr(0, run->err.find('\n'));
    if (run->status == 0) {
        findings.ok("state", "every checksum holds");
    } else {
        findings.fail("state", fault.empty() ? line : fault,
                      "flyball state verify " + folder + " names file and offset");
    }
}

}  // namespace

void check_state(const ExaminedDevice& device, Findings& findings) {
    if (!device.config) {
        return;
    }
    const std::string& folder = device.config->state_dir;
    struct stat about {};
    if (::stat(folder.c_str(), &about) != 0) {
        const int error = errno;
        if (error == ENOENT) {
            findings.ok("state folder", folder + " is not there yet: the first start makes it");
        } else {
            findings.warn("state folder", fmt::format("{}: {}", folder, reason(error)),
                          "run it as root to look in");
        }
        return;
    }
    check_permissions(folder, about, findings);
    check_place(folder, findings);
    check_room(folder, device.config->state_bytes_max, findings);
    if (::access(folder.c_str(), R_OK | X_OK) != 0) {
        findings.warn("state", "not looked at: " + reason(errno), "run it as root");
        return;
    }
    check_sync(folder, findings);
    check_content(device, folder, findings);
}

}  // namespace flyball
