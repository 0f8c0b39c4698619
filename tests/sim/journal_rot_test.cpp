// Bytes of the journal change on the disk: every bit, sectors swapped, doubled and zeroed, files
// cut off at every byte. What is read is always a beginning of what was written; what is missing is
// reported, and the journal goes on from there.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "node/state/journal_format.h"
#include "tests/sim/journal_story.h"

namespace flyball {
namespace {

constexpr std::size_t sector_bytes = 512;
#ifdef NDEBUG
constexpr std::size_t bit_step = 1;
#else  // under sanitizers, which take ten times as long: it meets each bit of a byte
constexpr std::size_t bit_step = 9;
#endif
constexpr std::uint64_t goes_on_every = 61;  // a second life costs ten times a reading

class Rot : public ::testing::Test {
protected:
    // Four segments with groups, in files that others had before.
    void live(std::size_t segment_bytes, std::size_t journal_bytes) {
        plan.options.segment_bytes = segment_bytes;
        story = std::make_unique<JournalStory>(disk, plan);
        while (story->known().older_from < 100) {
            story->act();
        }
        while (story->journal().live_bytes() < journal_bytes / 8 * 7) {
            story->write();
            story->sync();
        }
        ASSERT_TRUE(story->alive());
        sound = disk.image();
    }
    std::uint64_t from() const { return story->known().older_from; }

    std::vector<std::string> segments() const {
        std::vector<std::string> names;
        for (const auto& [name, bytes] : sound) {
            if (name.starts_with("journal-")) {
                names.push_back(name);
            }
        }
        return names;
    }

    // Where sound groups begin in a file, whichever segment it is.
    static std::vector<std::uint64_t> groups(const std::string& name, const Bytes& bytes) {
        std::vector<std::uint64_t> found;
        const std::uint64_t number = std::stoull(name.substr(8), nullptr, 16);
        for (std::uint64_t at = 0; at < bytes.size(); at += group_step_bytes) {
            StoredGroup group;
            if (check_group(bytes, number, at, group) == GroupCheck::sound &&
                group.header.first_record + group.header.count > first_lost_) {
                found.push_back(at);
            }
        }
        return found;
    }

    // No group after the last that was read is left anywhere: nobody can know of them.
    bool left_no_trace(const DiskImage& image) const {
        return std::ranges::all_of(segments(), [&](const std::string& name) {
            const auto found = image.find(name);
            return found == image.end() || (found->second->size() % segment_step_bytes == 0 &&
                                            groups(name, *found->second).empty());
        });
    }

    void examine(const DiskImage& image, bool may_leave_no_trace, const std::string& what) {
        MemoryDisk rotten(image);
        JournalRead read;
        const std::uint64_t written = story->known().attempted;
        ASSERT_EQ(story->reading_is_wrong(rotten, from(), true, written, read), "") << what;
        first_lost_ = read.end.next_record;
        if (first_lost_ <= written && read.faults.empty()) {
            ASSERT_TRUE(may_leave_no_trace && left_no_trace(image)) << what << " was not noticed";
            ++without_trace;
        }
        noticed += read.faults.empty() ? 0U : 1U;
        if (++examined % goes_on_every == 0) {
            goes_on(rotten, read, what);
        }
    }

    void goes_on(MemoryDisk& rotten, const JournalRead& before, const std::string& what) {
        JournalRead read;
        ASSERT_EQ(story->reading_is_wrong(rotten, from(), true, story->known().attempted, read), "")
            << what;
        ASSERT_EQ(read.end.next_record, before.end.next_record) << what << ", read again";
        JournalStory life(rotten, plan, *story, story->known(), read);
        ASSERT_TRUE(life.alive()) << what;
        for (int i = 0; i < 3; ++i) {
            life.write();
        }
        life.sync();
        const auto& known = life.known();
        const std::uint64_t start = read.end.segment == 0 ? before.end.next_record : from();
        ASSERT_EQ(life.reading_is_wrong(rotten, start, true, known.attempted, read), "") << what;
        ASSERT_EQ(read.end.next_record, known.attempted + 1) << what;
    }

