#pragma once
// A journal's life by chance: what was written, synced and covered by a snapshot after each
// operation of the disk, and whether what is read back can be true. The same seed writes the same
// records in the same groups, also when it starts again in the middle.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "node/state/journal.h"
#include "node/state/journal_reader.h"
#include "tests/sim/memory_disk.h"

namespace flyball {

class JournalStory {
public:
    struct Plan {
        Journal::Options options{.segment_bytes = 8192, .pad_bytes = 64};
        bool syncs_each = false;  // as with state.durability = "commit"
        std::uint64_t seed = 1;
    };
    // What held after so many operations of the disk.
    struct Known {
        std::size_t operations = 0;
        std::uint64_t synced = 0;      // records up to this one
        std::uint64_t attempted = 0;   // and no later one
        std::uint64_t from = 1;        // the first after the newest snapshot
        std::uint64_t older_from = 1;  // after the one before
    };

    JournalStory(MemoryDisk& disk, const Plan& plan);
    // Goes on after a crash of `before`, of which `read` was found.
    JournalStory(MemoryDisk& disk, const Plan& plan, const JournalStory& before, const Known& known,
                 const JournalRead& read);

    bool alive() const { return journal_ != nullptr && !journal_->failed(); }
    void act();  // one call by chance
    void write();
    void sync();
    // Takes a snapshot of everything and begins anew; false when that failed as well.
    bool start_again();

    const Journal& journal() const { return *journal_; }
    const Known& known_after(std::size_t operations) const;
    const Known& known() const { return known_.back(); }
    // Empty, or what is wrong with what `disk` says, read from `from` on.
    std::string reading_is_wrong(Disk& disk, std::uint64_t from, bool mend, std::uint64_t attempted,
                                 JournalRead& read) const;
    // The same, and a crash alone must neither have lost anything synced nor look like damage.
    std::string crash_is_wrong(Disk& disk, const Known& at_crash, std::uint64_t from,
                               JournalRead& read) const;

private:
    std::uint64_t chance(std::uint64_t salt, std::uint64_t below) const;
    Bytes record(std::uint64_t number) const;
    void note(bool before_a_write = false);
    void snapshot();

    MemoryDisk* disk_;
    Plan plan_;
    std::unique_ptr<Journal> journal_;
    std::vector<Bytes> records_;  // that of number n at n - 1
    std::uint64_t acts_ = 0;
    std::vector<Known> known_;
    Known now_;
};

}  // namespace flyball
