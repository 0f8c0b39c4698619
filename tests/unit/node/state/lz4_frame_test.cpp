#include "node/state/lz4_frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace flyball {
namespace {

FrameBytes bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

FrameBytes framed(const FrameBytes& content) {
    FrameBytes frame;
    const auto done = compress_frame(content, frame);
    EXPECT_TRUE(done.has_value());
    return frame;
}

ErrorCode refusal(std::span<const std::byte> frame, std::size_t bytes_max = 1 << 20) {
    FrameBytes content;
    const auto done = decompress_frame(frame, bytes_max, content);
    EXPECT_FALSE(done.has_value());
    return done ? ErrorCode::internal : done.error().code;
}

RC_GTEST_PROP(Lz4Frame, ComesBackAsItWas, ()) {
    FrameBytes content;
    for (const auto& [byte, count] :
         *rc::gen::container<std::vector<std::pair<std::uint8_t, std::uint8_t>>>(
             rc::gen::arbitrary<std::pair<std::uint8_t, std::uint8_t>>())) {
        content.insert(content.end(), std::size_t{count} * 9, std::byte{byte});
    }
    FrameBytes back = bytes_of("what was here before");
    RC_ASSERT(decompress_frame(framed(content), content.size(), back).has_value());
    RC_ASSERT(back == content);
}

TEST(Lz4Frame, HoldsNothingToo) {
    FrameBytes back = bytes_of("before");
    ASSERT_TRUE(decompress_frame(framed({}), 0, back).has_value());
    EXPECT_TRUE(back.empty());
}

TEST(Lz4Frame, IsTakenOnEitherSideOfTheSlowSearch) {
    for (const std::size_t size : {slow_compression_bytes_max, slow_compression_bytes_max + 1}) {
        FrameBytes content(size);
        for (std::size_t at = 0; at < size; ++at) {
            content[at] = static_cast<std::byte>(at * at >> 7);
        }
        const FrameBytes frame = framed(content);
        EXPECT_LT(frame.size(), size);
        FrameBytes back;
        ASSERT_TRUE(decompress_frame(frame, size, back).has_value());
        EXPECT_EQ(back, content);
    }
}

TEST(Lz4Frame, IsRefusedAboveTheCallersBoundBeforeItTakesMemory) {
    FrameBytes content(100'000);
    const FrameBytes frame = framed(content);
    EXPECT_EQ(refusal(frame, content.size() - 1), ErrorCode::usage);
    FrameBytes room;
    ASSERT_FALSE(decompress_frame(frame, content.size() - 1, room).has_value());
    EXPECT_EQ(room.capacity(), 0U);
}

TEST(Lz4Frame, IsDamagedWithAnyBitFlippedOrAnyByteMissing) {
    FrameBytes frame = framed(bytes_of("a tenant and a tenant and a tenant, and so on and on"));
    for (std::size_t bit = 0; bit < 8 * frame.size(); ++bit) {
        const auto flip = [&] { frame[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8); };
        flip();
        FrameBytes content;
        EXPECT_FALSE(decompress_frame(frame, 1 << 20, content).has_value()) << bit;
        flip();
    }
    for (std::size_t size = 0; size < frame.size(); ++size) {
        EXPECT_EQ(refusal(std::span(frame).first(size)), ErrorCode::damaged) << size;
    }
    frame.push_back({});
    EXPECT_EQ(refusal(frame), ErrorCode::damaged);
}

// Written by the lz4 tool as it comes: 4 MB blocks, no sizes.
TEST(Lz4Frame, OfAnotherFormIsRefused) {
    const unsigned char plain[] = {0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x03,
                                   0x00, 0x00, 0x80, 'a',  'b',  'c',  0x00, 0x00,
                                   0x00, 0x00, 0xff, 0x53, 0xd1, 0x32};
    EXPECT_EQ(refusal(std::as_bytes(std::span(plain))), ErrorCode::damaged);
    const unsigned char skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0x00, 0x00, 0x00, 0x00};
    EXPECT_EQ(refusal(std::as_bytes(std::span(skippable))), ErrorCode::damaged);
}

}  // namespace
}  // namespace flyball
