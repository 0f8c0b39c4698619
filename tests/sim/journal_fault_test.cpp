// The k-th call of each kind fails, once or from then on, for every k: the journal refuses what
// comes after, and begun anew after a snapshot it has everything, whatever the failure left behind.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "node/state/journal_files.h"
#include "tests/sim/crash_states.h"
#include "tests/sim/journal_story.h"

namespace flyball {
namespace {

using Plan = JournalStory::Plan;
using Known = JournalStory::Known;
using Reason = DiskFault::Reason;

constexpr DiskCall all_calls[]{DiskCall::open,   DiskCall::write,       DiskCall::read,
                               DiskCall::sync,   DiskCall::size,        DiskCall::rename,
                               DiskCall::remove, DiskCall::sync_folder, DiskCall::list};

constexpr int acts = 30;
constexpr int attempts_before_it_heals = 3;

class Failing {
public:
    Failing(const Plan& plan, const DiskFault& fault) : plan_(plan), fault_(fault) {}

    // False when the fault never struck: there are fewer such calls.
    bool live() {
        MemoryDisk disk;
        JournalStory story(disk, plan_);
        disk.fail(fault_);
        for (int i = 0; i < acts; ++i) {
            if (!story.alive()) {
                start_again(story, disk);
            }
            story.act();
        }
        const bool struck = disk.failures() > 0;
        disk.heal();
        if (!story.alive()) {
            start_again(story, disk);
        }
        story.write();
        story.sync();
        check(story, disk);
        if (fault_.reason == Reason::input_output) {  // the others leave the same behind
            crash(story, disk);
        }
        return struck;
    }

    static std::uint64_t states() { return states_; }

private:
    void start_again(JournalStory& story, MemoryDisk& disk) {
        for (int attempt = 1; !story.start_again(); ++attempt) {
            ASSERT_LE(attempt, attempts_before_it_heals + 1) << text();
            if (attempt == attempts_before_it_heals) {
                disk.heal();
            }
        }
    }

    // Through a new process, that finds the disk well.
    void check(const JournalStory& story, const MemoryDisk& disk) {
        MemoryDisk other(disk.image());
        const Known& known = story.known();
        JournalRead read;
        EXPECT_EQ(story.crash_is_wrong(other, known, known.from, read), "") << text();
        EXPECT_EQ(read.end.next_record, known.attempted + 1) << text();
    }

    void crash(const JournalStory& story, const MemoryDisk& disk) {
        CrashOptions options{.seed = plan_.seed, .all_subsets_of = 3, .random_subsets = 8};
        each_crash_state({}, disk.log(), options, [&](const DiskImage& image, std::size_t done) {
            ++states_;
            const Known& known = story.known_after(done);
            MemoryDisk other(image);
            JournalRead read;
            const std::string wrong = story.crash_is_wrong(other, known, known.from, read);
            EXPECT_EQ(wrong, "") << text() << ", crash after operation " << done;
            MemoryDisk older(image);
            const std::string invented =
                story.reading_is_wrong(older, known.older_from, true, known.attempted, read);
            EXPECT_EQ(invented, "") << text() << ", the older snapshot, operation " << done;
            return wrong.empty() && invented.empty();
        });
    }

    std::string text() const {
        return "seed " + std::to_string(plan_.seed) + ", call " +
               std::to_string(static_cast<int>(fault_.call)) + ", at " + std::to_string(fault_.at) +
               ", reason " + std::to_string(static_cast<int>(fault_.reason)) +
               (fault_.from_then_on ? " from then on" : " once");
    }

