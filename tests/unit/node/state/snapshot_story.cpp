#include "tests/unit/node/state/snapshot_story.h"

#include <gtest/gtest.h>

#include "governors/governor_state.h"
#include "tests/unit/governors/any_governor.h"

namespace flyball {

std::vector<HeldSection> three_sections() {
    return {{.type = node_section, .bytes = "the node"},
            {.bytes = std::string(3000, 'a')},
            {.bytes = ""}};
}

std::vector<HeldSection> real_sections() {
    std::vector<HeldSection> sections = {{.type = node_section, .bytes = "the node's own"}};
    for (const std::string_view type : {"billing", "quota"}) {
        AskedGovernor desk = any_governor(type, {}, 7);
        for (int i = 0; i < 140; ++i) {
            const std::string tenant = "tenant-" + std::to_string(i * i % 11);
            desk.pass(Span{i * 37 % 900});
            desk.ask_admin({{"tenant", tenant},
                            {"id", "order-" + std::to_string(i)},
                            {"op", type == "billing" ? "topup" : "check"},
                            {"amount", 100 + i},
                            {"resource", "b" + std::to_string(i % 4)}});
        }
        ByteBuffer bytes;
        GovernorState::save(desk.governor(), bytes);
        sections.push_back({.bytes = std::string(bytes.bytes())});
    }
    return sections;
}

Result<SnapshotSize> write_snapshot(Disk& disk, std::uint64_t record,
                                    const std::vector<HeldSection>& sections,
                                    const SnapshotLimits& limits) {
    auto writer = SnapshotWriter::begin(disk, record, limits);
    if (!writer) {
        return writer.error();
    }
    for (const HeldSection& section : sections) {
        if (auto written = (*writer)->section({.type = section.type,
                                               .version = section.version,
                                               .required = section.required,
                                               .bytes = section.bytes});
            !written) {
            return written.error();
        }
    }
    return (*writer)->finish();
}

Result<std::vector<HeldSection>> read_sections(Disk& disk, std::string_view name,
                                               const SnapshotLimits& limits) {
    std::vector<HeldSection> sections;
    const auto keep = [&](const SnapshotSection& section) {
        sections.push_back(
            {section.type, section.version, section.required, std::string(section.bytes)});
        return Result<void>();
    };
    if (auto read = read_snapshot(disk, name, keep, limits); !read) {
        EXPECT_TRUE(sections.empty()) << "nothing is shown of what is not sound";
        return read.error();
    }
    return sections;
}

Bytes snapshot_bytes(const std::vector<HeldSection>& sections) {
    MemoryDisk disk;
    const auto written = write_snapshot(disk, 1, sections);
    EXPECT_TRUE(written.has_value());
    return *disk.image().at(snapshot_name(1));
}

MemoryDisk disk_with(std::string_view name, const Bytes& bytes) {
    return MemoryDisk(DiskImage{{std::string(name), std::make_shared<Bytes>(bytes)}});
}

}  // namespace flyball
