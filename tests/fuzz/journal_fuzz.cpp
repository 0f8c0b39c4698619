// Any bytes as a journal of one to four segments: read as a start does, put in place, mended, gone
// on from; and once more on a disk of which one call fails. The first byte says how many segments,
// and with its size which call; the rest is theirs in pages. Built twice: with the checksums, and
// with stubs in their place that hold for everything.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/recovery.h"
#include "node/state/journal.h"
#include "node/state/journal_files.h"
#include "node/state/journal_reader.h"
#include "schemas/expects.h"
#include "tests/sim/memory_disk.h"

namespace {

using namespace flyball;

constexpr std::size_t pages_max = 16;

// Everything that was visited, in two words.
struct Seen {
    std::uint64_t records = 0;
    std::uint64_t sum = 0;
    std::uint64_t last = 0;
    bool operator==(const Seen&) const = default;
};

// Numbered as a journal does that makes each segment when it needs it.
MemoryDisk disk_of(const std::uint8_t* data, std::size_t size) {
    const std::size_t segments = size == 0 ? 1 : 1 + data[0] % 4;
    std::vector<std::byte> bytes;
    for (std::size_t at = 1; at < size && at <= pages_max * segment_step_bytes; ++at) {
        bytes.push_back(static_cast<std::byte>(data[at]));
    }
    const std::size_t page = segments * segment_step_bytes;
    bytes.resize(std::max<std::size_t>(1, (bytes.size() + page - 1) / page) * page);
    DiskImage image;
    const std::size_t each = bytes.size() / segments;
    for (std::size_t number = 0; number < segments; ++number) {
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(number * each);
        image[segment_name(2 * number + 2)] =
            std::make_shared<Bytes>(begin, begin + static_cast<std::ptrdiff_t>(each));
    }
    return MemoryDisk(image);
}

Result<JournalRead> read(Disk& disk, bool mend, Seen& seen) {
    return read_journal(
        disk, 1, mend, [&](std::uint64_t number, std::span<const std::byte> record) {
            expects(number == seen.last + 1, "records come in order, none is left out");
            seen.last = number;
            ++seen.records;
            for (const std::byte byte : record) {
                seen.sum = seen.sum * 31 + std::to_integer<std::uint64_t>(byte);
            }
            return true;
        });
}

void put_in_place(Disk& disk) {
    Engine::Options options;
    options.root = Root{.prefix = "f", .region = "r", .node = "n"};
    Engine engine(options);
    Recovery recovery(engine);
    RecordReader reader;
    const auto done =
        read_journal(disk, 1, false, [&](std::uint64_t number, std::span<const std::byte> record) {
            recovery.begin_record(number);
            return reader.read(record, recovery);
        });
    if (done) {
        recovery.finish();
    }
}

// As behind a snapshot: what comes before it is passed over.
void read_from_the_middle(Disk& disk, const Seen& seen) {
    const std::uint64_t from = 1 + seen.records / 2;
    std::uint64_t next = from;
    const auto read_so =
        read_journal(disk, from, false, [&](std::uint64_t number, std::span<const std::byte>) {
            expects(number == next, "from there on");
            ++next;
            return number % 3 != 2;  // not all that is there can be used
        });
    expects(read_so.has_value() || !read_so.error().message.empty());
}

// A call that fails adds no record, and is told.
void read_with_fault(MemoryDisk disk, std::size_t which, const Seen& sound) {
    constexpr std::size_t calls = 8;
    disk.fail(
        {.call = static_cast<DiskCall>(which % disk_calls), .at = 1 + which / disk_calls % calls});
    Seen seen;
    const auto read_so = read(disk, true, seen);
    expects(seen.records <= sound.records, "no more than there is");
    expects(read_so.has_value() || !read_so.error().message.empty());
    if (!read_so) {
        return;
    }
    auto journal = Journal::resume(disk, {.segment_bytes = segment_step_bytes}, read_so->end);
    expects(journal.has_value() || !journal.error().message.empty());
}

void go_on(MemoryDisk& disk, const JournalEnd& end, const Seen& before) {
    auto journal = Journal::resume(disk, {.segment_bytes = segment_step_bytes}, end);
    if (!journal) {
        return;  // no number is left above those there are
    }
    const std::vector<std::byte> record = {std::byte{1}, std::byte{0x90}};
    expects((*journal)->write(record, 1).has_value(), "the disk works");
    expects((*journal)->sync().has_value(), "the disk works");
    Seen after;
    if (before.records > 0 && end.segment != 0) {
        const auto again = read(disk, false, after);
        expects(again.has_value() && after.records == before.records + 1, "and one more");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    MemoryDisk disk = disk_of(data, size);
    Seen seen;
    const auto first = read(disk, false, seen);
    if (!first) {
        expects(!first.error().message.empty());
        return 0;
    }
    expects(first->records == seen.records && first->end.next_record >= 1);
    put_in_place(disk);
    read_from_the_middle(disk, seen);
    read_with_fault(MemoryDisk(disk.image()), size == 0 ? 0 : size + data[0] / 4, seen);
    Seen mended;
    const auto second = read(disk, true, mended);
    expects(second.has_value() && mended == seen, "mending changes nothing of what is read");
    Seen again;
    const auto third = read(disk, false, again);
    expects(third.has_value() && again == seen, "nor of what is read the next time");
    go_on(disk, third->end, seen);
    return 0;
}
