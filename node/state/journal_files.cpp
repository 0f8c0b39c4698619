#include "node/state/journal_files.h"

#include <algorithm>
#include <limits>

#include "schemas/size_within.h"

namespace flyball {

namespace {

constexpr std::string_view segment_prefix = "journal-";
constexpr std::string_view spare_prefix = "spare-";
constexpr std::size_t digits = 16;
constexpr std::size_t piece_bytes = 4096;

std::string numbered(std::string_view prefix, std::uint64_t number) {
    static constexpr std::string_view hex = "0123456789abcdef";
    std::string name(prefix);
    for (std::size_t i = digits; i-- > 0;) {
        name += hex[(number >> (4 * i)) & 0xfU];
    }
    return name;
}

// The number behind `prefix`, and what follows it.
std::optional<std::uint64_t> number_in(std::string_view name, std::string_view prefix,
                                       std::string_view& rest) {
    if (!name.starts_with(prefix) || name.size() < prefix.size() + digits) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    for (const char c : name.substr(prefix.size(), digits)) {
        const bool letter = c >= 'a' && c <= 'f';
        if (!letter && (c < '0' || c > '9')) {
            return std::nullopt;
        }
        number = number * 16 + static_cast<std::uint64_t>(letter ? c - 'a' + 10 : c - '0');
    }
    rest = name.substr(prefix.size() + digits);
    return number;
}

Result<std::unique_ptr<DiskFile>> open_segment(Disk& disk, std::uint64_t number,
                                               std::size_t& size) {
    auto file = disk.open(segment_name(number), Disk::Open::read);
    if (!file) {
        return file.error();
    }
    // After a sync that failed the cache may show what never reached the disk.
    (*file)->forget_cache();
    const Result<std::uint64_t> bytes = (*file)->size();
    if (!bytes) {
        return bytes.error();
    }
    const auto fits = size_within(*bytes, segment_bytes_max);
    if (!fits) {
        return Error{ErrorCode::damaged, segment_name(number) + " has " + std::to_string(*bytes) +
                                             " bytes, a segment has " +
                                             std::to_string(segment_bytes_max) + " at most"};
    }
    size = *fits;
    return file;
}

}  // namespace

std::string segment_name(std::uint64_t number) {
    return numbered(segment_prefix, number);
}

std::string spare_name(std::uint64_t number) {
    return numbered(spare_prefix, number);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
    std::string_view rest;
    const auto number = number_in(name, segment_prefix, rest);
    return rest.empty() ? number : std::nullopt;
}

Result<JournalFiles> list_journal(Disk& disk) {
    const Result<std::vector<std::string>> names = disk.list();
    if (!names) {
        return names.error();
    }
    JournalFiles files;
    for (const std::string& name : *names) {
        std::string_view rest;
        std::optional<std::uint64_t> number = number_in(name, segment_prefix, rest);
        const bool segment = number.has_value();
        if (!number) {
            number = number_in(name, spare_prefix, rest);
        }
        if (!number) {
            continue;
        }
        files.highest = std::max(files.highest, *number);
        if (rest.empty()) {
            (segment ? files.segments : files.spares).push_back(*number);
        } else if (rest == ".new") {
            files.unfinished.push_back(name);
        }
    }
    if (files.highest == std::numeric_limits<std::uint64_t>::max()) {
        return Error{ErrorCode::refused,
                     segment_name(files.highest) + " leaves no number for a segment after it"};
    }
    return files;
}

Result<void> read_segment(Disk& disk, std::uint64_t number, SegmentBytes& into) {
    into.number = number;
    into.unreadable.clear();
    std::size_t size = 0;
    auto file = open_segment(disk, number, size);
    if (!file) {
        return file.error();
    }
    into.bytes.resize(size);
    const Result<std::size_t> whole = (*file)->read(0, into.bytes);
    if (whole) {
        into.bytes.resize(*whole);
        if (*whole == 0 || *whole % segment_step_bytes != 0) {
            into.unreadable =
                "has lost its end: a segment never has " + std::to_string(*whole) + " bytes";
        }
        return {};
    }
    // One bad block is no reason to lose the others; when none can be read, it is not the blocks.
    bool some = false;
    for (std::size_t at = 0; at < size; at += piece_bytes) {
        const auto piece =
            std::span(into.bytes).subspan(at).first(std::min(piece_bytes, size - at));
        const Result<std::size_t> got = (*file)->read(at, piece);
        some = some || got.has_value();
        if (!got) {
            into.unreadable = got.error().message;
            std::ranges::fill(piece, std::byte{0});
        }
    }
    return some ? Result<void>() : Result<void>(whole.error());
}

Result<std::optional<GroupHeader>> first_group(Disk& disk, std::uint64_t number,
                                               SegmentBytes& into) {
    std::size_t size = 0;
    auto file = open_segment(disk, number, size);
    if (!file) {
        return file.error();
    }
    // A group is rarely larger than this; when it is, the whole segment is read.
    into.number = number;
    into.bytes.resize(std::min(size, piece_bytes));
    const Result<std::size_t> got = (*file)->read(0, into.bytes);
    StoredGroup group;
    GroupCheck check = got ? check_group(into.bytes, number, 0, group) : GroupCheck::unsound;
    if (check == GroupCheck::unsound && (!got || size > piece_bytes)) {
        if (const Result<void> read = read_segment(disk, number, into); !read) {
            return read.error();
        }
        check = check_group(into.bytes, number, 0, group);
    }
    if (check == GroupCheck::unknown_form) {
        return made_by_later_release(segment_name(number), group.header);
    }
    return check == GroupCheck::sound ? std::optional(group.header) : std::nullopt;
}

Error made_by_later_release(std::string_view file, const GroupHeader& header) {
    return {ErrorCode::refused, std::string(file) + " has format version " +
                                    std::to_string(header.version) + ", flags " +
                                    std::to_string(header.flags) +
                                    "; this release reads version 1 and flags up to 1"};
}

}  // namespace flyball
