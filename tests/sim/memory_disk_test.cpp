// The disk in memory: what a process sees of it, and what it does when it is told to fail.

#include "tests/sim/memory_disk.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

Bytes bytes_of(std::string_view text) {
    Bytes bytes;
    for (const char c : text) {
        bytes.push_back(static_cast<std::byte>(c));
    }
    return bytes;
}

std::string text_of(const DiskImage& image, std::string_view name) {
    std::string text;
    for (const std::byte b : *image.find(name)->second) {
        text += static_cast<char>(b);
    }
    return text;
}

std::unique_ptr<DiskFile> opened(MemoryDisk& disk, std::string_view name,
                                 Disk::Open how = Disk::Open::replace) {
    auto file = disk.open(name, how);
    EXPECT_TRUE(file.has_value());
    return std::move(*file);
}

std::string read_all(DiskFile& file) {
    Bytes bytes(100);
    const auto got = file.read(0, bytes);
    EXPECT_TRUE(got.has_value());
    std::string text;
    for (std::size_t i = 0; i < *got; ++i) {
        text += static_cast<char>(bytes[i]);
    }
    return text;
}

TEST(MemoryDisk, KeepsWhatIsWritten) {
    MemoryDisk disk;
    const auto file = opened(disk, "a");
    ASSERT_TRUE(file->write(0, bytes_of("hello")).has_value());
    ASSERT_TRUE(file->write(4, bytes_of("p me")).has_value());
    EXPECT_EQ(read_all(*file), "hellp me");
    EXPECT_EQ(file->size().value(), 8U);
    EXPECT_EQ(disk.list().value(), std::vector<std::string>{"a"});
    EXPECT_TRUE(disk.rename("a", "b").has_value());
    EXPECT_FALSE(disk.open("a", Disk::Open::read).has_value());
    EXPECT_EQ(text_of(disk.image(), "b"), "hellp me");
    EXPECT_TRUE(disk.remove("b").has_value());
    EXPECT_TRUE(disk.list()->empty());
    EXPECT_EQ(disk.log().size(), 5U);
}

TEST(MemoryDisk, IsMadeFromAnImageAndLeavesItAlone) {
    DiskImage image;
    image["a"] = std::make_shared<Bytes>(bytes_of("one"));
    MemoryDisk disk(image);
    const auto file = opened(disk, "a", Disk::Open::write);
    ASSERT_TRUE(file->write(0, bytes_of("two")).has_value());
    EXPECT_EQ(text_of(image, "a"), "one");
    EXPECT_EQ(text_of(disk.image(), "a"), "two");
    flip_bit(image, "a", 8);
    EXPECT_EQ(text_of(image, "a"), "ooe");
    EXPECT_EQ(disk.log().size(), 1U);
}

TEST(MemoryDisk, FailsTheCallItIsToldTo) {
    MemoryDisk disk;
    const auto file = opened(disk, "a");
    disk.fail({.call = DiskCall::write, .at = 2, .reason = DiskFault::Reason::read_only});
    EXPECT_TRUE(file->write(0, bytes_of("1")).has_value());
    const auto failed = file->write(1, bytes_of("2"));
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().message, "cannot write a: Read-only file system");
    EXPECT_TRUE(file->write(1, bytes_of("3")).has_value());
    EXPECT_EQ(read_all(*file), "13");
    EXPECT_EQ(disk.failures(), 1U);
}

TEST(MemoryDisk, FailsFromThenOnUntilItIsHealed) {
    MemoryDisk disk;
    opened(disk, "a");
    disk.fail({.call = DiskCall::rename, .at = 1, .from_then_on = true});
    EXPECT_FALSE(disk.rename("a", "b").has_value());
    EXPECT_FALSE(disk.rename("a", "b").has_value());
    disk.heal();
    EXPECT_TRUE(disk.rename("a", "b").has_value());
}

TEST(MemoryDisk, WritesHalfWhenItIsShort) {
    MemoryDisk disk;
    const auto file = opened(disk, "a");
    disk.fail({.call = DiskCall::write, .reason = DiskFault::Reason::short_write});
    EXPECT_FALSE(file->write(0, bytes_of("abcdef")).has_value());
    EXPECT_EQ(read_all(*file), "abc");
}

TEST(MemoryDisk, FillsUp) {
    MemoryDisk disk;
    const auto file = opened(disk, "a");
    disk.limit_bytes(4);
    EXPECT_FALSE(file->write(0, bytes_of("abcdef")).has_value());
    EXPECT_EQ(read_all(*file), "abcd");
    EXPECT_TRUE(file->write(0, bytes_of("wxyz")).has_value()) << "what is there can be overwritten";
    ASSERT_TRUE(disk.remove("a").has_value());
    EXPECT_TRUE(opened(disk, "b")->write(0, bytes_of("1234")).has_value());
}

TEST(MemoryDisk, DropsWhatASyncFailedToBring) {
    MemoryDisk disk;
    const auto file = opened(disk, "a");
    ASSERT_TRUE(file->write(0, bytes_of("one ")).has_value());
    ASSERT_TRUE(file->sync().has_value());
    ASSERT_TRUE(file->write(0, bytes_of("two ")).has_value());
    disk.fail({.call = DiskCall::sync});
    EXPECT_FALSE(file->sync().has_value());
    ASSERT_TRUE(file->write(4, bytes_of("more")).has_value());
    EXPECT_TRUE(file->sync().has_value());
    EXPECT_EQ(read_all(*file), "two more") << "the cache knows no better";
    file->forget_cache();
    EXPECT_EQ(read_all(*file), "one more");
}

TEST(MemoryDisk, CountsItsCalls) {
    MemoryDisk disk;
    const auto file = opened(disk, "a");
    ASSERT_TRUE(file->sync().has_value());
    ASSERT_TRUE(file->sync().has_value());
    EXPECT_EQ(disk.calls(DiskCall::sync), 2U);
    EXPECT_EQ(disk.calls(DiskCall::open), 1U);
    EXPECT_EQ(disk.calls(DiskCall::read), 0U);
}

}  // namespace
}  // namespace flyball
