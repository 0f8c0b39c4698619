#include "node/state/folder_room.h"

#include <algorithm>

#include "node/state/journal_format.h"
#include "schemas/size_within.h"

namespace flyball {

namespace {

constexpr std::uint64_t parts = 5;
// The lock, the identity, and that no part is a whole number of pages.
constexpr std::uint64_t others_bytes = 4096;
constexpr std::uint64_t segments_in_max = 32;

std::uint64_t rounded_down(std::uint64_t bytes) {
    return bytes / segment_step_bytes * segment_step_bytes;
}

Result<std::uint64_t> bytes_of(Disk& disk, const std::string& name) {
    const auto file = disk.open(name, Disk::Open::read);
    return file ? (*file)->size() : Result<std::uint64_t>(file.error());
}

}  // namespace

FolderRoom::FolderRoom(std::uint64_t max_bytes)
    : part_(rounded_down((max_bytes - std::min(max_bytes, others_bytes)) / parts)) {}

std::uint64_t FolderRoom::journal_bytes(std::uint64_t damaged) const {
    return 2 * part_ - std::min(damaged, part_);
}

std::size_t segment_bytes_within(std::uint64_t max_bytes, std::size_t wanted) {
    return std::max(size_up_to(rounded_down(max_bytes / segments_in_max), wanted),
                    segment_step_bytes);
}

Result<std::uint64_t> folder_bytes(Disk& disk) {
    const auto names = disk.list();
    if (!names) {
        return names.error();
    }
    std::uint64_t sum = 0;
    for (const std::string& name : *names) {
        const auto bytes = bytes_of(disk, name);
        sum += bytes ? *bytes : 0;  // of what cannot be asked others will tell
    }
    return sum;
}

Result<std::vector<std::string>> damaged_files(Disk& disk) {
    auto names = disk.list();
    if (names) {
        std::erase_if(*names, [](const std::string& name) { return !name.ends_with(".damaged"); });
    }
    return names;
}

Result<std::uint64_t> bound_damaged(Disk& disk, const std::vector<std::string>& before,
                                    std::uint64_t most, std::vector<std::string>& removed) {
    auto names = damaged_files(disk);
    if (!names) {
        return names.error();
    }
    // Not the one of std::ranges: clang 14 does not compile what that returns.
    std::stable_partition(names->begin(), names->end(), [&before](const std::string& name) {
        return std::ranges::find(before, name) != before.end();
    });
    std::uint64_t sum = 0;
    std::vector<std::uint64_t> sizes;
    for (const std::string& name : *names) {
        const auto bytes = bytes_of(disk, name);
        sizes.push_back(bytes ? *bytes : 0);
        sum += sizes.back();
    }
    for (std::size_t at = 0; at < names->size() && sum > most; ++at) {
        if (const auto gone = disk.remove((*names)[at]); !gone) {
            return gone.error();
        }
        sum -= sizes[at];
        removed.push_back((*names)[at]);
    }
    return sum;
}

}  // namespace flyball
