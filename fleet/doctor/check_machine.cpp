// The machine: its memory and the size of its pages.

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>

#include "fleet/doctor/checks.h"

namespace flyball {
namespace {

constexpr std::int64_t mib = 1024 * 1024;
// The unit allows a node 64 MiB, and one with a few thousand tenants takes a tenth of it.
constexpr std::int64_t little_bytes = 64 * mib;
constexpr std::int64_t too_little_bytes = 16 * mib;

// As `free` counts it: what programs can still have.
std::optional<std::int64_t> available_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string name;
    std::int64_t kilobytes = 0;
    std::string unit;
    while (file >> name >> kilobytes) {
        if (name == "MemAvailable:") {
            return kilobytes * 1024;
        }
        std::getline(file, unit);
    }
    return std::nullopt;
}

// Raspberry Pi OS starts its kernels without: the unit's MemoryMax= is accepted then and holds
// nothing. Without the file, with the older cgroups or in a container, that cannot be seen.
void check_memory_bound(const std::string& controllers, Findings& findings) {
    std::ifstream file(controllers);
    std::string name;
    while (file >> name) {
        if (name == "memory") {
            return;
        }
    }
    if (file.eof()) {
        findings.warn("memory bound",
                      "MemoryMax= of the unit holds nothing: the kernel counts no memory",
                      "cgroup_enable=memory at the end of the line in /boot/firmware/cmdline.txt, "
                      "and a restart");
    }
}

}  // namespace

void check_machine(const ExaminedDevice& device, Findings& findings,
                   const std::string& controllers) {
    const auto available = available_bytes();
    if (!available) {
        findings.warn("memory", "/proc/meminfo does not say how much is left", "free -m");
    } else if (*available < little_bytes) {
        const std::string text = bytes_text(*available) + " left";
        const char* const advice = "end what is not needed, or lower max_tenants and ring.capacity";
        if (*available < too_little_bytes) {
            findings.fail("memory", text, advice);
        } else {
            findings.warn("memory", text, advice);
        }
    } else {
        findings.ok("memory", bytes_text(*available) + " left");
    }
    if (device.unit) {
        check_memory_bound(controllers, findings);
    }
    const long page = ::sysconf(_SC_PAGESIZE);
    constexpr long usual = 4096;
    findings.ok("pages", page == usual
                             ? "of 4 KiB"
                             : fmt::format("of {}: a node takes more memory than with 4 KiB",
                                           bytes_text(page)));
}

}  // namespace flyball
