#include "node/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "schemas/utf8.h"

namespace flyball {
namespace {

constexpr std::int64_t minute_us = 60'000'000;

// A log into a pipe.
struct LogTest : testing::Test {
    std::array<int, 2> ends{};

    void SetUp() override { ASSERT_EQ(pipe(ends.data()), 0); }
    void TearDown() override { close(ends[0]); }
    std::string all() const {
        close(ends[1]);
        std::array<char, 65536> buffer{};
        const ssize_t size = read(ends[0], buffer.data(), buffer.size());
        return {buffer.data(), static_cast<std::size_t>(size)};
    }
};

TEST(LogLine, HasJournaldsPriorityWhenNobodyWatches) {
    EXPECT_EQ(log_line(false, LogLevel::debug, "a", {}), "<7>level=debug msg=a");
    EXPECT_EQ(log_line(false, LogLevel::info, "a", {}), "<6>level=info msg=a");
    EXPECT_EQ(log_line(false, LogLevel::notice, "a b", {}), "<5>level=notice msg=\"a b\"");
    EXPECT_EQ(log_line(false, LogLevel::warning, "a", {}), "<4>level=warning msg=a");
    EXPECT_EQ(log_line(false, LogLevel::error, "a", {}), "<3>level=error msg=a");
}

TEST(LogLine, IsReadableOnATerminal) {
    EXPECT_EQ(log_line(true, LogLevel::notice, "connected to the broker", {{"took_ms", "12"}}),
              "notice: connected to the broker took_ms=12");
}

TEST(LogLine, QuotesValuesWhereNeeded) {
    EXPECT_EQ(log_line(true, LogLevel::info, "m",
                       {{"a", "x/y"}, {"b", ""}, {"c", "x y"}, {"d", "k=v"}, {"e", "\"\\"}}),
              R"(info: m a=x/y b="" c="x y" d="k=v" e="\"\\")");
}

TEST(LogLine, StaysOneLineOfUtf8WhateverAStrangerSent) {
    EXPECT_EQ(log_line(true, LogLevel::info, "m", {{"a", "x\n<0>y\t\x1b"}, {"b", "\xff"}}),
              R"(info: m a="x\n<0>y\t\x1b" b="\xff")");
    EXPECT_EQ(log_line(true, LogLevel::info, "m", {{"a", "\xc3\xa4"}}), "info: m a=\xc3\xa4");
    EXPECT_TRUE(valid_utf8(log_line(true, LogLevel::info, "m", {{"a", "\xc3"}})));
}

TEST(LogLine, IsCutWhenItIsTooLong) {
    const std::string line = log_line(true, LogLevel::info, "m", {{"a", std::string(10'000, 'x')}});
    EXPECT_LT(line.size(), Log::line_bytes_max);
    EXPECT_TRUE(line.ends_with("x..."));
}

TEST_F(LogTest, WritesFromItsLevelOn) {
    Log log(LogLevel::notice, ends[1]);
    log.write(LogLevel::info, "quiet");
    log.write(LogLevel::notice, "loud", {{"n", "1"}});
    log.set_level(LogLevel::debug);
    log.write(LogLevel::debug, "all");
    EXPECT_EQ(all(), "<5>level=notice msg=loud n=1\n<7>level=debug msg=all\n");
}

TEST_F(LogTest, WritesSeldomAtMostOnceAMinuteAndSaysHowManyItLeftOut) {
    Log log(LogLevel::info, ends[1]);
    log.write_seldom(LogLevel::info, 0, "full");
    log.write_seldom(LogLevel::info, 1, "full");
    log.write_seldom(LogLevel::info, minute_us - 1, "full");
    log.write_seldom(LogLevel::info, minute_us - 1, "other");
    log.write_seldom(LogLevel::info, minute_us, "full");
    log.write_seldom(LogLevel::info, 2 * minute_us, "full");
    EXPECT_EQ(all(),
              "<6>level=info msg=full\n<6>level=info msg=other\n"
              "<6>level=info msg=full left_out=2\n<6>level=info msg=full\n");
}

TEST_F(LogTest, KeepsABoundedNumberOfRateLimits) {
    std::array<std::string, Log::seldom_max + 1> names;
    Log log(LogLevel::info, ends[1]);
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = std::to_string(i);
        log.write_seldom(LogLevel::info, static_cast<std::int64_t>(i), names[i]);
    }
    // The first has given up its place to the last; the second has not.
    log.write_seldom(LogLevel::info, 100, names[1]);
    log.write_seldom(LogLevel::info, 100, names[0]);
    const std::string text = all();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), Log::seldom_max + 2);
    EXPECT_TRUE(text.ends_with("msg=0\n"));
}

TEST(Log, IsSilentWhenItCannotWrite) {
    Log log(LogLevel::info, -1);
    log.write(LogLevel::error, "nobody hears this");
    EXPECT_TRUE(log.writes(LogLevel::error));
}

}  // namespace
}  // namespace flyball