    static inline std::uint64_t states_ = 0;
    Plan plan_;
    DiskFault fault_;
};

class JournalFailing : public ::testing::TestWithParam<DiskCall> {};

TEST_P(JournalFailing, AtEveryCallLosesNothing) {
    for (const bool syncs_each : {false, true}) {
        for (const bool from_then_on : {false, true}) {
            for (const Reason reason :
                 {Reason::no_space, Reason::input_output, Reason::read_only, Reason::short_write}) {
                Plan plan{.syncs_each = syncs_each, .seed = 1 + static_cast<std::uint64_t>(reason)};
                DiskFault fault{.call = GetParam(), .reason = reason, .from_then_on = from_then_on};
                while (Failing(plan, fault).live() && !HasFailure()) {
                    ++fault.at;
                }
            }
        }
    }
    std::printf("%llu crash states checked\n", static_cast<unsigned long long>(Failing::states()));
}

INSTANTIATE_TEST_SUITE_P(Calls, JournalFailing, ::testing::ValuesIn(all_calls));

// Whatever fails while a journal is read and gone on with, the next attempt finds it as it was.
TEST(JournalFaults, AStartThatFailsHarmsNothing) {
    MemoryDisk first;
    const Plan plan{.seed = 7};
    JournalStory story(first, plan);
    for (int i = 0; i < acts; ++i) {
        story.act();
    }
    story.sync();
    const Known& known = story.known();
    std::uint64_t struck = 0;
    for (const DiskCall call : all_calls) {
        for (const bool from_then_on : {false, true}) {
            for (std::uint64_t at = 1; at < 40; ++at) {
                MemoryDisk disk(first.image());
                disk.fail({.call = call, .at = at, .from_then_on = from_then_on});
                const auto read =
                    read_journal(disk, known.from, true, [](auto, auto) { return true; });
                if (read) {
                    EXPECT_EQ(read->end.next_record, known.attempted + 1);
                    auto resumed = Journal::resume(disk, plan.options, read->end);
                }
                struck += disk.failures();
                disk.heal();
                JournalRead again;
                ASSERT_EQ(story.crash_is_wrong(disk, known, known.from, again), "")
                    << "call " << static_cast<int>(call) << " at " << at;
                ASSERT_EQ(again.end.next_record, known.attempted + 1);
                JournalStory life(disk, plan, story, known, again);
                ASSERT_TRUE(life.alive());
                life.write();
                life.sync();
                ASSERT_EQ(life.crash_is_wrong(disk, life.known(), known.from, again), "");
                ASSERT_EQ(again.end.next_record, life.known().attempted + 1);
            }
        }
    }
    EXPECT_GT(struck, 20U);
}

TEST(JournalFaults, AFullDiskRefusesAndGoesOnWhenThereIsRoom) {
    for (std::uint64_t room = 8192; room < 8 * 8192; room += 1000) {
        MemoryDisk disk;
        disk.limit_bytes(room);
        JournalStory story(disk, {.seed = room});
        while (story.alive()) {
            story.write();
            story.sync();
        }
        disk.limit_bytes(UINT64_MAX);
        ASSERT_TRUE(story.start_again());
        story.write();
        story.sync();
        JournalRead read;
        EXPECT_EQ(story.crash_is_wrong(disk, story.known(), story.known().from, read), "");
    }
}

TEST(JournalFaults, OnceFailedItRefusesEverything) {
    MemoryDisk disk;
    auto journal = Journal::begin(disk, {.segment_bytes = 8192}, 1);
    ASSERT_TRUE(journal.has_value());
    const Bytes group{std::byte{1}, std::byte{'a'}};
    disk.fail({.call = DiskCall::write});
    ASSERT_FALSE((*journal)->write(group, 1).has_value());
    const std::size_t operations = disk.log().size();
    EXPECT_TRUE((*journal)->failed());
    EXPECT_FALSE((*journal)->write(group, 1).has_value());
    EXPECT_FALSE((*journal)->sync().has_value());
    EXPECT_FALSE((*journal)->prepare_spare().has_value());
    EXPECT_FALSE((*journal)->retire_before(1).has_value());
    EXPECT_EQ(disk.log().size(), operations);
}

// A sync that failed may have dropped pages which the cache still shows.
TEST(JournalFaults, ReadsPastTheCacheAfterASyncFailed) {
    MemoryDisk disk;
    auto journal = Journal::begin(disk, {.segment_bytes = 8192}, 1);
    const Bytes group{std::byte{1}, std::byte{'a'}};
    ASSERT_TRUE((*journal)->write(group, 1).has_value());
    ASSERT_TRUE((*journal)->sync().has_value());
    ASSERT_TRUE((*journal)->write(group, 1).has_value());
    disk.fail({.call = DiskCall::sync});
    ASSERT_FALSE((*journal)->sync().has_value());
    const auto read = read_journal(disk, 1, true, [](auto, auto) { return true; });
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->end.next_record, 2U);
}

// A second chain made void what a first one has from its third record on, and its snapshot is gone.
class JournalThatBeganAnew : public ::testing::Test {
protected:
    JournalThatBeganAnew() {
        auto first = begin(1);
        for (const int byte : {1, 2, 3}) {
            write(*first, {byte});
        }
        auto second = begin(3);
        for (const int byte : {33, 34, 35}) {
            write(*second, {byte});
        }
    }