    MemoryDisk disk;
    JournalStory::Plan plan{.syncs_each = true, .seed = 11};
    std::unique_ptr<JournalStory> story;
    DiskImage sound;
    std::uint64_t examined = 0;
    std::uint64_t noticed = 0;
    std::uint64_t without_trace = 0;
    static inline std::uint64_t first_lost_ = 0;
};

TEST_F(Rot, OfEveryBitIsNoticedOrHarmless) {
    live(4096, 16384);
    ASSERT_EQ(segments().size(), 4U);
    for (const std::string& name : segments()) {
        for (std::size_t bit = 0; bit < sound[name]->size() * 8; bit += bit_step) {
            DiskImage image = sound;
            flip_bit(image, name, bit);
            examine(image, false, name + ", bit " + std::to_string(bit));
            ASSERT_FALSE(HasFatalFailure());
        }
    }
    EXPECT_GE(examined, 16384U * 8 / bit_step);
    EXPECT_GT(noticed, examined / 2);
}

TEST_F(Rot, OfAnyByteOfALongerJournal) {
    live(65536, 262144);
    for (const std::string& name : segments()) {
        for (std::size_t byte = 0; byte < sound[name]->size(); byte += 67) {
            DiskImage image = sound;
            flip_bit(image, name, byte * 8 + byte % 8);
            examine(image, false, name + ", byte " + std::to_string(byte));
            ASSERT_FALSE(HasFatalFailure());
        }
    }
    EXPECT_GT(noticed, examined / 2);
}

TEST_F(Rot, OfSectorsSwappedDoubledAndZeroed) {
    live(4096, 16384);
    std::vector<std::pair<std::string, std::size_t>> sectors;
    for (const std::string& name : segments()) {
        for (std::size_t at = 0; at < sound[name]->size(); at += sector_bytes) {
            sectors.emplace_back(name, at);
        }
    }
    const auto sector = [&](DiskImage& image, std::size_t i) {
        return own_bytes(image, sectors[i].first).begin() +
               static_cast<std::ptrdiff_t>(sectors[i].second);
    };
    for (std::size_t a = 0; a < sectors.size(); ++a) {
        const std::string what = sectors[a].first + " at " + std::to_string(sectors[a].second);
        DiskImage zeroed = sound;
        std::fill_n(sector(zeroed, a), sector_bytes, std::byte{0});
        examine(zeroed, true, what + " zeroed");
        for (std::size_t b = 0; b < sectors.size(); ++b) {
            const std::string both = what + " and sector " + std::to_string(b);
            DiskImage doubled = sound;
            std::copy_n(sector(doubled, b), sector_bytes, sector(doubled, a));
            examine(doubled, true, both + " doubled");
            DiskImage swapped = sound;
            const auto first = sector(swapped, a);
            std::swap_ranges(first, first + sector_bytes, sector(swapped, b));
            examine(swapped, true, both + " swapped");
            ASSERT_FALSE(HasFatalFailure());
        }
    }
    EXPECT_GT(noticed, examined / 2);
    EXPECT_LT(without_trace, examined / 10);
}

TEST_F(Rot, OfFilesCutOffAtEveryByte) {
    live(4096, 16384);
    for (const std::string& name : segments()) {
        for (std::size_t size = 0; size < sound[name]->size(); ++size) {
            DiskImage image = sound;
            own_bytes(image, name).resize(size);
            examine(image, false, name + " cut off at " + std::to_string(size));
            ASSERT_FALSE(HasFatalFailure());
        }
    }
}

TEST_F(Rot, OfWholeFilesThatAreMissing) {
    live(4096, 16384);
    for (const std::string& name : segments()) {
        DiskImage image = sound;
        image.erase(name);
        examine(image, name == segments().back(), name + " missing");
        ASSERT_FALSE(HasFatalFailure());
    }
}

}  // namespace
}  // namespace flyball
