#include "governors/column.h"

#include <gtest/gtest.h>

#include <string>

namespace flyball {
namespace {

ColumnReader reader(const std::string& bytes) {
    return ColumnsReader(std::as_bytes(std::span(bytes))).next();
}

TEST(Column, GivesNoTextThatIsLongerThanWhatIsLeft) {
    ByteBuffer out;
    ColumnWriter(out).put_bytes("abc");
    const std::string bytes(out.bytes());
    EXPECT_EQ(reader(bytes).take_bytes(3), "abc");
    // The lower 32 bits of the latter ones are few enough.
    for (const std::uint64_t size : {std::uint64_t{4}, std::uint64_t{1} << 32,
                                     (std::uint64_t{1} << 32) + 3, UINT64_MAX << 32}) {
        ColumnReader column = reader(bytes);
        EXPECT_EQ(column.take_bytes(size), "") << size;
        EXPECT_FALSE(column.good()) << size;
    }
}

}  // namespace
}  // namespace flyball
