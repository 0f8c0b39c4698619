#include "node/state/journal.h"

#include <lz4.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::uint64_t unknown_record = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t spares_max = 2;  // one in hand, one from the segment that was just retired
constexpr std::size_t zeros_bytes = std::size_t{64} << 10;  // at once; larger ones are no faster
// Under this LZ4 rarely saves an eighth.
constexpr std::size_t packing_pays_bytes = 200;

std::uint64_t rounded_up(std::uint64_t offset, std::uint64_t step) {
    return (offset + step - 1) / step * step;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::make(Disk& disk, const Options& options) {
    expects(std::has_single_bit(options.pad_bytes) && options.pad_bytes >= group_step_bytes &&
                options.pad_bytes <= pad_bytes_max,
            "a padding is a power of two from 64 to 4,096");
    expects(options.segment_bytes > 0 && options.segment_bytes <= segment_bytes_max &&
                options.segment_bytes % segment_step_bytes == 0,
            "a segment has 4 KiB to 16 MiB, a multiple of 4 KiB");
    return std::unique_ptr<Journal>(new Journal(disk, options));
}

Result<std::unique_ptr<Journal>> Journal::begin(Disk& disk, const Options& options,
                                                std::uint64_t next_record) {
    auto made = make(disk, options);
    Journal& journal = **made;
    journal.next_record_ = next_record;
    if (const auto stock = journal.take_stock(false); !stock) {
        return stock.error();
    }
    if (const auto fresh = journal.next_segment(); !fresh) {
        return fresh.error();
    }
    return made;
}

Result<std::unique_ptr<Journal>> Journal::resume(Disk& disk, const Options& options,
                                                 const JournalEnd& end) {
    if (end.segment == 0) {
        return begin(disk, options, end.next_record);
    }
    expects(end.checksum != 0, "the end of a chain, as read_journal() found it");
    auto made = make(disk, options);
    Journal& journal = **made;
    journal.next_record_ = end.next_record;
    journal.previous_ = end.checksum;
    if (const auto stock = journal.take_stock(true); !stock) {
        return stock.error();
    }
    const Result<bool> in_place = journal.go_on_in_place(end);
    if (!in_place) {
        return in_place.error();
    }
    if (!*in_place) {
        if (const auto fresh = journal.next_segment(); !fresh) {
            return fresh.error();
        }
    }
    return made;
}

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
        segments_.push_back({number, known ? (*first)->first_record : unknown_record, recycles});
    }
    for (const std::string& name : files->unfinished) {
        if (const auto removed = disk_.remove(name); !removed) {
            return removed.error();
        }
    }
    spares_ = std::move(files->spares);
    for (; spares_.size() > spares_max; spares_.pop_back()) {
        if (const auto removed = disk_.remove(spare_name(spares_.back())); !removed) {
            return removed.error();
        }
    }
    return {};
}

// What was read has to be on disk before anything is built upon it: a process that was killed may
// have left it in the cache. False: the chain goes on in a fresh segment.
Result<bool> Journal::go_on_in_place(const JournalEnd& end) {
    SegmentBytes segment;
    if (const auto read = read_segment(disk_, end.segment, segment); !read) {
        return read.error();
    }
    auto file = disk_.open(segment_name(end.segment), Disk::Open::write);
    if (!file) {
        return file.error();
    }
    if (const auto synced = (*file)->sync(); !synced) {
        return synced.error();
    }
    if (const auto synced = disk_.sync_folder(); !synced) {
        return synced.error();
    }
    if (segments_.empty() || segments_.back().number != end.segment || !segment.readable()) {
        return false;
    }
    // Also of a torn group: what is written over it may be torn as well, and end the same.
    const GroupHeader expected{.segment = end.segment, .previous = end.checksum};
    for (std::uint64_t at = end.offset; at < segment.bytes.size(); at += group_step_bytes) {
        if (resembles_group(segment.bytes, at, expected)) {
            return false;
        }
    }
    if (end.offset == 0) {
        segments_.back().first_record = next_record_;
    }
    file_ = std::move(*file);
    file_bytes_ = segment.bytes.size();
    offset_ = rounded_up(end.offset, options_.pad_bytes);
    written_ = end.offset;
    synced_ = end.offset;
    return true;
}

Result<void> Journal::checked(Result<void> done) {
    failed_ = failed_ || !done.has_value();
    return done;
}

Result<void> Journal::write(std::span<const std::byte> records, std::uint32_t count) {
    expects(count > 0 && holds_records(records, count), "whole records, each behind its length");
    if (group_header_bytes + records.size() > options_.segment_bytes) {
        return Error{ErrorCode::refused, "a group of " + std::to_string(records.size()) +
                                             " bytes does not fit into a segment of " +
                                             std::to_string(options_.segment_bytes) +
                                             " with its header of 64"};
    }
    if (failed_) {
        return Error{ErrorCode::unavailable, "the journal has failed before"};
    }
    return checked(write_group(records, count));
}

