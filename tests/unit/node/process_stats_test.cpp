#include "node/process_stats.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

namespace flyball {
namespace {

constexpr std::string_view smaps =
    "5581a000-7ffc0000 ---p 00000000 00:00 0    [rollup]\n"
    "Rss:                1234 kB\n"
    "Pss:                 567 kB\n"
    "Pss_Dirty:            89 kB\n";

TEST(SmapsBytes, ReadsTheNamedLineOnly) {
    EXPECT_EQ(smaps_bytes(smaps, "Rss"), 1234U * 1024);
    EXPECT_EQ(smaps_bytes(smaps, "Pss"), 567U * 1024);
    EXPECT_EQ(smaps_bytes(smaps, "Pss_Dirty"), 89U * 1024);
}

TEST(SmapsBytes, IsNothingWhenTheLineIsMissingOrNoNumber) {
    EXPECT_EQ(smaps_bytes(smaps, "Swap"), std::nullopt);
    EXPECT_EQ(smaps_bytes("", "Rss"), std::nullopt);
    EXPECT_EQ(smaps_bytes("Rss:", "Rss"), std::nullopt);
    EXPECT_EQ(smaps_bytes("Rss:   x kB\n", "Rss"), std::nullopt);
}

TEST(ProcessStats, SeesWhatThisProcessAllocates) {
    const ProcessStats before = process_stats();
    const auto block = std::make_unique<std::array<char, 1 << 20>>();
    const ProcessStats after = process_stats();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // The sanitizers' allocators do not answer mallinfo2.
    EXPECT_GE(after.heap_bytes, before.heap_bytes + block->size());
#endif
    EXPECT_GE(after.user_us + after.system_us, before.user_us + before.system_us);
    EXPECT_GE(after.rss_bytes.value_or(1), after.pss_bytes.value_or(0));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(ProcessStats, GivesBackWhatABurstHasLeftInTheHeap) {
    constexpr std::size_t block_bytes = 8192;  // of the heap, not mapped on its own
    std::vector<std::unique_ptr<std::array<char, block_bytes>>> burst(1024);
    for (auto& block : burst) {
        block = std::make_unique<std::array<char, block_bytes>>();
    }
    const auto last = std::make_unique<std::array<char, block_bytes>>();  // keeps the heap's end
    const auto most = process_stats().rss_bytes;
    burst.clear();
    process_stats();
    const auto left = process_stats().rss_bytes;
    if (most && left) {  // no such file on some kernels
        EXPECT_LT(*left + burst.capacity() * block_bytes / 2, *most);
    }
}
#endif

}  // namespace
}  // namespace flyball
