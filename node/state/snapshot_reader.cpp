#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "node/state/snapshot.h"
#include "node/state/snapshot_format.h"
#include "node/state/snapshot_scan.h"
#include "schemas/size_within.h"

namespace flyball {

namespace {

struct KnownSection {
    std::uint16_t type;
    std::uint16_t version;  // the newest that this release reads
    std::string_view name;
};
constexpr std::size_t zeros_bytes = std::size_t{64} << 10;  // looked at at once
// What a vector holds at most; limits may be larger where sizes have 32 bits.
constexpr std::size_t memory_max = std::numeric_limits<std::ptrdiff_t>::max();
constexpr std::array known_sections = {KnownSection{node_section, 1, "node"},
                                       KnownSection{governor_section, 1, "governor"},
                                       KnownSection{end_section, end_version, "end"}};

// What a release that cannot use the section says of it; nothing when it can.
std::string objection(const SectionHeader& header) {
    const auto* known = std::ranges::find(known_sections, header.type, &KnownSection::type);
    const bool unknown = known == known_sections.end();
    if ((header.flags & ~section_flag_required) == 0 &&
        ((header.flags & section_flag_required) == 0 ||
         (!unknown && header.version >= 1 && header.version <= known->version))) {
        return {};
    }
    std::string text = "it requires section ";
    text += unknown ? "type " + std::to_string(header.type) : std::string(known->name);
    text += " version " + std::to_string(header.version) + ", which this release does not know";
    return text;
}

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// One way through a file, section by section.
class Scan {
public:
    Scan(DiskFile& file, std::string_view name, const SnapshotLimits& limits)
        : file_(file), name_(name), limits_(limits) {}

    Result<SnapshotSize> run(const SectionVisit& visit) {
        const auto size = file_.size();
        if (!size) {
            return size.error();
        }
        if (*size > limits_.file_bytes) {
            return Error{ErrorCode::usage, name_ + " has " + std::to_string(*size) +
                                               " bytes, the limit is " +
                                               std::to_string(limits_.file_bytes)};
        }
        size_.stored = *size;
        for (bool ended = false; !ended;) {
            if (auto read = read_section(); !read) {
                return read.error();
            }
            ended = header_.type == end_section;
            auto done = ended ? check_end() : take(visit);
            if (!done) {
                return done.error();
            }
        }
        if (!objection_.empty()) {
            return Error{ErrorCode::refused, name_ + ": " + objection_};
        }
        return size_;
    }

private:
    Error damaged(std::string_view what) const {
        return {ErrorCode::damaged,
                name_ + " at " + std::to_string(section_at_) + ": " + std::string(what)};
    }

    Result<void> fill(std::span<std::byte> into) {
        const auto got = file_.read(offset_, into);
        if (!got) {
            return got.error();
        }
        if (*got != into.size()) {
            return damaged("it is torn");
        }
        offset_ += into.size();
        return {};
    }

    // The next section's header and what it stores, both sound.
    Result<void> read_section() {
        section_at_ = offset_;
        SectionHeaderBytes bytes{};
        if (size_.stored - offset_ < bytes.size()) {
            return damaged("it is torn");
        }
        if (auto filled = fill(bytes); !filled) {
            return filled;
        }
        header_ = read_section_header(bytes);
        const auto stored =
            size_within(header_.stored_bytes, size_up_to(size_.stored - offset_, memory_max));
        if (!stored) {
            return damaged("it is torn, or a length is damaged");
        }
        stored_.resize(*stored);
        if (auto filled = fill(stored_); !filled) {
            return filled;
        }
        if (!section_sum_holds(header_.checksum, section_checksum(bytes, stored_))) {
            return damaged("a section's checksum does not hold");
        }
        const std::size_t most = size_up_to(limits_.section_bytes, memory_max);
        const auto raw = size_within(header_.raw_bytes, most);
        if (!raw) {
            return Error{ErrorCode::usage, name_ + " has a section of " +
                                               std::to_string(header_.raw_bytes) +
                                               " bytes, the limit is " + std::to_string(most)};
        }
        if (auto unpacked = decompress_frame(stored_, *raw, raw_); !unpacked) {
            return damaged(unpacked.error().message);
        }
        return raw_.size() == *raw ? Result<void>()
                                   : damaged("a section is not as long as it says");
    }

    Result<void> take(const SectionVisit& visit) {
        if (seen_.count == 0 && header_.type != node_section) {
            return damaged("it does not begin with the node's section");
        }
        ++seen_.count;
        seen_.sum = added(seen_.sum, header_.checksum);
        size_.raw += raw_.size();
        if (objection_.empty()) {
            objection_ = objection(header_);
        }
        return visit({.type = header_.type,
                      .version = header_.version,
                      .required = (header_.flags & section_flag_required) != 0,
                      .bytes = text_of(raw_)});
    }

    Result<void> check_end() {
        if (objection_.empty()) {
            objection_ = objection(header_);
        }
        const auto end = read_end(raw_);
        if (!end || end->count != seen_.count || !section_sum_holds(end->sum, seen_.sum)) {
            return damaged("its end does not fit its sections");
        }
        return expect_zeros();
    }

    // What is left of the reserve that it was written into.
    Result<void> expect_zeros() {
        const std::uint64_t end = std::exchange(size_.stored, offset_);
        for (section_at_ = offset_; offset_ < end; section_at_ = offset_) {
            stored_.resize(size_up_to(end - offset_, zeros_bytes));
            if (auto filled = fill(stored_); !filled) {
                return filled;
            }
            if (std::ranges::any_of(stored_, [](std::byte b) { return b != std::byte{0}; })) {
                return damaged("bytes behind its end");
            }
        }
        return {};
    }

    DiskFile& file_;
    std::string name_;
    SnapshotLimits limits_;
    std::uint64_t section_at_ = 0;
    std::uint64_t offset_ = 0;
    SectionHeader header_;
    FrameBytes stored_;
    FrameBytes raw_;
    SnapshotEnd seen_;
    SnapshotSize size_;
    std::string objection_;
};

}  // namespace

Result<SnapshotSize> scan_snapshot(DiskFile& file, std::string_view name,
                                   const SnapshotLimits& limits, const SectionVisit& visit) {
    return Scan(file, name, limits).run(visit);
}

Result<SnapshotSize> read_snapshot(Disk& disk, std::string_view name, const SectionVisit& visit,
                                   const SnapshotLimits& limits) {
    auto file = disk.open(name, Disk::Open::read);
    if (!file) {
        return file.error();
    }
    // Twice: nobody is to build on the first half of a file whose second half is gone.
    const auto nothing = [](const SnapshotSection&) { return Result<void>(); };
    if (auto sound = scan_snapshot(**file, name, limits, nothing); !sound) {
        return sound;
    }
    return scan_snapshot(**file, name, limits, visit);
}

}  // namespace flyball