// The stored bytes of the group, from behind the place of its header.
std::uint32_t Journal::pack(std::span<const std::byte> records, GroupHeader& header) {
    const std::size_t most = rounded_up(group_header_bytes + records.size(), options_.pad_bytes);
    if (group_.size() < most) {
        group_.resize(most);
    }
    std::byte* const body = group_.data() + group_header_bytes;
    const std::size_t size = records.size();
    if (size >= packing_pays_bytes) {
        const int packed = LZ4_compress_default(
            reinterpret_cast<const char*>(records.data()), reinterpret_cast<char*>(body),
            static_cast<int>(size), static_cast<int>(size - size / 8));
        if (packed > 0) {
            header.flags = group_flag_lz4;
            return static_cast<std::uint32_t>(packed);
        }
    }
    std::ranges::copy(records, body);
    return static_cast<std::uint32_t>(size);
}

Result<void> Journal::write_group(std::span<const std::byte> records, std::uint32_t count) {
    GroupHeader header{.first_record = next_record_,
                       .count = count,
                       .body_bytes = static_cast<std::uint32_t>(records.size()),
                       .previous = previous_};
    header.stored_bytes = pack(records, header);
    const std::size_t size = group_header_bytes + header.stored_bytes;
    if (offset_ + size > file_bytes_) {
        if (const auto fresh = next_segment(); !fresh) {
            return fresh;
        }
    }
    header.segment = segments_.back().number;
    header.offset = offset_;
    header.synced = static_cast<std::uint32_t>(synced_);
    seal_group(header, std::span(group_).first(size));
    // Whole paddings, so that the system need not read a page to change it.
    const std::size_t padded =
        std::min<std::size_t>(rounded_up(size, options_.pad_bytes), file_bytes_ - offset_);
    std::fill(group_.begin() + static_cast<std::ptrdiff_t>(size),
              group_.begin() + static_cast<std::ptrdiff_t>(std::max(size, padded)), std::byte{0});
    if (const auto done = file_->write(offset_, std::span(group_).first(padded)); !done) {
        return done;
    }
    written_bytes_ += padded;
    written_ = offset_ + size;
    offset_ += padded;
    previous_ = header.checksum;
    next_record_ += count;
    return {};
}

Result<void> Journal::sync() {
    if (failed_) {
        return Error{ErrorCode::unavailable, "the journal has failed before"};
    }
    return checked(sync_segment());
}

Result<void> Journal::sync_segment() {
    if (synced_ == written_) {
        return {};
    }
    if (const auto done = file_->sync(); !done) {
        return done;
    }
    synced_ = written_;
    ++syncs_;
    return {};
}

// The chain goes on in a segment of its own. Readers rely on this order: the old one is whole on
// disk, then the new one's name, then its groups.
Result<void> Journal::next_segment() {
    if (file_ != nullptr) {
        if (const auto done = sync_segment(); !done) {
            return done;
        }
    }
    for (bool taken = false; !taken;) {
        if (spares_.empty()) {
            if (const auto made = make_spare(); !made) {
                return made;
            }
        }
        const Result<bool> took = take_spare(highest_ + 1);
        if (!took) {
            return took.error();
        }
        taken = *took;
    }
    offset_ = 0;
    written_ = 0;
    synced_ = 0;
    return {};
}

// False: the spare was of another size, and is gone.
Result<bool> Journal::take_spare(std::uint64_t number) {
    const std::string spare = spare_name(spares_.back());
    spares_.pop_back();
    auto file = disk_.open(spare, Disk::Open::write);
    if (!file) {
        return file.error();
    }
    const Result<std::uint64_t> size = (*file)->size();
    if (!size) {
        return size.error();
    }
    if (*size != options_.segment_bytes) {
        const auto removed = disk_.remove(spare);
        return removed ? Result<bool>(false) : Result<bool>(removed.error());
    }
    if (const auto renamed = disk_.rename(spare, segment_name(number)); !renamed) {
        return renamed.error();
    }
    if (const auto synced = disk_.sync_folder(); !synced) {
        return synced.error();
    }
    file_ = std::move(*file);
    file_bytes_ = options_.segment_bytes;
    highest_ = number;
    segments_.push_back({number, next_record_, true});
    return true;
}

Result<void> Journal::prepare_spare() {
    if (failed_) {
        return Error{ErrorCode::unavailable, "the journal has failed before"};
    }
    return spares_.empty() ? checked(make_spare()) : Result<void>();
}

// Blocks that exist and were written cost one flush to overwrite; what grows costs two.
Result<void> Journal::make_spare() {
    const std::uint64_t number = ++highest_;
    const std::string name = spare_name(number);
    const std::string unfinished = name + ".new";
    auto file = disk_.open(unfinished, Disk::Open::replace);
    if (!file) {
        return file.error();
    }
    const JournalBytes zeros(std::min(zeros_bytes, options_.segment_bytes));
    for (std::size_t at = 0; at < options_.segment_bytes; at += zeros.size()) {
        const std::size_t size = std::min(zeros.size(), options_.segment_bytes - at);
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
    spares_.push_back(number);
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
            const bool keeps = segment.recycles && spares_.size() < spares_max;
            if (const auto done = checked(keeps ? disk_.rename(name, spare_name(segment.number))
                                                : disk_.remove(name));
                !done) {
                return done;
            }
            if (keeps) {
                spares_.push_back(segment.number);
            }
            segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        until = std::min(until, segment.first_record);
    }
    return {};
}

std::uint64_t Journal::live_bytes() const {
    return (segments_.size() - 1) * options_.segment_bytes + offset_;
}

}  // namespace flyball
