#include "fleet/render.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>

#include "fleet/suggest.h"

namespace flyball {
namespace {

const Style plain{};
const Style terminal{.colour = true, .width = 40};

TEST(Printable, ShowsWhatWouldSteerATerminal) {
    EXPECT_EQ(printable("acme"), "acme");
    EXPECT_EQ(printable("Müller 漢"), "Müller 漢");
    EXPECT_EQ(printable("a\x1b[2Jb\r\n\t"), "a\\x1b[2Jb\\r\\n\\t");
    EXPECT_EQ(printable("\xc2\x9b"
                        "2J"),
              "\\xc2\\x9b2J");
    EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");
    EXPECT_EQ(printable("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");
}

RC_GTEST_PROP(Printable, NeverLeavesAControlByte, (const std::string& text)) {
    for (const char c : printable(text)) {
        RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
}

TEST(Colours, AreUsedOnlyWhereWanted) {
    EXPECT_EQ(paint(plain, Tone::good, "allow"), "allow");
    EXPECT_EQ(paint(terminal, Tone::good, "allow"), "\x1b[32mallow\x1b[0m");
    EXPECT_EQ(columns_of(paint(terminal, Tone::good, "Grüße")), 5U);
}

TEST(Units, AreReadable) {
    EXPECT_EQ(span_text(0), "0 ms");
    EXPECT_EQ(span_text(999), "999 ms");
    EXPECT_EQ(span_text(1500), "1.5 s");
    EXPECT_EQ(span_text(59'999), "59 s");
    EXPECT_EQ(span_text(3'600'000), "1 h");
    EXPECT_EQ(span_text(11'520'000), "3 h 12 min");
    EXPECT_EQ(span_text(90'000'000), "1 d 1 h");
    EXPECT_EQ(span_text(-1500), "-1.5 s");
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(1536), "1.5 KiB");
    EXPECT_EQ(bytes_text(2 * 1024 * 1024), "2.0 MiB");
    EXPECT_EQ(micros_text(380), "380 µs");
    EXPECT_EQ(micros_text(1250), "1.2 ms");
    EXPECT_EQ(date_text(instant_from_ms(1'700'000'000'000)), "2023-11-14 22:13:20 UTC");
    EXPECT_EQ(clock_text(instant_from_ms(-5)), "--:--:--");
}

RC_GTEST_PROP(Units, TakeAnyNumber, (std::int64_t number)) {
    RC_ASSERT(!span_text(number).empty());
    RC_ASSERT(!bytes_text(number).empty());
    RC_ASSERT(!date_text(instant_from_ms(number)).empty());
    RC_ASSERT(!clock_text(instant_from_ms(number)).empty());
}

TEST(Remarks, FollowTheUnitInTheKey) {
    EXPECT_EQ(remark_on("retry_after_ms", 11'520'000), "3 h 12 min");
    EXPECT_EQ(remark_on("retry_after_ms", 12), "");
    EXPECT_EQ(remark_on("rss_bytes", 2097152), "2.0 MiB");
    EXPECT_EQ(remark_on("at", 1'700'000'000'000), "2023-11-14 22:13:20 UTC");
    EXPECT_EQ(remark_on("used", 1'700'000'000'000), "");
    EXPECT_EQ(remark_on("at", "soon"), "");
}

TEST(TableText, GoesOnBelowWithWhatDoesNotFit) {
    Table table({"NODE", "STATUS", "NOTE"});
    table.add({"eu-west/pi-7", "online", "a note of 24 characters."});
    table.add({"a/b", "lost", ""});
    EXPECT_EQ(table.text(plain),
              "NODE          STATUS  NOTE\n"
              "eu-west/pi-7  online  a note of 24 characters.\n"
              "a/b           lost\n");
    EXPECT_EQ(table.text({.colour = false, .width = 40}),
              "NODE          STATUS\n"
              "eu-west/pi-7  online\n"
              "a/b           lost\n"
              "\n"
              "NODE          NOTE\n"
              "eu-west/pi-7  a note of 24 characters.\n"
              "a/b\n");
}

TEST(TableText, ShowsAColumnThatIsWiderThanTheTerminal) {
    Table table({"A", "B"});
    table.add({"x", std::string(50, 'y')});
    EXPECT_NE(table.text({.colour = false, .width = 40}).find(std::string(50, 'y')),
              std::string::npos);
}

TEST(Sentences, BreakAtSpaces) {
    EXPECT_EQ(wrapped("one two three four five six seven eight nine", {false, 20}),
              "one two three four\nfive six seven eight\nnine");
    EXPECT_EQ(wrapped("one two three four five six", plain), "one two three four five six");
}

TEST(PairsText, WrapsLongValuesBelowThemselves) {
    Pairs pairs;
    pairs.add("used", "3", "a remark");
    pairs.add("expected", "one of allow, deny, ok, error, nothing");
    EXPECT_EQ(pairs.text({.colour = false, .width = 40}),
              "  used      3  (a remark)\n"
              "  expected  one of allow, deny, ok,\n"
              "            error, nothing\n");
}

RC_GTEST_PROP(PairsText, KeepsToItsWidth, (const std::string& value)) {
    Pairs pairs;
    pairs.add("key", printable(value));
    std::istringstream lines(pairs.text({.colour = false, .width = 40}));
    for (std::string line; std::getline(lines, line);) {
        RC_ASSERT(columns_of(line) <= 40U);
    }
}

TEST(NearNames, FindsSlipsAndParts) {
    const std::vector<std::string> names{"eu-west/pi-7", "eu-west/pi-8", "apac/pi-7", "us/cam"};
    EXPECT_EQ(near_names("eu-west/pi-7x", names).front(), "eu-west/pi-7");
    EXPECT_EQ(near_names("us/cma", names), (std::vector<std::string>{"us/cam"}));
    EXPECT_TRUE(near_names("somewhere/else", names).empty());
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
}

}  // namespace
}  // namespace flyball
