// A disk that refuses, and a power cut anywhere: the older snapshot stays, the newer one is there
// whole or not at all, and once finish() has returned it is there.

#include <gtest/gtest.h>

#include "tests/sim/crash_states.h"
#include "tests/unit/node/state/snapshot_story.h"

namespace flyball {
namespace {

const std::vector<HeldSection> older = {{.type = node_section, .bytes = "older"}};

constexpr DiskCall calls[] = {DiskCall::open,   DiskCall::write,       DiskCall::read,
                              DiskCall::sync,   DiskCall::size,        DiskCall::rename,
                              DiskCall::remove, DiskCall::sync_folder, DiskCall::list};
constexpr DiskFault::Reason reasons[] = {
    DiskFault::Reason::no_space, DiskFault::Reason::input_output, DiskFault::Reason::short_write};

// The first file that is opened is the reserve: without it a new file is written.
bool is_harmless(const DiskFault& fault) {
    return fault.call == DiskCall::open && fault.at == 1;
}

enum class Outcome : std::uint8_t { failed, written, not_struck };

Outcome write_on(MemoryDisk& disk, const DiskFault& fault) {
    EXPECT_TRUE(write_snapshot(disk, 1, older).has_value());
    disk.fail(fault);
    const auto written = write_snapshot(disk, 2, three_sections());
    const std::uint64_t struck = disk.failures();
    disk.heal();
    EXPECT_EQ(written.has_value(), struck == 0 || is_harmless(fault));
    if (!written) {
        EXPECT_EQ(written.error().code, ErrorCode::unavailable) << written.error().message;
        return Outcome::failed;
    }
    return struck == 0 ? Outcome::not_struck : Outcome::written;
}

TEST(SnapshotOnABadDisk, LeavesTheOlderOneAndNothingElse) {
    int failed = 0;
    for (const DiskCall call : calls) {
        for (const DiskFault::Reason reason : reasons) {
            for (std::uint64_t at = 1;; ++at) {
                MemoryDisk disk;
                const auto outcome = write_on(disk, {.call = call, .at = at, .reason = reason});
                if (outcome == Outcome::not_struck) {
                    break;
                }
                if (outcome == Outcome::written) {
                    continue;
                }
                ++failed;
                EXPECT_EQ(read_sections(disk, snapshot_name(1)).value(), older);
                EXPECT_FALSE(disk.has(snapshot_name(2) + ".new"));
                EXPECT_EQ(disk.has(snapshot_name(2)), call == DiskCall::sync_folder);
            }
        }
    }
    EXPECT_GT(failed, 50);
}

TEST(SnapshotOnABadDisk, IsNotBelievedWhenOnlyTheCacheHasIt) {
    MemoryDisk disk;
    auto writer = SnapshotWriter::begin(disk, 1);
    ASSERT_TRUE((*writer)->section({.type = node_section, .bytes = "node"}).has_value());
    disk.fail({.call = DiskCall::sync, .reason = DiskFault::Reason::input_output});
    EXPECT_FALSE((*writer)->finish().has_value());
    EXPECT_TRUE(disk.image().empty());
}

TEST(SnapshotAtAPowerCut, IsThereWholeOrNotAtAll) {
    MemoryDisk before;
    ASSERT_TRUE(write_snapshot(before, 1, older).has_value());
    const DiskImage image = before.image();
    MemoryDisk disk(image);
    const auto newer = three_sections();
    ASSERT_TRUE(write_snapshot(disk, 2, newer).has_value());
    const std::size_t done = disk.log().size();
    const std::uint64_t states =
        each_crash_state(image, disk.log(), {}, [&](const DiskImage& left, std::size_t operations) {
            MemoryDisk after(left);
            const auto names = list_snapshots(after).value();
            EXPECT_EQ(read_sections(after, snapshot_name(1)).value(), older);
            if (names.front() == snapshot_name(2)) {
                EXPECT_EQ(read_sections(after, snapshot_name(2)).value(), newer);
            } else {
                EXPECT_LT(operations, done) << "finish() had returned";
            }
            return !testing::Test::HasFailure();
        });
    EXPECT_GT(states, 300U);
}

}  // namespace
}  // namespace flyball