    std::unique_ptr<Journal> begin(std::uint64_t record) {
        return std::move(Journal::begin(disk_, {.segment_bytes = 4096, .pad_bytes = 64}, record))
            .value();
    }
    // A group of records of one byte each.
    static void write(Journal& journal, const std::vector<int>& bytes) {
        std::vector<std::byte> records;
        for (const int byte : bytes) {
            records.push_back(std::byte{1});
            records.push_back(static_cast<std::byte>(byte));
        }
        ASSERT_TRUE(journal.write(records, static_cast<std::uint32_t>(bytes.size())).has_value());
        ASSERT_TRUE(journal.sync().has_value());
    }
    struct Seen {
        std::string text;
        JournalRead read;
    };
    Seen read(std::uint64_t from, bool mend, int unusable = 0) {
        return read(disk_, from, mend, unusable);
    }
    static Seen read(Disk& disk, std::uint64_t from, bool mend, int unusable = 0) {
        Seen seen;
        const auto visit = [&](std::uint64_t /*number*/, std::span<const std::byte> record) {
            const int byte = std::to_integer<int>(record[0]);
            seen.text += byte == unusable ? "" : std::to_string(byte) + " ";
            return byte != unusable;
        };
        seen.read = read_journal(disk, from, mend, visit).value();
        for (const JournalFault& fault : seen.read.faults) {
            seen.text += fault.torn_tail ? "torn" : fault.what;
        }
        return seen;
    }

    MemoryDisk disk_;
};

TEST_F(JournalThatBeganAnew, KeepsVoidWhatItMadeVoid) {
    const std::string expected =
        "1 2 a journal begins there with record 3; the snapshot that it goes on from is missing";
    EXPECT_EQ(read(1, false).text, expected);
    EXPECT_EQ(read(1, true).text, expected);
    EXPECT_EQ(read(1, true).text, expected) << "after a start that did not get to a snapshot";
    EXPECT_EQ(std::ranges::count_if(*disk_.list(),
                                    [](const auto& name) { return name.ends_with(".damaged"); }),
              1);
}

// Nor when the snapshot that comes of it is in force, and what follows that is empty or damaged.
TEST_F(JournalThatBeganAnew, IsNotGoneOnToFromTheNextSnapshot) {
    const std::uint64_t beyond = read(1, true).read.beyond;
    ASSERT_EQ(beyond, 6U);
    EXPECT_EQ(read(beyond, true).text, "");
    const auto third = begin(beyond);
    EXPECT_EQ(read(beyond, true).text, "") << "no group of the third chain was written";
    write(*third, {66});
    EXPECT_EQ(read(beyond, true).text, "66 ");
    DiskImage image = disk_.image();
    flip_bit(image, segment_name(list_journal(disk_)->segments.back()), 160);
    MemoryDisk damaged(image);
    EXPECT_EQ(read(damaged, beyond, true).text, "torn");
}

TEST_F(JournalThatBeganAnew, SaysWhatLiesBehindWhatCannotBeUsed) {
    auto third = begin(6);
    write(*third, {66, 67, 68, 69});
    const Seen seen = read(6, true, 68);
    EXPECT_EQ(seen.text, "66 67 record 8 cannot be used");
    EXPECT_EQ(seen.read.beyond, 10U);
    EXPECT_EQ(read(10, true).text, "");
    auto fourth = begin(8);  // inside a group, its snapshot is gone as well
    write(*fourth, {88, 89, 90});
    EXPECT_EQ(read(6, true).read.beyond, 11U);
    EXPECT_EQ(read(11, true).text, "");
}

}  // namespace
}  // namespace flyball
