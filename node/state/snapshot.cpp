#include "node/state/snapshot.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "node/state/snapshot_format.h"
#include "node/state/snapshot_scan.h"
#include "schemas/expects.h"
#include "schemas/size_within.h"

namespace flyball {

namespace {

constexpr std::string_view prefix = "snapshot-";
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t digits = 16;
constexpr std::string_view reserve_name = "reserve";
constexpr std::string_view reserve_aside = "reserve.new";
constexpr std::size_t zeros_bytes = std::size_t{64} << 10;

Error too_large(const std::string& name, std::uint64_t bytes, std::uint64_t most) {
    return {ErrorCode::usage, name + " would have " + std::to_string(bytes) +
                                  " bytes, the limit is " + std::to_string(most)};
}

}  // namespace

std::string snapshot_name(std::uint64_t record) {
    std::string name(prefix);
    for (std::size_t digit = digits; digit-- > 0;) {
        name += hex_digits[record >> (4 * digit) & 0xF];
    }
    return name;
}

std::optional<std::uint64_t> snapshot_record(std::string_view name) {
    if (!name.starts_with(prefix) || name.size() != prefix.size() + digits) {
        return std::nullopt;
    }
    std::uint64_t record = 0;
    for (const char c : name.substr(prefix.size())) {
        const std::size_t digit = hex_digits.find(c);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        record = record << 4 | digit;
    }
    return record;
}

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::begin(Disk& disk, std::uint64_t record,
                                                              const SnapshotLimits& limits) {
    std::unique_ptr<SnapshotWriter> writer(new SnapshotWriter(disk, snapshot_name(record), limits));
    const bool reserved = reserved_bytes(disk) > 0;
    if (reserved) {
        // On disk before anything is written: else a crash might bring the reserve back, half full.
        for (auto done : {disk.rename(reserve_name, writer->aside_), disk.sync_folder()}) {
            if (!done) {
                return writer->give_up(done.error());
            }
        }
    }
    auto file = disk.open(writer->aside_, reserved ? Disk::Open::write : Disk::Open::replace);
    if (!file) {
        return writer->give_up(file.error());
    }
    writer->file_ = std::move(*file);
    return writer;
}

std::uint64_t reserved_bytes(Disk& disk) {
    auto file = disk.open(reserve_name, Disk::Open::read);
    const auto size = file ? (*file)->size() : Result<std::uint64_t>(file.error());
    return size ? *size : 0;
}

Result<void> drop_reserve(Disk& disk) {
    return disk.remove(reserve_name);
}

Result<void> reserve_snapshot(Disk& disk, std::uint64_t bytes) {
    const auto fill = [&]() -> Result<void> {
        auto file = disk.open(reserve_aside, Disk::Open::replace);
        if (!file) {
            return file.error();
        }
        const std::vector<std::byte> zeros(zeros_bytes);
        for (std::uint64_t at = 0; at < bytes; at += zeros.size()) {
            const std::size_t size = size_up_to(bytes - at, zeros.size());
            if (auto done = (*file)->write(at, std::span(zeros).first(size)); !done) {
                return done;
            }
        }
        if (auto done = (*file)->sync(); !done) {
            return done;
        }
        if (auto done = disk.rename(reserve_aside, reserve_name); !done) {
            return done;
        }
        return disk.sync_folder();
    };
    const auto filled = fill();
    if (!filled) {
        static_cast<void>(disk.remove(reserve_aside));  // room for others; the error is told
    }
    return filled;
}

SnapshotWriter::~SnapshotWriter() {
    if (file_ != nullptr) {
        give_up({});
    }
}

// The error is what matters: a file that stays goes at the next start.
Error SnapshotWriter::give_up(Error error) {
    file_.reset();
    if (const auto removed = disk_.remove(aside_); !removed) {
        return error;
    }
    return error;
}

Result<void> SnapshotWriter::section(const SnapshotSection& section) {
    expects(file_ != nullptr, "a snapshot that is neither finished nor failed");
    expects(section.type != end_section && (count_ > 0 || section.type == node_section),
            "the node's section is the first, the end is written by finish()");
    if (auto written = write(section); !written) {
        return give_up(written.error());
    }
    size_.raw += section.bytes.size();
    return {};
}

Result<void> SnapshotWriter::write(const SnapshotSection& section) {
    if (section.bytes.size() > limits_.section_bytes) {
        return too_large("a section of " + name_, section.bytes.size(), limits_.section_bytes);
    }
    if (auto done = compress_frame(std::as_bytes(std::span(section.bytes)), frame_); !done) {
        return done;
    }
    SectionHeader header{.type = section.type,
                         .version = section.version,
                         .flags = section.required ? section_flag_required : 0,
                         .stored_bytes = frame_.size(),
                         .raw_bytes = section.bytes.size()};
    const SectionHeaderBytes bytes = sealed(header, frame_);
    const std::uint64_t end = size_.stored + bytes.size() + frame_.size();
    if (end > limits_.file_bytes) {
        return too_large(name_, end, limits_.file_bytes);
    }
    if (auto done = file_->write(size_.stored, bytes); !done) {
        return done;
    }
    if (auto done = file_->write(size_.stored + bytes.size(), frame_); !done) {
        return done;
    }
    size_.stored = end;
    ++count_;
    sum_ = added(sum_, header.checksum);
    return {};
}

Result<void> SnapshotWriter::write_end() {
    const SnapshotEndBytes bytes = end_bytes({.count = count_, .sum = sum_});
    return write({.type = end_section,
                  .version = end_version,
                  .required = true,
                  .bytes = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
}

Result<void> SnapshotWriter::sync() {
    return file_->sync();
}

// What the disk has, not what the cache says it has.
Result<void> SnapshotWriter::verify() {
    file_->forget_cache();
    const auto nothing = [](const SnapshotSection&) { return Result<void>(); };
    // The reserve that it was written into may be larger than what may be written.
    const auto found =
        scan_snapshot(*file_, aside_,
                      {.file_bytes = UINT64_MAX, .section_bytes = limits_.section_bytes}, nothing);
    if (!found && found.error().code != ErrorCode::refused) {  // sound, if for another release
        return found.error();
    }
    return {};
}

Result<SnapshotSize> SnapshotWriter::finish() {
    expects(file_ != nullptr && count_ > 0, "a snapshot with sections");
    for (const auto step :
         {&SnapshotWriter::write_end, &SnapshotWriter::sync, &SnapshotWriter::verify}) {
        if (auto done = (this->*step)(); !done) {
            return give_up(done.error());
        }
    }
    if (auto renamed = disk_.rename(aside_, name_); !renamed) {
        return give_up(renamed.error());
    }
    file_.reset();
    if (auto synced = disk_.sync_folder(); !synced) {
        return synced.error();
    }
    return size_;
}

Result<std::vector<std::string>> list_snapshots(Disk& disk) {
    auto names = disk.list();
    if (!names) {
        return names.error();
    }
    std::erase_if(*names, [](const std::string& name) { return !snapshot_record(name); });
    std::ranges::sort(*names, std::ranges::greater());
    return std::move(*names);
}

Result<void> retire_snapshots(Disk& disk, std::size_t keep) {
    const auto names = list_snapshots(disk);
    if (!names) {
        return names.error();
    }
    std::vector<std::string> gone(
        names->begin() + static_cast<std::ptrdiff_t>(std::min(keep, names->size())), names->end());
    const auto all = disk.list();
    if (!all) {
        return all.error();
    }
    std::ranges::copy_if(*all, std::back_inserter(gone), [](const std::string& name) {
        return name.ends_with(".new") && snapshot_record(name.substr(0, name.size() - 4));
    });
    for (const std::string& name : gone) {
        if (auto removed = disk.remove(name); !removed) {
            return removed;
        }
    }
    return {};
}

}  // namespace flyball
