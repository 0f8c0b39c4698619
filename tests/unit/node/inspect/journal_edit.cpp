#include "tests/unit/node/inspect/journal_edit.h"

#include <algorithm>
#include <vector>

#include "node/state/journal_files.h"
#include "node/state/journal_format.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

struct OpenGroup {
    GroupHeader header;
    std::string records;
};

std::vector<OpenGroup> open_groups(const Bytes& bytes, std::uint64_t segment) {
    std::vector<OpenGroup> groups;
    StoredGroup group;
    JournalBytes room;
    for (std::size_t at = 0; at < bytes.size(); at += group_step_bytes) {
        if (check_group(bytes, segment, at, group) == GroupCheck::sound) {
            const auto records = unpack_group(group, room);
            groups.push_back(
                {group.header, {reinterpret_cast<const char*>(records.data()), records.size()}});
        }
    }
    return groups;
}

}  // namespace

std::string newest_file(const DiskImage& image, std::string_view prefix) {
    std::string name;
    for (const auto& [file, bytes] : image) {
        name = file.starts_with(prefix) ? file : name;
    }
    return name;
}

bool edit_journal(DiskImage& image, std::string_view before, std::string_view after) {
    expects(before.size() == after.size(), "a record keeps its length");
    const std::string name = newest_file(image, "journal-");
    Bytes& bytes = own_bytes(image, name);
    std::vector<OpenGroup> groups = open_groups(bytes, *segment_number(name));
    const auto found = std::ranges::find_if(groups.rbegin(), groups.rend(), [&](const auto& group) {
        return group.records.find(before) != std::string::npos;
    });
    if (found == groups.rend()) {
        return false;
    }
    found->records.replace(found->records.rfind(before), before.size(), after);
    std::ranges::fill(bytes, std::byte{0});
    std::size_t at = 0;
    std::uint64_t previous = groups.front().header.previous;
    for (OpenGroup& group : groups) {
        group.header.flags = 0;
        group.header.stored_bytes = group.header.body_bytes;
        group.header.offset = at;
        group.header.synced = 0;
        group.header.previous = previous;
        const auto whole = std::span(bytes).subspan(at, group_header_bytes + group.records.size());
        std::ranges::copy(std::as_bytes(std::span(group.records)),
                          whole.begin() + group_header_bytes);
        seal_group(group.header, whole);
        previous = group.header.checksum;
        at = (at + whole.size() + group_step_bytes - 1) / group_step_bytes * group_step_bytes;
    }
    return true;
}

}  // namespace flyball
