// The power fails at every operation of the disk, with every outcome for what was not synced: what
// is read back is a beginning of what was written, with all that was synced; and the journal goes
// on from there, through another crash.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/from_environment.h"
#include "tests/sim/crash_states.h"
#include "tests/sim/journal_story.h"

namespace flyball {
namespace {

// How many images there are in all; FLYBALL_CRASH_STATES asks for more.
#ifdef NDEBUG
constexpr std::uint64_t states_wanted = 250'000;
#else  // under sanitizers, which take ten times as long
constexpr std::uint64_t states_wanted = 25'000;
#endif
constexpr std::uint64_t second_life_every = 50;
constexpr int acts_of_a_life = 30;
constexpr int acts_of_a_second_life = 4;

using Plan = JournalStory::Plan;
using Known = JournalStory::Known;

class Crashes {
public:
    explicit Crashes(std::uint64_t wanted) : wanted_(wanted) {}
    bool wants_more() const { return !failed_ && checked_ < wanted_; }
    std::uint64_t checked() const { return checked_; }

    void live_and_crash(const Plan& plan, bool spoils_sectors) {
        plan_ = plan;
        options_ = {.seed = plan.seed, .spoils_sectors = spoils_sectors};
        MemoryDisk disk;
        JournalStory story(disk, plan);
        ASSERT_TRUE(story.alive());
        for (int i = 0; i < acts_of_a_life; ++i) {
            story.act();
            ASSERT_TRUE(story.alive());
        }
        each_crash_state({}, disk.log(), options_, [&](const DiskImage& image, std::size_t done) {
            return crashed(story, image, done);
        });
    }

private:
    bool crashed(const JournalStory& story, const DiskImage& image, std::size_t done) {
        const Known& known = story.known_after(done);
        const bool older = ++checked_ % 4 == 0;
        MemoryDisk disk(image);
        JournalRead read;
        if (!right(story.crash_is_wrong(disk, known, older ? known.older_from : known.from, read),
                   done)) {
            return false;
        }
        if (checked_ % second_life_every != 0) {
            return wants_more();
        }
        // What a process sees after the first reading, as mended by it.
        const DiskImage before = disk.image();
        Plan again = plan_;
        again.seed += checked_ % 3;  // 0: the very records and groups that were lost
        MemoryDisk second(before);
        JournalStory life(second, again, story, known, read);
        if (!life.alive()) {
            return right("cannot go on", done);
        }
        for (int i = 0; i < acts_of_a_second_life; ++i) {
            life.write();
            if (i % 2 == 1) {
                life.sync();
            }
        }
        bool good = life.alive() || right("has failed", done);
        each_crash_state(
            before, second.log(), options_, [&](const DiskImage& then, std::size_t at) {
                ++checked_;
                MemoryDisk third(then);
                const Known& knew = life.known_after(at);
                good = good && right(life.crash_is_wrong(third, knew, knew.from, read), done);
                return good;
            });
        return good && wants_more();
    }

    bool right(const std::string& wrong, std::size_t done) {
        failed_ = failed_ || !wrong.empty();
        EXPECT_EQ(wrong, "") << "crash after operation " << done << ", seed " << plan_.seed
                             << ", padding " << plan_.options.pad_bytes << ", "
                             << (plan_.syncs_each ? "commit" : "interval");
        return wrong.empty();
    }

    std::uint64_t wanted_;
    Plan plan_;
    CrashOptions options_;
    std::uint64_t checked_ = 0;
    bool failed_ = false;
};

TEST(JournalCrash, KeepsWhatWasSyncedAndInventsNothing) {
    Crashes crashes(testing::number_from("FLYBALL_CRASH_STATES", states_wanted));
    std::uint64_t seed = 0;
    while (crashes.wants_more()) {
        ++seed;
        crashes.live_and_crash({.seed = seed}, false);
        crashes.live_and_crash({.syncs_each = true, .seed = seed}, false);
        // A page is never written again: sectors may be spoiled whole.
        crashes.live_and_crash({.options = {.segment_bytes = 16384, .pad_bytes = 4096},
                                .syncs_each = seed % 2 == 0,
                                .seed = seed},
                               true);
    }
    std::printf("%llu crash states checked, seeds up to %llu\n",
                static_cast<unsigned long long>(crashes.checked()),
                static_cast<unsigned long long>(seed));
}

}  // namespace
}  // namespace flyball
