#include "node/state/journal.h"

#include <lz4.h>

#include <algorithm>
#include <bit>
#include <concepts>
#include <string>
#include <utility>

#include "schemas/expects.h"
#include "schemas/size_within.h"

namespace flyball {

namespace {

// Under this LZ4 rarely saves an eighth.
constexpr std::size_t packing_pays_bytes = 200;

template <std::unsigned_integral Number>
Number rounded_up(Number offset, std::size_t step) {
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
    const std::uint64_t most = std::exchange(journal.options_.bytes_max, UINT64_MAX);
    if (const auto fresh = journal.next_segment(); !fresh) {
        return fresh.error();
    }
    journal.options_.bytes_max = most;
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
        const std::uint64_t most = std::exchange(journal.options_.bytes_max, UINT64_MAX);
        if (const auto fresh = journal.next_segment(); !fresh) {
            return fresh.error();
        }
        journal.options_.bytes_max = most;
    }
    return made;
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
    if (group_header_bytes + records.size() > segment_bytes_max) {
        return Error{ErrorCode::refused, "a group of " + std::to_string(records.size()) +
                                             " bytes does not fit into a segment of " +
                                             std::to_string(segment_bytes_max) +
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
    constexpr std::size_t small_bytes = 8 * 1024;
    if (group_.size() > small_bytes && most < group_.size() / 4) {
        std::vector<std::byte>().swap(group_);  // a burst made it so large
    }
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
    if (offset_ + size > file_bytes_ || begins_segment_) {
        if (const auto fresh = next_segment(size); !fresh) {
            return fresh;
        }
    }
    header.segment = segments_.back().number;
    header.offset = offset_;
    header.synced = static_cast<std::uint32_t>(synced_);
    seal_group(header, std::span(group_).first(size));
    // Whole paddings, so that the system need not read a page to change it.
    const std::size_t padded =
        size_up_to(file_bytes_ - offset_, rounded_up(size, options_.pad_bytes));
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

}  // namespace flyball
