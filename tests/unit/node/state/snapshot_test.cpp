#include "node/state/snapshot.h"

#include <gtest/gtest.h>

#include "governors/governor_state.h"
#include "tests/unit/governors/any_governor.h"
#include "tests/unit/node/state/snapshot_story.h"

namespace flyball {
namespace {

TEST(Snapshot, ComesBackAsItWas) {
    MemoryDisk disk;
    const auto sections = three_sections();
    const auto size = write_snapshot(disk, 0x2a, sections);
    ASSERT_TRUE(size.has_value()) << size.error().message;
    EXPECT_EQ(size->raw, 3008U);
    EXPECT_EQ(size->stored, disk.image().at("snapshot-000000000000002a")->size());
    EXPECT_EQ(read_sections(disk, "snapshot-000000000000002a").value(), sections);
    const auto nothing = [](const SnapshotSection&) { return Result<void>(); };
    const auto read = read_snapshot(disk, snapshot_name(0x2a), nothing);
    EXPECT_EQ(read->stored, size->stored);
    EXPECT_EQ(read->raw, size->raw);
}

TEST(Snapshot, LeavesNothingAsideWhenItIsNotFinished) {
    MemoryDisk disk;
    {
        auto writer = SnapshotWriter::begin(disk, 1);
        ASSERT_TRUE((*writer)->section({.type = node_section, .bytes = "node"}).has_value());
        EXPECT_TRUE(disk.has("snapshot-0000000000000001.new"));
    }
    EXPECT_TRUE(disk.image().empty());
}

TEST(Snapshot, TakesThePlaceOfOneOfTheSameRecord) {
    MemoryDisk disk;
    ASSERT_TRUE(write_snapshot(disk, 1, {{.type = node_section, .bytes = "old"}}).has_value());
    ASSERT_TRUE(write_snapshot(disk, 1, {{.type = node_section, .bytes = "new"}}).has_value());
    EXPECT_EQ(read_sections(disk, snapshot_name(1))->front().bytes, "new");
}

TEST(Snapshot, CarriesUnknownSectionsThatAreNotRequired) {
    MemoryDisk disk;
    const std::vector<HeldSection> sections = {
        {.type = node_section, .bytes = "node"},
        {.type = 9, .version = 3, .required = false, .bytes = "of a later release"},
        {.type = governor_section, .version = 2, .required = false, .bytes = "likewise"}};
    ASSERT_TRUE(write_snapshot(disk, 1, sections).has_value());
    EXPECT_EQ(read_sections(disk, snapshot_name(1)).value(), sections);
}

TEST(Snapshot, IsRefusedByNameAndVersionWhenAnUnknownSectionIsRequired) {
    const auto refusal = [](const HeldSection& section) {
        MemoryDisk disk;
        EXPECT_TRUE(write_snapshot(disk, 1, {{.type = node_section, .bytes = "node"}, section})
                        .has_value());
        const auto read = read_sections(disk, snapshot_name(1));
        EXPECT_EQ(read.error().code, ErrorCode::refused);
        return read.error().message;
    };
    const std::string file = "snapshot-0000000000000001: it requires section ";
    EXPECT_EQ(refusal({.type = 9, .version = 3, .bytes = "?"}),
              file + "type 9 version 3, which this release does not know");
    EXPECT_EQ(refusal({.type = governor_section, .version = 2, .bytes = "?"}),
              file + "governor version 2, which this release does not know");
}

TEST(Snapshot, AboveALimitIsRefusedAsUsageBothWays) {
    MemoryDisk disk;
    const auto sections = three_sections();
    const auto size = write_snapshot(disk, 1, sections);
    const SnapshotLimits limits[] = {{.file_bytes = size->stored - 1}, {.section_bytes = 2999}};
    for (const SnapshotLimits& limit : limits) {
        EXPECT_EQ(read_sections(disk, snapshot_name(1), limit).error().code, ErrorCode::usage);
        EXPECT_EQ(write_snapshot(disk, 2, sections, limit).error().code, ErrorCode::usage);
        EXPECT_EQ(disk.image().size(), 1U) << "nothing of the second";
    }
    const SnapshotLimits enough = {.file_bytes = size->stored, .section_bytes = 3000};
    EXPECT_TRUE(read_sections(disk, snapshot_name(1), enough).has_value());
    EXPECT_TRUE(write_snapshot(disk, 2, sections, enough).has_value());
}

TEST(Snapshot, AVisitorMayEndTheReading) {
    MemoryDisk disk;
    ASSERT_TRUE(write_snapshot(disk, 1, three_sections()).has_value());
    int seen = 0;
    const auto once = [&](const SnapshotSection&) -> Result<void> {
        ++seen;
        return Error{ErrorCode::refused, "not this one"};
    };
    EXPECT_EQ(read_snapshot(disk, snapshot_name(1), once).error().message, "not this one");
    EXPECT_EQ(seen, 1);
}

TEST(Snapshot, IsKnownByItsNameAlone) {
    EXPECT_EQ(snapshot_name(0xfedcba9876543210), "snapshot-fedcba9876543210");
    EXPECT_EQ(snapshot_record("snapshot-fedcba9876543210"), 0xfedcba9876543210);
    for (const char* other : {"", "snapshot-", "snapshot-1", "snapshot-FEDCBA9876543210",
                              "snapshot-00000000000000000", "snapshot-0000000000000001.new",
                              "snapshot-0000000000000001.damaged", "journal-0000000000000001"}) {
        EXPECT_EQ(snapshot_record(other), std::nullopt) << other;
    }
}

TEST(Snapshot, AreListedNewestFirstAndRetiredOldestFirst) {
    MemoryDisk disk;
    for (const std::uint64_t record : {0x10U, 0x9U, 0x300U, 0x2U}) {
        ASSERT_TRUE(write_snapshot(disk, record, three_sections()).has_value());
    }
    ASSERT_TRUE(disk.open("journal-0000000000000001", Disk::Open::replace).has_value());
    const std::vector<std::string> all = {snapshot_name(0x300), snapshot_name(0x10),
                                          snapshot_name(0x9), snapshot_name(0x2)};
    EXPECT_EQ(list_snapshots(disk).value(), all);
    ASSERT_TRUE(retire_snapshots(disk).has_value());
    EXPECT_EQ(list_snapshots(disk).value(), std::vector(all.begin(), all.begin() + 2));
    EXPECT_TRUE(disk.has("journal-0000000000000001"));
    ASSERT_TRUE(retire_snapshots(disk).has_value());
    EXPECT_EQ(list_snapshots(disk)->size(), 2U);
}

// The whole way: from a governor through a file into another governor.
TEST(Snapshot, BringsAGovernorBack) {
    MemoryDisk disk;
    const auto sections = real_sections();
    ASSERT_TRUE(write_snapshot(disk, 7, sections).has_value());
    const std::string bytes = read_sections(disk, snapshot_name(7))->back().bytes;
    AskedGovernor desk = any_governor("quota", {}, 8);
    ASSERT_TRUE(GovernorState::load(desk.governor(), std::as_bytes(std::span(bytes))).has_value());
    const Json again =
        desk.ask_admin({{"tenant", "tenant-0"}, {"id", "order-0"}, {"resource", "b0"}});
    EXPECT_EQ(again.value("replayed", false), true) << again;
    EXPECT_EQ(again.at("seq"), 1);
}

}  // namespace
}  // namespace flyball
