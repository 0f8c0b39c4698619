#pragma once
// Writes the journal (docs/design/state.md): groups into segments that exist already, each chained
// to the one before by its checksum. No thread and no clock: every call does its work before it
// returns. Once a call failed nothing is known of the disk, and the object refuses everything: make
// a snapshot, then another with begin(). One thread at a time. Steady state allocates nothing.
//
// begin() starts a new chain in a segment whose number is above all there ever were, with no
// checksum to go on from; a reader never crosses into it from an older chain, nor leaves it for
// one. So the snapshot of all records before `next_record` has to be on disk before it is called:
// given the number after that, read_journal() starts in the new chain and the old one is void, in
// whatever state the failure left it. Until the first group is written the old chain is the newest.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "node/state/disk.h"
#include "node/state/journal_files.h"
#include "node/state/journal_format.h"
#include "node/state/journal_reader.h"
#include "schemas/result.h"

namespace flyball {

class Journal {
public:
    struct Options {
        std::size_t segment_bytes = std::size_t{1} << 20;  // a multiple of 4,096
        std::size_t pad_bytes = 64;                        // 64 to 4,096, a power of two
        // Of segments and spares together; what would need more is refused, as by a full disk. A
        // chain that begins gets its first segment all the same.
        std::uint64_t bytes_max = UINT64_MAX;
    };
    // A new chain in a fresh segment, after a snapshot of everything before `next_record`.
    static Result<std::unique_ptr<Journal>> begin(Disk& disk, const Options& options,
                                                  std::uint64_t next_record);
    // Goes on where read_journal() ended. Never over groups that did not make it into the chain,
    // whole or torn: a later reading could take them for what follows. Then, and when there is a
    // later segment, the chain goes on in a fresh one.
    static Result<std::unique_ptr<Journal>> resume(Disk& disk, const Options& options,
                                                   const JournalEnd& end);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // One group of whole records: `records` is each of them, none empty, with its length as a
    // varint in front. What is larger than a segment gets one of its own size; `refused`, and
    // nothing has failed, when it is larger than a reader takes (segment_bytes_max).
    Result<void> write(std::span<const std::byte> records, std::uint32_t count);
    Result<void> sync();
    // Makes a segment ahead when there is none, so that no write() has to.
    Result<void> prepare_spare();
    // Segments whose records all lie before `record` become spares, or go when there are two.
    Result<void> retire_before(std::uint64_t record);
    // What was written so far is to leave the disk with its segments: none of them becomes a spare,
    // no spare keeps old bytes, and the next group begins a segment.
    Result<void> leave_behind();

    void bound(std::uint64_t bytes_max) { options_.bytes_max = bytes_max; }  // from now on
    bool failed() const { return failed_; }
    std::uint64_t next_record() const { return next_record_; }
    std::uint64_t live_bytes() const;  // of the segments that are not retired
    std::uint64_t disk_bytes() const;  // of all its files
    std::uint64_t written_bytes() const { return written_bytes_; }  // since it was made, zeros too
    std::uint64_t syncs() const { return syncs_; }                  // of segments with groups

private:
    struct Segment {
        std::uint64_t number = 0;
        std::uint64_t first_record = 0;  // the highest there is: not known
        std::uint64_t bytes = 0;
        bool recycles = true;  // not what a journal that failed has left, or left behind
    };
    struct Spare {
        std::uint64_t number = 0;
        std::uint64_t bytes = 0;
        bool clean = false;  // nothing but zeros
    };

    Journal(Disk& disk, const Options& options) : disk_(disk), options_(options) {}
    static Result<std::unique_ptr<Journal>> make(Disk& disk, const Options& options);
    Result<void> take_stock(bool recycles);
    std::uint64_t size_of(const std::string& name);
    Result<bool> go_on_in_place(const JournalEnd& end);
    Result<void> next_segment(std::size_t group_bytes = 0);
    Result<bool> take_spare(std::uint64_t number, std::uint64_t bytes);
    Result<void> drop_spare(std::size_t at);
    Result<void> make_spare(std::uint64_t bytes);
    Result<void> sync_segment();
    std::uint32_t pack(std::span<const std::byte> records, GroupHeader& header);
    Result<void> write_group(std::span<const std::byte> records, std::uint32_t count);
    Result<void> checked(Result<void> done);

    Disk& disk_;
    Options options_;
    bool failed_ = false;
    std::vector<Segment> segments_;  // rising by number; the last is being written
    std::vector<Spare> spares_;
    bool begins_segment_ = false;  // with the next group
    std::uint64_t highest_ = 0;    // number given

    std::unique_ptr<DiskFile> file_;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t offset_ = 0;   // where the next group goes
    std::uint64_t written_ = 0;  // the end of the last group
    std::uint64_t synced_ = 0;   // of that
    std::uint64_t previous_ = 0;
    std::uint64_t next_record_ = 1;
    JournalBytes group_;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t syncs_ = 0;
};

}  // namespace flyball
