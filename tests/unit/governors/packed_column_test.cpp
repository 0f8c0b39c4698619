#include "governors/packed_column.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flyball {
namespace {

std::string packed(const std::vector<std::int64_t>& numbers) {
    ByteBuffer out;
    {
        PackedColumnWriter column(out);
        for (const std::int64_t number : numbers) {
            column.put_signed(number);
        }
    }
    return std::string(out.bytes());
}

PackedColumnReader reader(const std::string& bytes, bool may_pack = true) {
    return {ColumnsReader(std::as_bytes(std::span(bytes))).next(), may_pack};
}

ColumnReader plain(std::string_view bytes) {
    return ColumnReader(std::as_bytes(std::span(bytes)));
}

// Who reads until nothing is left would never come to an end.
TEST(Column, HasNothingLeftBehindWhatIsDamaged) {
    using namespace std::string_view_literals;
    for (const std::string_view number :
         {"\x80\x00\x01\x02"sv, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x03\x01"sv}) {
        ColumnReader column = plain(number);
        EXPECT_EQ(column.take(), 0U);
        EXPECT_FALSE(column.good());
        EXPECT_EQ(column.left(), 0U);
        EXPECT_FALSE(column.ended());
    }
    ColumnReader column = plain("abc");
    EXPECT_EQ(column.take_bytes(4), "");
    EXPECT_EQ(column.left(), 0U);
    EXPECT_FALSE(column.ended());
}

RC_GTEST_PROP(PackedColumn, IsReadAsItWasWritten, (std::vector<std::int64_t> numbers)) {
    const std::string bytes = packed(numbers);
    PackedColumnReader column = reader(bytes);
    for (const std::int64_t number : numbers) {
        RC_ASSERT(column.take_signed() == number);
    }
    RC_ASSERT(column.ended());
}

RC_GTEST_PROP(PackedColumn, IsReadAsItWasWrittenWhereItPacks, (std::vector<std::int16_t> narrow)) {
    const std::vector<std::int64_t> numbers(narrow.begin(), narrow.end());
    const std::string bytes = packed(numbers);
    PackedColumnReader column = reader(bytes);
    for (const std::int64_t number : numbers) {
        RC_ASSERT(column.take_signed() == number);
    }
    RC_ASSERT(column.ended());
}

TEST(PackedColumn, TakesTheBitsOfTheLargestBehindTheFirst) {
    std::vector<std::int64_t> numbers(1001, 500);  // 10 bits, two bytes otherwise
    numbers[0] = std::int64_t{1} << 40;
    EXPECT_EQ(packed(numbers).size(), 4U + 1 + 6 + 1250);
    numbers[1] = std::int64_t{1} << 40;
    EXPECT_EQ(packed(numbers).size(), 4U + 1 + 6 + 6 + 2 * 999);
}

TEST(PackedColumn, LeavesSmallNumbersToLz4) {
    EXPECT_EQ(packed(std::vector<std::int64_t>(1000, 3)).size(), 4U + 1 + 1000);
    EXPECT_EQ(packed({}).size(), 4U + 1);
}

TEST(PackedColumn, RefusesWhatNoWriterMakes) {
    std::string bytes = packed({500, 500, 500, 500, 500, 500, 500});
    ASSERT_NE(bytes[4], 0) << "packed";
    PackedColumnReader short_of = reader(bytes);
    for (int taken = 0; taken < 9; ++taken) {
        short_of.take_signed();
    }
    EXPECT_FALSE(short_of.good());
    bytes.back() = '\xff';
    PackedColumnReader filled = reader(bytes);
    for (int taken = 0; taken < 7; ++taken) {
        filled.take_signed();
    }
    EXPECT_FALSE(filled.ended()) << "bits beyond the last number";
    bytes[4] = 57;
    EXPECT_FALSE(reader(bytes).good());
}

TEST(PackedColumn, ReadsAColumnFromBeforeThereWasThisForm) {
    ByteBuffer out;
    {
        ColumnWriter column(out);
        column.put_signed(500);
        column.put_signed(-7);
    }
    const std::string bytes(out.bytes());
    PackedColumnReader column = reader(bytes, false);
    EXPECT_EQ(column.take_signed(), 500);
    EXPECT_EQ(column.take_signed(), -7);
    EXPECT_TRUE(column.ended());
}

}  // namespace
}  // namespace flyball
