// `state verify`: quiet about what is sound, and each damage is found and named.

#include <gtest/gtest.h>

#include "node/state/journal_files.h"
#include "node/state/journal_format.h"
#include "tests/sim/memory_disk.h"
#include "tests/unit/node/inspect/journal_edit.h"
#include "tests/unit/node/inspect/kept_state.h"

namespace flyball {
namespace {

DiskImage lived(int before = 200, int between = 200, int after = 200) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask_many(before);
    kept.snapshot();
    kept.ask_many(between);
    kept.snapshot();
    kept.ask_many(after);
    kept.write();
    return disk.image();
}

sim::Json verified(const DiskImage& image) {
    MemoryDisk disk(image);
    const sim::Json found = asked_json(disk, &verify_state);
    EXPECT_EQ(disk.log().size(), 0U) << "looking changes nothing";
    return found;
}

TEST(Verify, FindsALivedInFolderSound) {
    const sim::Json found = verified(lived());
    EXPECT_EQ(found.at("sound"), true) << found.dump(1);
    EXPECT_GT(found.at("records"), 200);
    ASSERT_EQ(found.at("chains").size(), 2U);
    for (const sim::Json& chain : found.at("chains")) {
        EXPECT_GT(chain.at("records"), 5) << chain;
        EXPECT_EQ(chain.at("not_in_journal"), 0);
    }
}

// ... which is where a report says that the records begin that are kept.
TEST(Verify, WalksTheChainsFromTheOlderSnapshotOn) {
    MemoryDisk disk;
    KeptState kept(disk);
    const auto head = [&] {
        const Governor* governor = kept.desk().engine().registry().find("compliance/main");
        return governor->rules().head()->seq;
    };
    const auto report = [&] {
        return kept.ask("compliance/main", {{"op", "report"}, {"tenant", "ann"}}).at("first_seq");
    };
    EXPECT_EQ(report(), 1);
    kept.ask_many(200);
    kept.snapshot();
    const std::uint64_t older = head();
    kept.ask_many(200);
    kept.snapshot();
    kept.ask_many(200);
    kept.write();
    EXPECT_EQ(report(), older + 1);
    const sim::Json found = asked_json(disk, &verify_state);
    EXPECT_EQ(found.at("sound"), true) << found.dump(1);
    for (const sim::Json& chain : found.at("chains")) {
        if (chain.at("governor") == "compliance/main") {
            EXPECT_EQ(chain.at("first_seq"), older + 1);
            EXPECT_EQ(chain.at("head").at("seq"), head());
            EXPECT_EQ(chain.at("records"), head() - older);
        }
    }
    const sim::Json told = asked_json(disk, &export_state);
    for (const sim::Json& governor : told.at("governors")) {
        if (governor.at("governor") == "compliance/main") {
            EXPECT_EQ(governor.at("tenants").at("ann").at("first_seq"), older + 1);
        }
    }
}

TEST(Verify, FindsASoundJournalWithoutSnapshots) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask_many(300);
    kept.write();
    const sim::Json found = asked_json(disk, &verify_state);
    EXPECT_EQ(found.at("sound"), true) << found.dump(1);
    EXPECT_EQ(found.at("records"), kept.records());
}

TEST(Verify, NamesASnapshotWithAFlippedBit) {
    DiskImage image = lived();
    const std::string name = newest_file(image, "snapshot-");
    flip_bit(image, name, 8 * 200);
    const sim::Json found = verified(image);
    EXPECT_EQ(found.at("sound"), false);
    EXPECT_NE(found.at("faults").dump().find(name), std::string::npos) << found.dump(1);
}

