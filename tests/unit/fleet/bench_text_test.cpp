// What a bench says of what it measured.

#include "fleet/bench_text.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

LoadFigures step(std::uint64_t unanswered, std::int64_t late_us) {
    LoadFigures figures;
    figures.seconds = 2;
    figures.per_second = 500;
    RegionLoad region;
    region.all = {.asked = 1'000, .answered = 1'000 - unanswered, .unanswered = unanswered};
    for (std::uint64_t at = unanswered; at < 1'000; ++at) {
        figures.latency_us.record(at < 900 ? 300 : 3'000);
        figures.lateness_us.record(late_us);
    }
    figures.regions = {region};
    return figures;
}

TEST(BenchText, HasARowForEachStep) {
    const std::string text = bench_table({step(0, 10), step(3, 10)}, {});
    EXPECT_TRUE(text.starts_with("RATE  ANSWERED/S")) << text;
    EXPECT_NE(text.find("500   500 "), std::string::npos) << text;
    EXPECT_NE(text.find(" 3 "), std::string::npos) << text;
    EXPECT_NE(text.find(" -  "), std::string::npos) << "no p99.9 of a thousand: " << text;
}

TEST(BenchText, DrawsBarsThatKeepToTheWidth) {
    const LoadHistogram histogram = step(0, 10).latency_us;
    const std::string wide = histogram_text(histogram, {});
    EXPECT_NE(wide.find("below   512 µs        900  90.0000 %"), std::string::npos) << wide;
    EXPECT_NE(wide.find("100.0000 %"), std::string::npos) << wide;
    const std::string narrow = histogram_text(histogram, {.width = 60});
    for (std::size_t at = 0; at < narrow.size();) {
        const std::size_t end = narrow.find('\n', at);
        EXPECT_LE(columns_of(narrow.substr(at, end - at)), 60U);
        at = end + 1;
    }
    EXPECT_EQ(histogram_text({}, {}), "");
}

TEST(BenchText, SaysWhatSpoilsAMeasurement) {
    EXPECT_TRUE(bench_doubts({step(0, 10)}).empty());
    EXPECT_EQ(bench_doubts({step(0, 5'000)}).size(), 1U);
    EXPECT_EQ(bench_doubts({step(1, 10)}).size(), 1U);
    LoadFigures refused = step(0, 10);
    refused.error_reasons["overloaded"] = 4;
    ASSERT_EQ(bench_doubts({refused}).size(), 1U);
    EXPECT_NE(bench_doubts({refused}).front().find("overloaded"), std::string::npos);
}

}  // namespace
}  // namespace flyball
