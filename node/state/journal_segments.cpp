// The half of Journal that has to do with its files: segments begun, made ahead, retired.

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "node/state/journal.h"
#include "schemas/size_within.h"

namespace flyball {

namespace {

constexpr std::uint64_t unknown_record = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t spares_max = 2;  // one in hand, one from the segment that was just retired
constexpr std::size_t zeros_bytes = std::size_t{64} << 10;  // at once; larger ones are no faster

}  // namespace

// What there is in the folder, and what of it is of no use.
Result<void> Journal::take_stock(bool recycles) {
    Result<JournalFiles> files = list_journal(disk_);
    if (!files) {
        return files.error();
    }
    highest_ = files->highest;
    SegmentBytes room;
    for (const std::uint64_t number : files->segments) {
        const auto first = first_group(disk_, number, room);
        if (!recycles && first && !first->has_value()) {
            // Of a journal that failed before its first group; the next attempts leave more of
            // them.
            if (const auto removed = disk_.remove(segment_name(number)); !removed) {
                return removed.error();
            }
            continue;
        }
        // Who cannot be read now may be needed by another reading: it stays until it is retired.
        const bool known = first && first->has_value();
        segments_.push_back({.number = number,
                             .first_record = known ? (*first)->first_record : unknown_record,
                             .bytes = size_of(segment_name(number)),
                             .recycles = recycles});
    }
    for (const std::string& name : files->unfinished) {
        if (const auto removed = disk_.remove(name); !removed) {
            return removed.error();
        }
    }
    for (const std::uint64_t number : files->spares) {
        spares_.push_back({.number = number, .bytes = size_of(spare_name(number))});
    }
    while (spares_.size() > spares_max) {
        if (const auto removed = drop_spare(spares_.size() - 1); !removed) {
            return removed;
        }
    }
    return {};
}

// What cannot be asked counts as one of those that are made here.
std::uint64_t Journal::size_of(const std::string& name) {
    const auto file = disk_.open(name, Disk::Open::read);
    const auto size = file ? (*file)->size() : Result<std::uint64_t>(file.error());
    return size ? *size : options_.segment_bytes;
}

// The chain goes on in a segment of its own. Readers rely on this order: the old one is whole on
// disk, then the new one's name, then its groups.
Result<void> Journal::next_segment(std::size_t group_bytes) {
    if (file_ != nullptr) {
        if (const auto done = sync_segment(); !done) {
            return done;
        }
    }
    const std::uint64_t bytes = std::max<std::uint64_t>(
        options_.segment_bytes,
        (group_bytes + segment_step_bytes - 1) / segment_step_bytes * segment_step_bytes);
    for (bool taken = false; !taken;) {
        if (spares_.empty() || bytes != options_.segment_bytes) {
            if (const auto made = make_spare(bytes); !made) {
                return made;
            }
        }
        const Result<bool> took = take_spare(highest_ + 1, bytes);
        if (!took) {
            return took.error();
        }
        taken = *took;
    }
    offset_ = 0;
    written_ = 0;
    synced_ = 0;
    begins_segment_ = false;
    return {};
}

Result<void> Journal::drop_spare(std::size_t at) {
    const auto removed = disk_.remove(spare_name(spares_[at].number));
    if (removed) {
        spares_.erase(spares_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return removed;
}

// False: the spare was of another size, and is gone.
Result<bool> Journal::take_spare(std::uint64_t number, std::uint64_t bytes) {
    const std::string spare = spare_name(spares_.back().number);
    auto file = disk_.open(spare, Disk::Open::write);
    if (!file) {
        return file.error();
    }
    const Result<std::uint64_t> size = (*file)->size();
    if (!size) {
        return size.error();
    }
    if (*size != bytes) {
        const auto removed = drop_spare(spares_.size() - 1);
        return removed ? Result<bool>(false) : Result<bool>(removed.error());
    }
    spares_.pop_back();
    if (const auto renamed = disk_.rename(spare, segment_name(number)); !renamed) {
        return renamed.error();
    }
    if (const auto synced = disk_.sync_folder(); !synced) {
        return synced.error();
    }
    file_ = std::move(*file);
    file_bytes_ = bytes;
    highest_ = number;
    segments_.push_back({.number = number, .first_record = next_record_, .bytes = bytes});
    return true;
}

Result<void> Journal::prepare_spare() {
    if (failed_) {
        return Error{ErrorCode::unavailable, "the journal has failed before"};
    }
    const bool fits = disk_bytes() + options_.segment_bytes <= options_.bytes_max;
    return spares_.empty() && fits ? checked(make_spare(options_.segment_bytes)) : Result<void>();
}

// Blocks that exist and were written cost one flush to overwrite; what grows costs two.
Result<void> Journal::make_spare(std::uint64_t bytes) {
    if (disk_bytes() + bytes > options_.bytes_max) {
        return Error{ErrorCode::refused, "the journal has " + std::to_string(disk_bytes()) +
                                             " bytes, and a segment of " + std::to_string(bytes) +
                                             " more would pass the " +
                                             std::to_string(options_.bytes_max) +
                                             " that state.max_bytes leaves it"};
    }
    const std::uint64_t number = ++highest_;
    const std::string name = spare_name(number);
    const std::string unfinished = name + ".new";
    auto file = disk_.open(unfinished, Disk::Open::replace);
    if (!file) {
        return file.error();
    }
    const JournalBytes zeros(size_up_to(bytes, zeros_bytes));
    for (std::uint64_t at = 0; at < bytes; at += zeros.size()) {
        const std::size_t size = size_up_to(bytes - at, zeros.size());
        if (const auto done = (*file)->write(at, std::span(zeros).first(size)); !done) {
            return done;
        }
        written_bytes_ += size;
    }
    if (const auto done = (*file)->sync(); !done) {
        return done;
    }
    if (const auto done = disk_.rename(unfinished, name); !done) {
        return done;
    }
    if (const auto done = disk_.sync_folder(); !done) {
        return done;
    }
    spares_.push_back({.number = number, .bytes = bytes, .clean = true});
    return {};
}

Result<void> Journal::leave_behind() {
    if (failed_) {
        return Error{ErrorCode::unavailable, "the journal has failed before"};
    }
    for (std::size_t at = spares_.size(); at-- > 0;) {
        if (!spares_[at].clean) {
            if (const auto done = checked(drop_spare(at)); !done) {
                return done;
            }
        }
    }
    for (Segment& segment : segments_) {
        segment.recycles = false;
    }
    begins_segment_ = true;
    return {};
}

Result<void> Journal::retire_before(std::uint64_t record) {
    if (failed_) {
        return Error{ErrorCode::unavailable, "the journal has failed before"};
    }
    // A segment holds nothing from the lowest first record of those after it on: what it says of
    // later ones is void.
    std::uint64_t until = unknown_record;
    for (std::size_t i = segments_.size(); i-- > 0;) {
        const Segment segment = segments_[i];
        if (until <= record) {
            const std::string name = segment_name(segment.number);
            const bool keeps = segment.recycles && spares_.size() < spares_max &&
                               segment.bytes == options_.segment_bytes;
            if (const auto done = checked(keeps ? disk_.rename(name, spare_name(segment.number))
                                                : disk_.remove(name));
                !done) {
                return done;
            }
            if (keeps) {
                spares_.push_back({.number = segment.number, .bytes = segment.bytes});
            }
            segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        until = std::min(until, segment.first_record);
    }
    return {};
}

std::uint64_t Journal::live_bytes() const {
    std::uint64_t bytes = offset_;
    for (const Segment& segment : std::span(segments_).first(segments_.size() - 1)) {
        bytes += segment.bytes;
    }
    return bytes;
}

std::uint64_t Journal::disk_bytes() const {
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments_) {
        bytes += segment.bytes;
    }
    for (const Spare& spare : spares_) {
        bytes += spare.bytes;
    }
    return bytes;
}

}  // namespace flyball
