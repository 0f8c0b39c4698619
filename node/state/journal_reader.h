#pragma once
// Reads the journal at the start, and for `flyball state verify`. Records come out in order of
// their numbers while the chain of checksums holds, never one that was not written, never one from
// another chain: begin() starts a chain of its own, and reading starts in the newest segment whose
// first record is not behind `from`. One thread; memory for one segment and one group.
//
// Where the chain ends, what lies behind decides what it was. Every group says how much of its
// segment was synced before it, and a segment is synced before the next is begun, so:
//   - no sound group of this segment behind, and none in a later one: the end;
//   - groups that do not need what is missing to have been synced: a torn tail, which resume()
//   never
//     writes into again, but goes on from in another segment;
//   - others: damage. What was synced is gone.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "node/state/disk.h"
#include "schemas/result.h"

namespace flyball {

// Where the next group goes. Segment 0: nowhere; resume() begins a new chain with next_record.
struct JournalEnd {
    std::uint64_t next_record = 1;
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    std::uint64_t checksum = 0;
};

struct JournalFault {
    std::string file;
    std::uint64_t offset = 0;
    std::string what;
    bool torn_tail = false;
};

struct JournalRead {
    JournalEnd end;             // its next_record is never before `from`
    std::uint64_t records = 0;  // visited
    // The first that the segments of the last chain hold, which may be before `from`; 0: none.
    std::uint64_t oldest_record = 0;
    // Where reading ended before records that are there: a number behind all of them, else 0. A
    // snapshot of what was read has to be through that number, or a later reading takes them.
    std::uint64_t beyond = 0;
    std::vector<JournalFault> faults;
};

// False: this record cannot be used; reading ends before it, which is a fault.
using RecordVisit = std::function<bool(std::uint64_t number, std::span<const std::byte> record)>;

// Visits the records from number `from`, the first after the snapshot, on. With `mend`, segments
// that cannot be gone on to become *.damaged, and of one that was sound up to a place, or that made
// records before it void, a copy is kept as *.damaged: the segment itself stays, for a crash before
// the next snapshot would lose its records, or bring back what is void. A crash or an error while
// mending changes nothing of what is read the next time. Errors: `unavailable`, the disk does not
// let itself be read; `refused`, a later release's journal.
Result<JournalRead> read_journal(Disk& disk, std::uint64_t from, bool mend,
                                 const RecordVisit& visit);

}  // namespace flyball
