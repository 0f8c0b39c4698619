#pragma once
// The state folder as one thing: who the node is, the newest sound snapshot, the journal after it,
// and the writing of both (docs/design/state.md). No thread, no clock; the keeper has those
// (node/keeper.h). One thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/recovery.h"
#include "node/state/disk.h"
#include "node/state/folder_room.h"
#include "node/state/journal.h"
#include "node/state/snapshot.h"
#include "schemas/byte_buffer.h"

namespace flyball {

// Made with the folder, never changed: health's `instance`, where audit chains begin, and what keys
// the hashes of remembered ids.
struct StateIdentity {
    std::uint64_t instance = 0;
    std::uint64_t seed = 0;
    bool operator==(const StateIdentity&) const = default;
};

// What a snapshot is made of; whoever owns the engine makes the pieces.
struct SnapshotPiece {
    std::uint64_t through_record = 0;  // changes up to here are in it
    std::string title;                 // of a governor; empty: the node's own, which comes first
    ByteBuffer bytes;
    std::uint64_t raw_bytes = 0;  // the same as plain msgpack maps
};

// Appends a record with its length as a varint in front, as groups and pieces have them.
void append_record(ByteBuffer& out, std::string_view record);

struct StateSizes {
    std::uint64_t snapshot_bytes = 0;
    std::uint64_t memory_bytes = 0;  // the pieces before compression
    std::uint64_t raw_bytes = 0;     // the same as plain msgpack maps; 0: not known
    std::uint64_t journal_bytes = 0;
};

class StateStore {
public:
    struct Options {
        std::size_t pad_bytes = 64;  // 4,096 where every group is waited for
        std::uint64_t max_bytes = std::uint64_t{64} << 20U;
        std::size_t segment_bytes = std::size_t{1} << 20U;
    };
    StateStore(Disk& disk, const Options& options)
        : disk_(disk), options_(options), room_(options.max_bytes) {}
    // `fresh`, kept from now on, in a folder that has none.
    static Result<StateIdentity> identify(Disk& disk, const StateIdentity& fresh);

    struct Recovered {
        bool lost = false;                // there was a state, and none of it is sound
        std::vector<std::string> faults;  // what did not check out, a sentence each
        std::vector<std::string> warnings;
        std::uint64_t records = 0;  // of the journal
        std::uint64_t through = 0;  // the last of them, or of the snapshot
    };
    // Into an engine that has no governors. An error: this release cannot read what is there, or
    // the disk does not let itself be read. `progress` hears of records every few thousand.
    using Progress = std::function<void(std::uint64_t records)>;
    Result<Recovered> recover(Engine& engine, Recovery& recovery, const Progress& progress = {});

    // One snapshot alone: its governors, and in `recovery` the node's own.
    Result<void> load(Engine& engine, Recovery& recovery, const std::string& name);

    // Whether begin_journal() may go on where recovery ended. Not in the middle of what there was:
    // no reader would follow; a snapshot of all that was recovered comes first, and begin_anew().
    bool journal_goes_on() const {
        return end_.segment != 0 || end_.next_record == snapshot_record_ + 1;
    }
    // Whether what the newest snapshot holds came about in records: else nothing may lead on from
    // one before it, and a snapshot has to come before the first record of another decision.
    bool records_lead_here() const { return records_lead_here_; }
    // `refused`: it has its share or more already; `beyond` that it gets what the folder has left.
    Result<void> begin_journal(bool beyond = false);
    // After a failure, once a snapshot of everything before `next_record` is in force.
    Result<void> begin_anew(std::uint64_t next_record);
    Result<void> write(std::span<const std::byte> records, std::uint32_t count);
    Result<void> sync();
    Result<void> prepare() { return journal_->prepare_spare(); }
    Result<void> leave_behind() { return journal_->leave_behind(); }  // as Journal's
    // Room for the next snapshot, once after each: an error stops nothing.
    Result<void> reserve();
    std::uint64_t next_record() const { return next_record_; }
    bool journal_failed() const { return journal_ == nullptr || journal_->failed(); }

    // A snapshot piece by piece; the first names its file. finish_snapshot() puts it in force: the
    // journal must be synced through the newest piece before, or be begun anew after. An error
    // `usage`: it is larger than max_bytes allows, and nothing else is wrong.
    Result<void> begin_snapshot(const SnapshotPiece& first);
    Result<void> add_to_snapshot(const SnapshotPiece& piece);
    Result<void> finish_snapshot();
    void abandon_snapshot();
    // Whether the journal has grown enough for another.
    enum class Due : std::uint8_t { no, grown, no_room };  // ... past half of what it may have
    Due snapshot_due() const;
    std::uint64_t newest_snapshot() const { return snapshot_record_; }  // 0: none
    StateSizes sizes() const;

    static void make_node_piece(const Engine& engine, const NodeChange& node,
                                const std::vector<KeptEvent>& events, SnapshotPiece& piece);
    static void make_governor_piece(const GovernorChange& standing, const Governor& governor,
                                    SnapshotPiece& piece);

private:
    struct OtherSection {
        std::uint16_t type = 0;
        std::uint16_t version = 0;
        std::string bytes;
    };
    Result<void> add(std::uint16_t type, const SnapshotPiece& piece);
    Result<void> bound_what_is_there(const std::vector<std::string>& damaged, Recovered& result);
    Error over_limit(Error error) const;
    std::uint64_t journal_bytes_max() const { return room_.journal_bytes(damaged_bytes_); }
    Journal::Options journal_options() const {
        return {.segment_bytes = options_.segment_bytes,
                .pad_bytes = options_.pad_bytes,
                .bytes_max = journal_bytes_max()};
    }

    Disk& disk_;
    Options options_;
    FolderRoom room_;
    std::uint64_t damaged_bytes_ = 0;  // of what was set aside
    std::unique_ptr<Journal> journal_;
    JournalEnd end_;
    bool records_lead_here_ = true;
    std::uint64_t next_record_ = 1;
    std::unique_ptr<SnapshotWriter> snapshot_;
    std::vector<OtherSection> others_;   // of a later release, carried along
    std::uint64_t snapshot_record_ = 0;  // of the newest; 0: none
    std::uint64_t older_record_ = 0;     // of the one before
    std::uint64_t newest_piece_ = 0;
    std::uint64_t raw_bytes_ = 0;
    bool reserve_tried_ = false;   // since the last snapshot
    std::uint64_t due_bytes_ = 0;  // what the journal had written at the last snapshot
    StateSizes sizes_;
};

}  // namespace flyball
