// Room for the journal: groups larger than a segment, segments that are not used again, and what of
// the folder is for whom.

#include <gtest/gtest.h>

#include <algorithm>

#include "node/state/folder_room.h"
#include "node/state/journal.h"
#include "tests/sim/memory_disk.h"

namespace flyball {
namespace {

constexpr std::size_t segment = 8192;

// Does not compress.
Bytes record(std::size_t size, std::uint64_t seed) {
    Bytes bytes(length_bytes_max + size);
    const std::size_t at = put_length(bytes.data(), static_cast<std::uint32_t>(size));
    for (std::size_t i = 0; i < size; ++i) {
        seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        bytes[at + i] = static_cast<std::byte>(seed >> 56U);
    }
    bytes.resize(at + size);
    return bytes;
}

class JournalRoom : public testing::Test {
protected:
    void begin(std::uint64_t bytes_max = UINT64_MAX) {
        auto made = Journal::begin(disk, {.segment_bytes = segment, .bytes_max = bytes_max}, 1);
        ASSERT_TRUE(made);
        journal = std::move(*made);
    }
    Result<void> write(std::size_t size) {
        auto done = journal->write(record(size, ++written), 1);
        return done ? journal->sync() : done;
    }
    std::size_t records() {
        std::vector<std::uint64_t> seen;
        const auto read =
            read_journal(disk, 1, false, [&](std::uint64_t n, std::span<const std::byte> bytes) {
                const Bytes wanted = record(bytes.size(), n);
                EXPECT_TRUE(std::ranges::equal(bytes, std::span(wanted).last(bytes.size())));
                seen.push_back(n);
                return true;
            });
        EXPECT_TRUE(read && read->faults.empty());
        return seen.size();
    }
    std::uint64_t files(std::string_view prefix) {
        const DiskImage image = disk.image();
        return static_cast<std::uint64_t>(std::ranges::count_if(
            image, [&](const auto& file) { return file.first.starts_with(prefix); }));
    }

    MemoryDisk disk;
    std::unique_ptr<Journal> journal;
    std::uint64_t written = 0;
};

TEST_F(JournalRoom, AGroupLargerThanASegmentGetsOneOfItsSize) {
    begin();
    for (const std::size_t size : {100U, 3 * 8192U, 100U, 8192U, 200'000U, 100U}) {
        ASSERT_TRUE(write(size)) << size;
    }
    EXPECT_EQ(records(), 6U);
    EXPECT_EQ(journal->disk_bytes(), disk.bytes());
    ASSERT_TRUE(journal->retire_before(7));
    ASSERT_TRUE(write(8000));
    ASSERT_TRUE(write(8000));
    ASSERT_TRUE(journal->retire_before(8));
    EXPECT_EQ(journal->disk_bytes(), disk.bytes());
    EXPECT_LE(disk.bytes(), 4 * segment) << "one of another size is of no use as a spare";
}

TEST_F(JournalRoom, AGroupThatNoReaderTakesIsRefusedAndHurtsNothing) {
    begin();
    const auto done = write(segment_bytes_max);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::refused);
    --written;
    EXPECT_TRUE(write(100));
    EXPECT_EQ(records(), 1U);
}

TEST_F(JournalRoom, ItsFilesStayWithinWhatItMayHave) {
    begin(4 * segment);
    std::size_t fits = 0;
    while (write(7000)) {
        ++fits;
        ASSERT_TRUE(journal->prepare_spare());
        ASSERT_LE(disk.bytes(), 4 * segment);
        ASSERT_LT(fits, 10U);
    }
    EXPECT_EQ(fits, 4U);
    EXPECT_TRUE(journal->failed());
    EXPECT_EQ(records(), 4U);
}

TEST_F(JournalRoom, WhatIsLeftBehindIsNotUsedAgain) {
    begin();
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(write(7000));
    }
    ASSERT_TRUE(journal->retire_before(4));
    EXPECT_EQ(files("spare-"), 2U);
    ASSERT_TRUE(journal->leave_behind());
    EXPECT_EQ(files("spare-"), 0U) << "they have old bytes";
    ASSERT_TRUE(write(100));
    EXPECT_EQ(files("journal-"), 2U) << "in a segment of its own";
    ASSERT_TRUE(journal->retire_before(6));
    EXPECT_EQ(files("journal-"), 1U);
    EXPECT_EQ(files("spare-"), 0U);
}

TEST(FolderRoom, IsSharedOutWithinTheWhole) {
    for (const std::uint64_t most :
         {std::uint64_t{1} << 20U, std::uint64_t{1} << 26U, std::uint64_t{1'234'567}}) {
        const FolderRoom room(most);
        EXPECT_LE(3 * room.snapshot_bytes() + room.journal_bytes(0) + 4096, most);
        EXPECT_LE(3 * room.snapshot_bytes() + room.journal_bytes(room.damaged_bytes()) +
                      room.damaged_bytes() + 4096,
                  most);
        EXPECT_GE(room.journal_bytes(room.damaged_bytes()),
                  6 * segment_bytes_within(most, std::size_t{1} << 20U));
    }
}

TEST(FolderRoom, OfWhatWasSetAsideTheEarlierGoesFirst) {
    MemoryDisk disk;
    for (const char* name : {"a.damaged", "b.damaged", "c.damaged", "journal"}) {
        ASSERT_TRUE((*disk.open(name, Disk::Open::replace))->write(0, Bytes(1000)));
    }
    std::vector<std::string> removed;
    EXPECT_EQ(*bound_damaged(disk, {"b.damaged", "c.damaged"}, 2000, removed), 2000U);
    EXPECT_EQ(removed, std::vector<std::string>{"b.damaged"});
    EXPECT_EQ(*bound_damaged(disk, {"c.damaged"}, 500, removed), 0U);
    EXPECT_TRUE(disk.has("journal"));
    EXPECT_EQ(*folder_bytes(disk), 1000U);
}

}  // namespace
}  // namespace flyball