TEST(Verify, NamesTheGroupThatWasDamaged) {
    DiskImage image = lived();
    const std::string name = newest_file(image, "journal-");
    std::size_t damaged = 0;
    StoredGroup group;
    const Bytes& bytes = *image.at(name);
    // A group behind the older snapshot and with others behind it.
    for (std::size_t at = 0; at < bytes.size() && damaged == 0; at += group_step_bytes) {
        if (check_group(bytes, *segment_number(name), at, group) == GroupCheck::sound &&
            group.header.first_record > 350) {
            damaged = at;
        }
    }
    ASSERT_GT(damaged, 0U);
    flip_bit(image, name, 8 * (damaged + group_header_bytes + 5));
    const sim::Json found = verified(image);
    EXPECT_EQ(found.at("sound"), false);
    const sim::Json& fault = found.at("faults").at(0);
    EXPECT_EQ(fault.at("file"), name);
    EXPECT_LE(fault.at("offset"), damaged);
    EXPECT_GT(fault.at("offset").get<std::uint64_t>() + 2 * group_step_bytes, damaged);
}

TEST(Verify, CallsATornTailWhatItIs) {
    DiskImage image = lived();
    const std::string name = newest_file(image, "journal-");
    Bytes& bytes = own_bytes(image, name);
    std::size_t last = 0;
    StoredGroup group;
    for (std::size_t at = 0; at < bytes.size(); at += group_step_bytes) {
        last =
            check_group(bytes, *segment_number(name), at, group) == GroupCheck::sound ? at : last;
    }
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(last + group_header_bytes), bytes.end(),
              std::byte{0});
    const sim::Json found = verified(image);
    EXPECT_EQ(found.at("sound"), true) << found.dump(1);
    ASSERT_EQ(found.at("torn_tail").size(), 1U);
    EXPECT_EQ(found.at("torn_tail").at(0).at("file"), name);
}

// A backup that was cut short, for one.
TEST(Verify, RefusesAnIdentityWithoutState) {
    DiskImage image = lived();
    std::erase_if(image, [](const auto& file) { return file.first != "identity"; });
    ASSERT_EQ(image.size(), 1U);
    MemoryDisk disk(image);
    const auto opened = open_state(disk, "here");
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().message, "here holds no state: no journal-*, no snapshot-*");
}

TEST(Verify, FindsAnIdentityThatIsDamaged) {
    DiskImage image = lived();
    flip_bit(image, "identity", 70);
    const sim::Json found = verified(image);
    EXPECT_EQ(found.at("sound"), false);
    EXPECT_EQ(found.at("faults").at(0).at("file"), "identity");
}

// Whoever can write the folder can seal a group anew. The chain tells all the same.
TEST(Verify, FindsAnAuditRecordThatWasRewrittenWithAllItsChecksums) {
    MemoryDisk disk;
    {
        KeptState kept(disk);
        kept.ask_many(300);
        kept.write();
    }
    DiskImage image = disk.image();
    ASSERT_TRUE(edit_journal(image, "violation\xa3seq", "Violation\xa3seq"));
    const sim::Json found = verified(image);
    EXPECT_EQ(found.at("sound"), false);
    EXPECT_NE(found.at("faults").dump().find("does not go on"), std::string::npos) << found.dump(1);
}

TEST(Verify, FindsASnapshotWhoseHeadTheJournalDoesNotLeadTo) {
    DiskImage image = lived();
    const DiskImage other = [] {
        MemoryDisk disk;
        KeptState kept(disk, 2);
        kept.ask_many(260);
        kept.snapshot();
        return disk.image();
    }();
    const std::string name = newest_file(image, "snapshot-");
    image[name] = other.at(newest_file(other, "snapshot-"));
    const sim::Json found = verified(image);
    EXPECT_EQ(found.at("sound"), false);
    EXPECT_NE(found.at("faults").dump().find(name), std::string::npos) << found.dump(1);
}

// With durability "none" checks leave no record: the chain is only as good as the two heads.
TEST(Verify, SaysWhatTheJournalNeverHad) {
    MemoryDisk disk;
    DiskImage image;
    {
        KeptState kept(disk);
        kept.snapshot();
        image = disk.image();
        kept.ask_many(100);
        kept.snapshot();
    }
    for (const auto& [name, bytes] : disk.image()) {
        if (name.starts_with("snapshot-")) {
            image[name] = bytes;
        }
    }
    const sim::Json found = verified(image);
    EXPECT_EQ(found.at("sound"), true) << found.dump(1);
    EXPECT_GT(found.at("chains").at(0).at("not_in_journal"), 0);
}

}  // namespace
}  // namespace flyball
