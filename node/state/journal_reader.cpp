#include "node/state/journal_reader.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "node/state/journal_files.h"
#include "node/state/journal_format.h"

namespace flyball {

namespace {

constexpr std::uint64_t no_record = std::numeric_limits<std::uint64_t>::max();

std::uint64_t rounded_up(std::uint64_t offset, std::uint64_t step) {
    return (offset + step - 1) / step * step;
}

class JournalReader {
public:
    JournalReader(Disk& disk, std::uint64_t from, bool mend, const RecordVisit& visit)
        : disk_(disk), from_(from), mend_(mend), visit_(visit) {}

    Result<JournalRead> run();

private:
    struct Segment {
        std::uint64_t number = 0;
        std::optional<GroupHeader> first;
    };
    // What lies where the chain does not go on to.
    enum class Leftover : std::uint8_t { nothing, torn, damage };
    enum class Stop : std::uint8_t { chain_ends, superseded, not_usable, not_unpacked };

    Result<void> look_at_segments();
    Result<void> follow_chain();
    Result<void> enter(std::size_t index);
    Result<bool> find_next();
    bool continues(const GroupHeader& header) const {
        return header.previous == previous_ && header.first_record == next_record_;
    }
    std::uint64_t superseded_from() const;
    bool take_group();
    Result<Leftover> leftover_behind(std::uint64_t offset) const;
    Result<void> examine_here();
    Result<void> examine_later(std::size_t index);
    bool goes_on_later() const;
    void note_records_from(std::uint64_t offset);
    void fault(std::uint64_t offset, std::string what);
    void torn(std::uint64_t offset);
    void keep_copy(JournalFault& fault);
    void set_aside(std::uint64_t number, std::string what);
    void settle_end();
    const Segment& here() const { return segments_[at_]; }

    Disk& disk_;
    std::uint64_t from_;
    bool mend_;
    const RecordVisit& visit_;

