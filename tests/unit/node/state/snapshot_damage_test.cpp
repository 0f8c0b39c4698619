// Bit rot: every bit of a snapshot flipped, every length cut, sectors swapped, doubled and zeroed.
// Each is found; nothing of such a file is ever shown.

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <vector>

#include "node/state/snapshot_format.h"
#include "tests/unit/node/state/snapshot_story.h"

namespace flyball {
namespace {

const std::string name = snapshot_name(1);
constexpr std::size_t sector = 512;

ErrorCode found_in(const Bytes& bytes) {
    MemoryDisk disk = disk_with(name, bytes);
    const auto read = read_sections(disk, name);
    EXPECT_FALSE(read.has_value());
    return read ? ErrorCode::internal : read.error().code;
}

TEST(SnapshotDamage, IsFoundInEveryBit) {
    Bytes bytes = snapshot_bytes(real_sections());
    EXPECT_GT(bytes.size(), 4'000U);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
        ASSERT_EQ(found_in(bytes), ErrorCode::damaged) << "bit " << bit;
        bytes[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    }
}

TEST(SnapshotDamage, IsFoundWhereverTheFileEnds) {
    const Bytes bytes = snapshot_bytes(real_sections());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_EQ(found_in(cut), ErrorCode::damaged) << size;
        Bytes zeros = cut;  // the size arrived, the bytes did not
        zeros.resize(bytes.size());
        if (zeros != bytes) {
            ASSERT_EQ(found_in(zeros), ErrorCode::damaged) << size;
        }
    }
    Bytes longer = bytes;
    longer.push_back({});
    MemoryDisk disk = disk_with(name, longer);
    EXPECT_TRUE(read_sections(disk, name).has_value());  // what stays of a reserve
    longer.push_back(std::byte{1});
    EXPECT_EQ(found_in(longer), ErrorCode::damaged);
}

TEST(SnapshotDamage, IsFoundInSectorsSwappedDoubledAndZeroed) {
    const Bytes bytes = snapshot_bytes(real_sections());
    const std::size_t sectors = bytes.size() / sector;
    ASSERT_GT(sectors, 4U);
    const auto at = [](Bytes& in, std::size_t number) {
        return in.begin() + static_cast<std::ptrdiff_t>(number * sector);
    };
    for (std::size_t one = 0; one < sectors; ++one) {
        Bytes zeroed = bytes;
        std::fill_n(at(zeroed, one), sector, std::byte{0});
        EXPECT_EQ(found_in(zeroed), ErrorCode::damaged) << one;
        for (std::size_t other = 0; other < sectors; ++other) {
            if (one != other) {
                Bytes swapped = bytes;
                std::swap_ranges(at(swapped, one), at(swapped, one + 1), at(swapped, other));
                EXPECT_EQ(found_in(swapped), ErrorCode::damaged) << one << ' ' << other;
                Bytes doubled = bytes;
                std::copy_n(at(doubled, one), sector, at(doubled, other));
                EXPECT_EQ(found_in(doubled), ErrorCode::damaged) << one << ' ' << other;
            }
        }
    }
}

// Sealed again, so that nothing but the size is wrong. What it is about shows where std::size_t has
// 32 bits.
TEST(SnapshotDamage, IsFoundInASizeThat32BitsCutToTheRightOne) {
    constexpr std::uint64_t beyond_32_bits = std::uint64_t{1} << 32;
    const Bytes bytes = snapshot_bytes({{.type = node_section, .bytes = "n"}});
    const auto with_first = [&](std::uint64_t SectionHeader::*size) {
        SectionHeaderBytes first{};
        std::ranges::copy(std::span(bytes).first(first.size()), first.begin());
        SectionHeader header = read_section_header(first);
        const auto stored =
            std::span(bytes).subspan(first.size(), static_cast<std::size_t>(header.stored_bytes));
        EXPECT_EQ(sealed(header, stored), first);
        header.*size += beyond_32_bits;
        Bytes forged = bytes;
        std::ranges::copy(sealed(header, stored), forged.begin());
        return forged;
    };
    EXPECT_EQ(found_in(with_first(&SectionHeader::stored_bytes)), ErrorCode::damaged);
    EXPECT_EQ(found_in(with_first(&SectionHeader::raw_bytes)), ErrorCode::usage);
}

// Each section is sound by itself.
TEST(SnapshotDamage, IsFoundInSectionsThatAreMissingOrInAnotherOrder) {
    const Bytes whole =
        snapshot_bytes({{.type = node_section, .bytes = "n"}, {.bytes = "one"}, {.bytes = "two"}});
    std::vector<Bytes> sections;
    for (auto rest = std::span(whole); !rest.empty();) {
        SectionHeaderBytes header;
        std::ranges::copy(rest.first<section_header_bytes>(), header.begin());
        const auto size = section_header_bytes +
                          static_cast<std::size_t>(read_section_header(header).stored_bytes);
        sections.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
        rest = rest.subspan(size);
    }
    ASSERT_EQ(sections.size(), 4U);
    const Bytes& first = sections[0];
    const Bytes& second = sections[1];
    const Bytes& third = sections[2];
    const Bytes& end = sections[3];
    const auto joined = [](const std::vector<Bytes>& pieces) {
        Bytes all;
        for (const Bytes& bytes : pieces) {
            all.insert(all.end(), bytes.begin(), bytes.end());
        }
        return all;
    };
    const std::vector<Bytes> wrong[] = {{first, third, second, end},
                                        {first, second, end},
                                        {first, end},
                                        {second, first, third, end},
                                        {first, second, third},
                                        {first, second, second, end},
                                        {second, third, end},
                                        {first, second, third, end, end},
                                        {end}};
    for (const auto& pieces : wrong) {
        EXPECT_EQ(found_in(joined(pieces)), ErrorCode::damaged);
    }
}

}  // namespace
}  // namespace flyball
