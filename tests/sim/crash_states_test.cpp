// The images after a crash: what was synced is in all of them, what was not in some.

#include "tests/sim/crash_states.h"

#include <gtest/gtest.h>

#include <set>

namespace flyball {
namespace {

Bytes filled(std::size_t size, char with) {
    return Bytes(size, static_cast<std::byte>(with));
}

// Runs of equal bytes, as "512a 512b"; "-" for a file that is not there.
std::string form(const DiskImage& image, std::string_view name) {
    const auto found = image.find(name);
    if (found == image.end()) {
        return "-";
    }
    std::string text;
    const Bytes& bytes = *found->second;
    for (std::size_t i = 0; i < bytes.size();) {
        std::size_t end = i;
        while (end < bytes.size() && bytes[end] == bytes[i]) {
            ++end;
        }
        const char c = static_cast<char>(bytes[i]);
        text += std::to_string(end - i) + (c == 0 ? '0' : c);
        i = end;
    }
    return text;
}

std::set<std::string> forms(const DiskImage& before, const MemoryDisk& disk, std::size_t operations,
                            const std::vector<std::string>& names, CrashOptions options = {}) {
    std::set<std::string> all;
    each_crash_state(before, disk.log(), options, [&](const DiskImage& image, std::size_t done) {
        if (done == operations) {
            std::string text;
            for (const std::string& name : names) {
                text += (text.empty() ? "" : " ") + form(image, name);
            }
            all.insert(text);
        }
        return true;
    });
    return all;
}

DiskImage one_file(std::size_t size) {
    DiskImage image;
    image["a"] = std::make_shared<Bytes>(filled(size, 'o'));
    return image;
}

class Crash : public ::testing::Test {
protected:
    void write(std::uint64_t offset, std::size_t size, char with) {
        ASSERT_TRUE(file->write(offset, filled(size, with)).has_value());
    }

    DiskImage before = one_file(1536);
    MemoryDisk disk{before};
    std::unique_ptr<DiskFile> file = *disk.open("a", Disk::Open::write);
};

TEST_F(Crash, BeforeAnythingLeavesWhatWas) {
    write(0, 512, 'n');
    EXPECT_EQ(forms(before, disk, 0, {"a"}), std::set<std::string>{"1536o"});
}

TEST_F(Crash, LosesTearsAndZeroesAWrite) {
    write(0, 1024, 'n');
    const std::set<std::string> all = forms(before, disk, 1, {"a"});
    EXPECT_TRUE(all.contains("1024n512o"));
    EXPECT_TRUE(all.contains("1536o"));
    EXPECT_TRUE(all.contains("512n1024o"));
    EXPECT_TRUE(all.contains("512o512n512o"));
    CrashOptions options;
    bool zeroed = false;
    for (options.seed = 1; options.seed < 20; ++options.seed) {
        zeroed = zeroed || forms(before, disk, 1, {"a"}, options).contains("10240512o");
    }
    EXPECT_TRUE(zeroed);
}

TEST_F(Crash, ReordersWrites) {
    write(0, 512, '1');
    write(512, 512, '2');
    const std::set<std::string> all = forms(before, disk, 2, {"a"});
    EXPECT_TRUE(all.contains("512o5122512o")) << "the second without the first";
    EXPECT_TRUE(all.contains("51211024o"));
    EXPECT_TRUE(all.contains("51215122512o"));
}

TEST_F(Crash, KeepsWhatWasSynced) {
    write(0, 512, '1');
    ASSERT_TRUE(file->sync().has_value());
    write(512, 512, '2');
    for (const std::string& text : forms(before, disk, 2, {"a"})) {
        EXPECT_EQ(text, "51211024o");
    }
    for (const std::string& text : forms(before, disk, 3, {"a"})) {
        EXPECT_TRUE(text.starts_with("5121")) << text;
    }
}

TEST_F(Crash, MayLoseForEverWhatASyncFailedToBring) {
    write(0, 512, '1');
    disk.fail({.call = DiskCall::sync});
    ASSERT_FALSE(file->sync().has_value());
    write(512, 512, '2');
    ASSERT_TRUE(file->sync().has_value());
    const std::set<std::string> all = forms(before, disk, 4, {"a"});
    EXPECT_TRUE(all.contains("51215122512o"));
    EXPECT_TRUE(all.contains("512o5122512o"));
    EXPECT_FALSE(all.contains("51211024o")) << "the second sync holds for what came after";
    file->forget_cache();
    EXPECT_EQ(forms(before, disk, 5, {"a"}), std::set<std::string>{"512o5122512o"});
}

TEST_F(Crash, SpoilsNeighboursOnlyWhenAskedTo) {
    write(100, 100, 'n');
    CrashOptions options;
    EXPECT_EQ(forms(before, disk, 1, {"a"}, options).count("100o100n1336o"), 1U);
    const auto neighbour_lost = [&] {
        bool lost = false;
        for (options.seed = 1; options.seed < 20; ++options.seed) {
            for (const std::string& text : forms(before, disk, 1, {"a"}, options)) {
                lost = lost || !(text.starts_with("100o") || text == "1536o");
            }
        }
        return lost;
    };
    EXPECT_FALSE(neighbour_lost());
    options.spoils_sectors = true;
    EXPECT_TRUE(neighbour_lost());
}

TEST_F(Crash, NamesAreCertainOnlyWithASyncOfTheFolder) {
    ASSERT_TRUE(disk.rename("a", "b").has_value());
    ASSERT_TRUE(disk.open("c", Disk::Open::replace).has_value());
    const std::set<std::string> all = forms(before, disk, 2, {"a", "b", "c"});
    EXPECT_EQ(all, (std::set<std::string>{"1536o - -", "- 1536o -", "1536o - ", "- 1536o "}));
    ASSERT_TRUE(disk.sync_folder().has_value());
    EXPECT_EQ(forms(before, disk, 3, {"a", "b", "c"}), std::set<std::string>{"- 1536o "});
    ASSERT_TRUE(disk.remove("b").has_value());
    EXPECT_EQ(forms(before, disk, 4, {"b"}), (std::set<std::string>{"-", "1536o"}));
}

TEST_F(Crash, AReplacedFileIsEmptyOrAsItWas) {
    const auto again = disk.open("a", Disk::Open::replace);
    EXPECT_EQ(forms(before, disk, 1, {"a"}), (std::set<std::string>{"", "1536o"}));
}

TEST_F(Crash, ManyWritesAreTriedByChanceAndTheSameWayAgain) {
    for (std::uint64_t i = 0; i < 12; ++i) {
        write(100 * i, 100, static_cast<char>('a' + i));
    }
    std::vector<std::string> runs[2];
    for (auto& run : runs) {
        each_crash_state(before, disk.log(), {}, [&](const DiskImage& image, std::size_t done) {
            if (done == 12) {
                run.push_back(form(image, "a"));
            }
            return true;
        });
    }
    EXPECT_EQ(runs[0], runs[1]);
    EXPECT_EQ(runs[0].size(), CrashOptions().random_subsets);
    EXPECT_GT(std::set<std::string>(runs[0].begin(), runs[0].end()).size(), 32U);
}

TEST_F(Crash, EndsWhenTheVisitorSaysSo) {
    write(0, 512, 'n');
    EXPECT_EQ(each_crash_state(before, disk.log(), {},
                               [](const DiskImage&, std::size_t) { return false; }),
              1U);
}

}  // namespace
}  // namespace flyball