    std::vector<Segment> segments_;  // rising by number
    std::size_t at_ = 0;             // the segment that is in loaded_
    SegmentBytes loaded_;
    StoredGroup group_;  // of find_next()
    JournalBytes room_;
    std::uint64_t offset_ = 0;  // behind the last group
    std::uint64_t previous_ = 0;
    std::uint64_t next_record_ = 0;
    Stop stop_ = Stop::chain_ends;
    JournalRead out_;
};

Result<JournalRead> JournalReader::run() {
    out_.end.next_record = from_;
    if (const auto looked = look_at_segments(); !looked) {
        return looked.error();
    }
    const auto start = std::find_if(segments_.rbegin(), segments_.rend(), [&](const Segment& s) {
        return s.first && s.first->first_record <= from_;
    });
    for (const Segment& segment : segments_) {
        if (segment.first && (out_.oldest_record == 0 || segment.first->previous == 0)) {
            out_.oldest_record = segment.first->first_record;
        }
    }
    std::size_t later = 0;
    if (start != segments_.rend()) {
        later = static_cast<std::size_t>(segments_.rend() - start);
        if (const auto entered = enter(later - 1); !entered) {
            return entered.error();
        }
        previous_ = start->first->previous;
        next_record_ = start->first->first_record;
        if (const auto followed = follow_chain(); !followed) {
            return followed.error();
        }
        settle_end();
        if (const auto examined = examine_here(); !examined) {
            return examined.error();
        }
        later = at_ + 1;
    }
    for (; later < segments_.size(); ++later) {
        if (const auto examined = examine_later(later); !examined) {
            return examined.error();
        }
    }
    if (mend_ && !out_.faults.empty()) {
        // Undone by a crash, it is done again.
        static_cast<void>(disk_.sync_folder());
    }
    return std::move(out_);
}

Result<void> JournalReader::look_at_segments() {
    const Result<JournalFiles> files = list_journal(disk_);
    if (!files) {
        return files.error();
    }
    for (const std::uint64_t number : files->segments) {
        auto first = first_group(disk_, number, loaded_);
        if (!first) {
            return first.error();
        }
        segments_.push_back({number, *first});
    }
    return {};
}

Result<void> JournalReader::enter(std::size_t index) {
    at_ = index;
    offset_ = 0;
    return read_segment(disk_, segments_[index].number, loaded_);
}

// From this record on what the segment says is void: a later chain began there.
std::uint64_t JournalReader::superseded_from() const {
    std::uint64_t from = no_record;
    for (std::size_t i = at_ + 1; i < segments_.size(); ++i) {
        if (segments_[i].first && segments_[i].first->previous == 0) {
            from = std::min(from, segments_[i].first->first_record);
        }
    }
    return from;
}

Result<void> JournalReader::follow_chain() {
    for (;;) {
        const Result<bool> found = find_next();
        if (!found) {
            return found.error();
        }
        if (!*found) {
            return {};
        }
        if (!take_group()) {
            return {};
        }
        offset_ = group_.end();
        previous_ = group_.header.checksum;
        next_record_ = group_.header.first_record + group_.header.count;
    }
}

// The group that goes on from here, into group_. A later segment's wins: whoever began that had
// seen no other.
Result<bool> JournalReader::find_next() {
    for (std::size_t i = segments_.size(); previous_ != 0 && --i > at_;) {
        if (segments_[i].first && continues(*segments_[i].first)) {
            if (const auto entered = enter(i); !entered) {
                return entered.error();
            }
            break;
        }
    }
    // The next group's place depends on the padding it was written with.
    const std::uint64_t last = rounded_up(offset_, pad_bytes_max);
    for (std::uint64_t at = rounded_up(offset_, group_step_bytes); at <= last;
         at += group_step_bytes) {
        const GroupCheck check = check_group(loaded_.bytes, here().number, at, group_);
        if (check != GroupCheck::unsound && continues(group_.header)) {
            if (check == GroupCheck::unknown_form) {
                return made_by_later_release(segment_name(here().number), group_.header);
            }
            return true;
        }
    }
    return false;
}

// False: reading ends here, in or before this group.
bool JournalReader::take_group() {
    const std::uint64_t until = superseded_from();
    if (group_.header.first_record >= until) {
        stop_ = Stop::superseded;
        return false;
    }
    std::span<const std::byte> records = unpack_group(group_, room_);
    if (records.empty()) {
        stop_ = Stop::not_unpacked;
        return false;
    }
    for (std::uint32_t i = 0; i < group_.header.count; ++i) {
        const std::uint64_t number = group_.header.first_record + i;
        const std::span<const std::byte> record = take_record(records);
        if (number < from_) {
            continue;
        }
        if (number >= until || !visit_(number, record)) {
            stop_ = number >= until ? Stop::superseded : Stop::not_usable;
            out_.end.next_record = number;
            next_record_ = number;
            previous_ = 0;
            return false;
        }
        ++out_.records;
    }
    return true;
}

// Nowhere to go on when the chain ended before `from`, or in the middle of a group.
void JournalReader::settle_end() {
    if (next_record_ >= from_ && previous_ != 0) {
        out_.end = {next_record_, here().number, rounded_up(offset_, group_step_bytes), previous_};
    }
}

// What kind of groups of the loaded segment lie at `offset` and behind, none of which goes on.
Result<JournalReader::Leftover> JournalReader::leftover_behind(std::uint64_t offset) const {
    Leftover found = Leftover::nothing;
    const GroupHeader expected{.segment = loaded_.number, .previous = previous_};
    for (const std::size_t step : {group_step_bytes, pad_bytes_max}) {
        if (resembles_group(loaded_.bytes, rounded_up(offset, step), expected)) {
            found = Leftover::torn;
        }
    }
    for (std::uint64_t at = rounded_up(offset, group_step_bytes); at < loaded_.bytes.size();
         at += group_step_bytes) {
        StoredGroup group;
        switch (check_group(loaded_.bytes, loaded_.number, at, group)) {
            case GroupCheck::sound:
                if (group.header.synced > rounded_up(offset, group_step_bytes)) {
                    return Leftover::damage;
                }
                found = Leftover::torn;
                break;
            case GroupCheck::unknown_form:
                return made_by_later_release(segment_name(loaded_.number), group.header);
            case GroupCheck::unsound: break;
        }
    }
    return loaded_.readable() ? found : Leftover::damage;
}

// Whether this chain had a segment after this one, for which this one was synced to its end.
bool JournalReader::goes_on_later() const {
    for (std::size_t i = at_ + 1; i < segments_.size(); ++i) {
        if (segments_[i].first) {
            return segments_[i].first->previous != 0;
        }
    }
    return false;
}

Result<void> JournalReader::examine_here() {
    if (stop_ != Stop::chain_ends) {
        note_records_from(offset_);
    }
    if (stop_ == Stop::not_usable) {
        fault(group_.header.offset, "record " + std::to_string(next_record_) + " cannot be used");
        return {};
    }
    if (stop_ == Stop::not_unpacked) {
        fault(group_.header.offset, "the records of a group are not what its header says");
        return {};
    }
    const Result<Leftover> behind = leftover_behind(offset_);
    if (!behind) {
        return behind.error();
    }
    if (!loaded_.readable()) {
        fault(offset_, loaded_.unreadable);
    } else if (stop_ == Stop::superseded) {
        return {};
    } else if (*behind == Leftover::damage || goes_on_later()) {
        note_records_from(offset_);
        fault(offset_, "the group with record " + std::to_string(next_record_) +
                           " was synced and is gone; later ones are there");
    } else if (*behind == Leftover::torn) {
        torn(offset_);
    }
    return {};
}

Result<void> JournalReader::examine_later(std::size_t index) {
    const Segment& segment = segments_[index];
    if (segment.first) {
        const std::string first = std::to_string(segment.first->first_record);
        if (segment.first->previous != 0) {
            set_aside(segment.number,
                      "its first record is " + first + "; what comes before it is missing");
            return {};
        }
        std::string what = "a journal begins there with record " + first +
                           "; the snapshot that it goes on from is missing";
        if (stop_ != Stop::superseded) {
            set_aside(segment.number, std::move(what));
            return {};
        }
        // It stays: what it made void would be read the next time.
        const auto read = read_segment(disk_, segment.number, loaded_);
        if (read) {
            note_records_from(0);
            fault(0, std::move(what));
        }
        return read;
    }
    if (const auto read = read_segment(disk_, segment.number, loaded_); !read) {
        return read.error();
    }
    const Result<Leftover> behind = leftover_behind(0);
    if (!behind) {
        return behind.error();
    }
    switch (*behind) {
        case Leftover::nothing: break;
        case Leftover::torn: torn(0); break;
        case Leftover::damage:
            set_aside(segment.number, loaded_.readable() ? "its first group was synced and is gone"
                                                         : loaded_.unreadable);
            break;
    }
    return {};
}

// Those that the loaded segment has there, which are not taken.
void JournalReader::note_records_from(std::uint64_t offset) {
    StoredGroup group;
    for (std::uint64_t at = rounded_up(offset, group_step_bytes); at < loaded_.bytes.size();
         at += group_step_bytes) {
        if (check_group(loaded_.bytes, loaded_.number, at, group) == GroupCheck::sound) {
            out_.beyond = std::max(out_.beyond, group.header.first_record + group.header.count);
        }
    }
}

void JournalReader::torn(std::uint64_t offset) {
    out_.faults.push_back(
        {segment_name(loaded_.number), offset, "a group is not whole: it was being written", true});
}

// In the loaded segment, which stays.
void JournalReader::fault(std::uint64_t offset, std::string what) {
    JournalFault& made = out_.faults.emplace_back();
    made = {segment_name(loaded_.number), offset, std::move(what), false};
    if (mend_ && stop_ != Stop::not_usable) {
        keep_copy(made);
    }
}

void JournalReader::keep_copy(JournalFault& fault) {
    const std::string name = fault.file + ".damaged";
    if (disk_.open(name, Disk::Open::read)) {
        return;  // from a start that did not get as far as a snapshot
    }
    auto copy = disk_.open(name, Disk::Open::replace);
    Result<void> kept = copy ? (*copy)->write(0, loaded_.bytes) : Result<void>(copy.error());
    if (kept) {
        kept = (*copy)->sync();
    }
    if (!kept) {
        fault.what += "; no copy could be kept: " + kept.error().message;
    }
}

// A whole segment that cannot be gone on to.
void JournalReader::set_aside(std::uint64_t number, std::string what) {
    const std::string name = segment_name(number);
    if (mend_) {
        if (const auto renamed = disk_.rename(name, name + ".damaged"); !renamed) {
            what += "; it could not be set aside: " + renamed.error().message;
        }
    }
    out_.faults.push_back({name, 0, std::move(what), false});
}

}  // namespace

Result<JournalRead> read_journal(Disk& disk, std::uint64_t from, bool mend,
                                 const RecordVisit& visit) {
    return JournalReader(disk, from, mend, visit).run();
}

}  // namespace flyball
