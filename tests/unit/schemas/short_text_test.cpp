#include "schemas/short_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flyball::testing {
namespace {

constexpr std::size_t sizes_end = 70;  // several words, and each way to end

std::string letters(std::size_t size) {
    std::string text;
    for (std::size_t at = 0; at < size; ++at) {
        text += static_cast<char>('a' + at % 26);
    }
    return text;
}

TEST(SameText, IsTrueOfEqualTextsAndSeesEachByteThatDiffers) {
    for (std::size_t size = 0; size < sizes_end; ++size) {
        const std::string text = letters(size);
        std::string other = text;
        EXPECT_TRUE(same_text(text, other)) << size;
        EXPECT_FALSE(same_text(text, other + "x")) << size;
        for (std::size_t at = 0; at < size; ++at) {
            other[at] = '!';
            EXPECT_FALSE(same_text(text, other)) << size << " bytes, the one at " << at;
            other[at] = text[at];
        }
    }
}

// Buffers that end where the text does: the sanitizer sees a byte read or written behind it.
TEST(CopyShort, CopiesTheBytesAndNoneBehindThem) {
    for (std::size_t size = 0; size < sizes_end; ++size) {
        const std::string text = letters(size);
        std::vector<char> from(text.begin(), text.end());
        std::vector<char> to(size);
        copy_short(to.data(), from.data(), size);
        EXPECT_EQ(std::string(to.begin(), to.end()), text);
        EXPECT_TRUE(same_text({from.data(), size}, {to.data(), size})) << size;
    }
}

}  // namespace
}  // namespace flyball::testing
