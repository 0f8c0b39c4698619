#include "node/state_store.h"

#include <algorithm>

#include "governors/governor_state.h"
#include "governors/image_bytes.h"
#include "node/state/snapshot.h"

namespace flyball {

namespace {

// When another snapshot pays: what recovery would have to read is many times what it would save.
constexpr std::uint64_t segments_min = 4;
constexpr std::uint64_t snapshots_in_journal = 8;
constexpr std::uint64_t records_max = 1'000'000;
constexpr std::uint64_t reserve_bytes_min = 16 * 1024;

constexpr std::uint64_t records_a_word = 8192;  // of progress: some milliseconds

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

bool take_record(std::span<const std::byte>& from, std::span<const std::byte>& record) {
    std::size_t size = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        if (from.empty()) {
            return false;
        }
        const auto byte = std::to_integer<std::size_t>(from.front());
        from = from.subspan(1);
        size |= (byte & 0x7FU) << shift;
        if (byte < 0x80) {
            record = from.first(std::min(size, from.size()));
            from = from.subspan(record.size());
            return record.size() == size;
        }
    }
    return false;
}

// What was not taken now must not be taken by a later reading, behind a snapshot through fewer.
JournalEnd behind_all(const JournalRead& read) {
    return read.beyond > read.end.next_record ? JournalEnd{.next_record = read.beyond} : read.end;
}

}  // namespace

void append_record(ByteBuffer& out, std::string_view record) {
    std::size_t left = record.size();
    while (left >= 0x80) {
        out.push_back(static_cast<char>(left | 0x80U));
        left >>= 7U;
    }
    out.push_back(static_cast<char>(left));
    out.append(record);
}

// ---- recovery

Result<StateStore::Recovered> StateStore::recover(Engine& engine, Recovery& recovery,
                                                  const Progress& progress) {
    Recovered result;
    auto names = list_snapshots(disk_);
    if (!names) {
        return names.error();
    }
    const auto damaged = damaged_files(disk_);
    if (!damaged) {
        return damaged.error();
    }
    bool loaded = false;
    std::uint64_t older = 0;
    for (auto name = names->begin(); name != names->end(); ++name) {
        auto sound = load(engine, recovery, *name);
        if (sound) {
            loaded = true;
            older = ++name == names->end() ? 0 : *snapshot_record(*name);
            break;
        }
        if (sound.error().code != ErrorCode::damaged) {
            return sound.error();
        }
        result.faults.push_back(sound.error().message);
        if (auto aside = disk_.rename(*name, *name + ".damaged"); !aside) {
            return aside.error();
        }
    }
    RecordReader reader;
    const auto read = read_journal(disk_, snapshot_record_ + 1, true,
                                   [&](std::uint64_t number, std::span<const std::byte> record) {
                                       recovery.begin_record(number);
                                       if (progress && number % records_a_word == 0) {
                                           progress(number - snapshot_record_);
                                       }
                                       const bool good = reader.read(record, recovery);
                                       recovery.went_on();
                                       return good;
                                   });
    if (!read) {
        return read.error();
    }
    if (read->oldest_record == 0 || read->oldest_record > older + 1) {
        engine.registry().each_any([](const GovernorChange& /*standing*/, Governor* governor) {
            if (governor != nullptr && governor->chain_kept() != nullptr) {
                governor->chain_kept()->from_newest_snapshot();
            }
        });
    }
    end_ = behind_all(*read);
    next_record_ = end_.next_record;
    result.through = read->end.next_record - 1;
    result.records = read->records;
    for (const JournalFault& fault : read->faults) {
        if (!fault.torn_tail) {
            result.faults.push_back(fault.file + " at " + std::to_string(fault.offset) + ": " +
                                    fault.what);
        }
    }
    if (!recovery.fault().empty()) {
        result.faults.push_back(recovery.fault());
    }
    result.lost = !loaded && result.records == 0 && !result.faults.empty();
    if (auto bounded = bound_what_is_there(*damaged, result); !bounded) {
        return bounded.error();
    }
    recovery.finish();
    return result;
}

// What is there was sound under any limit; only what is written from now on has to keep to this
// one.
Result<void> StateStore::bound_what_is_there(const std::vector<std::string>& damaged,
                                             Recovered& result) {
    if (reserved_bytes(disk_) > room_.snapshot_bytes()) {
        if (auto removed = drop_reserve(disk_); !removed) {
            return removed;
        }
    }
    std::vector<std::string> gone;
    const auto left = bound_damaged(disk_, damaged, room_.damaged_bytes(), gone);
    const auto all = folder_bytes(disk_);
    if (!left || !all) {
        return !left ? left.error() : all.error();
    }
    damaged_bytes_ = *left;
    const std::string limit = "state.max_bytes is " + std::to_string(options_.max_bytes);
    for (const std::string& name : gone) {
        result.warnings.push_back(limit + ": no room to keep " + name + ", removed");
    }
    if (*all > options_.max_bytes) {
        result.warnings.push_back(limit + ", the state files have " + std::to_string(*all) +
                                  " bytes");
    }
    if (sizes_.snapshot_bytes > room_.snapshot_bytes()) {
        result.warnings.push_back(limit + ", a fifth of it for a snapshot, and the newest has " +
                                  std::to_string(sizes_.snapshot_bytes) + " bytes");
    }
    return {};
}

// A damaged one is shown to nobody: an engine that has half a snapshot cannot take another.
Result<void> StateStore::load(Engine& engine, Recovery& recovery, const std::string& name) {
    RecordReader reader;
    NodeChange node;
    const auto take_node = [&](ImageReader& in, std::span<const std::byte> rest) -> Result<void> {
        snapshot_record_ = in.take<std::uint64_t>();
        recovery.loaded(Admit::title, snapshot_record_);
        rest = rest.subspan(sizeof(std::uint64_t));
        std::span<const std::byte> record;
        while (!rest.empty()) {
            // Its own records are newer than what they say they are through.
            recovery.begin_record(snapshot_record_ + 1);
            if (!take_record(rest, record) || !reader.read(record, recovery)) {
                return Error{ErrorCode::refused, name + ": the node's section cannot be read"};
            }
        }
        node = recovery.node();
        records_lead_here_ = node.keeps_decisions;
        return {};
    };
    const auto take_governor = [&](std::span<const std::byte> bytes) -> Result<void> {
        ImageReader in(bytes);
        const auto through = in.take<std::uint64_t>();
        std::span<const std::byte> rest = bytes.subspan(std::min<std::size_t>(8, bytes.size()));
        std::span<const std::byte> record;
        recovery.begin_record(through + 1);
        if (!take_record(rest, record) || !reader.read(record, recovery)) {
            return Error{ErrorCode::refused,
                         name + ": a governor cannot be made: " + recovery.fault()};
        }
        Governor* governor = engine.registry().find_any(recovery.last_title());
        if (governor == nullptr) {
            return Error{ErrorCode::refused, name + ": a section without its governor"};
        }
        if (auto done = GovernorState::load(*governor, rest); !done) {
            return Error{ErrorCode::refused, name + ": " + std::string(governor->title()) + ": " +
                                                 done.error().message};
        }
        recovery.loaded(governor->title(), through);
        return {};
    };
    const auto take = [&](const SnapshotSection& section) -> Result<void> {
        const auto bytes = bytes_of(section.bytes);
        if (section.type == node_section) {
            ImageReader in(bytes);
            return bytes.size() >= 8
                       ? take_node(in, bytes)
                       : Error{ErrorCode::refused, name + ": the node's section is empty"};
        }
        if (section.type == governor_section && section.version == 1) {
            return take_governor(bytes);
        }
        others_.push_back({section.type, section.version, std::string(section.bytes)});
        return {};
    };
    others_.clear();
    // Not max_bytes: who lowers that below what there is does not lose it.
    const auto size = read_snapshot(
        disk_, name, take, {.file_bytes = std::max(options_.max_bytes, snapshot_read_bytes_max)});
    if (!size) {
        return size.error();
    }
    sizes_.snapshot_bytes = size->stored;
    sizes_.memory_bytes = size->raw;
    recovery.restored(node);
    return {};
}

// ---- the journal

Result<void> StateStore::begin_journal(bool beyond) {
    auto journal = Journal::resume(disk_, journal_options(), end_);
    if (!journal) {
        return journal.error();
    }
    journal_ = std::move(*journal);
    next_record_ = end_.next_record;
    const std::uint64_t has = journal_->disk_bytes();
    if (!beyond) {
        return has <= journal_bytes_max()
                   ? Result<void>()
                   : Error{ErrorCode::refused, "the journal has more than its share"};
    }
    const auto all = folder_bytes(disk_);
    if (!all) {
        return all.error();
    }
    journal_->bound(has + options_.max_bytes - std::min(options_.max_bytes, *all));
    return {};
}

Result<void> StateStore::begin_anew(std::uint64_t next_record) {
    auto journal = Journal::begin(disk_, journal_options(), next_record);
    if (!journal) {
        return journal.error();
    }
    journal_ = std::move(*journal);
    next_record_ = next_record;
    due_bytes_ = journal_->written_bytes();
    // What failed journals leave must not fill the disk, nor more than half of the next one's room.
    const bool crowded = journal_->disk_bytes() > journal_bytes_max() / 2;
    return journal_->retire_before(crowded ? next_record : older_record_ + 1);
}

Result<void> StateStore::write(std::span<const std::byte> records, std::uint32_t count) {
    auto written = journal_->write(records, count);
    if (written) {
        next_record_ += count;
    }
    return written;
}

Result<void> StateStore::sync() {
    return journal_->sync();
}

// ---- snapshots

Result<void> StateStore::begin_snapshot(const SnapshotPiece& first) {
    auto writer =
        SnapshotWriter::begin(disk_, first.through_record, {.file_bytes = room_.snapshot_bytes()});
    if (!writer) {
        return writer.error();
    }
    snapshot_ = std::move(*writer);
    newest_piece_ = first.through_record;
    raw_bytes_ = 0;
    return add(node_section, first);
}

Result<void> StateStore::add_to_snapshot(const SnapshotPiece& piece) {
    return add(governor_section, piece);
}

Result<void> StateStore::add(std::uint16_t type, const SnapshotPiece& piece) {
    raw_bytes_ += piece.raw_bytes;
    auto added = snapshot_->section({.type = type, .bytes = piece.bytes.bytes()});
    return added ? added : Result<void>(over_limit(added.error()));
}

Error StateStore::over_limit(Error error) const {
    if (error.code == ErrorCode::usage) {
        error.message += "; state.max_bytes is " + std::to_string(options_.max_bytes) +
                         ", a fifth of it for a snapshot";
    }
    return error;
}

Result<void> StateStore::reserve() {
    if (std::exchange(reserve_tried_, true)) {
        return {};
    }
    const std::uint64_t bytes =
        std::min(room_.snapshot_bytes(),
                 std::max(reserve_bytes_min, sizes_.snapshot_bytes + sizes_.snapshot_bytes / 4));
    return reserved_bytes(disk_) >= bytes ? Result<void>() : reserve_snapshot(disk_, bytes);
}

Result<void> StateStore::finish_snapshot() {
    for (const OtherSection& other : others_) {
        auto carried = snapshot_->section({.type = other.type,
                                           .version = other.version,
                                           .required = false,
                                           .bytes = other.bytes});
        if (!carried) {
            return over_limit(carried.error());
        }
    }
    const auto size = snapshot_->finish();
    snapshot_.reset();
    if (!size) {
        return over_limit(size.error());
    }
    if (newest_piece_ != snapshot_record_) {  // else it took the place of one with as much in it
        older_record_ = std::exchange(snapshot_record_, newest_piece_);
    }
    sizes_.snapshot_bytes = size->stored;
    sizes_.memory_bytes = size->raw;
    sizes_.raw_bytes = raw_bytes_;
    reserve_tried_ = false;
    due_bytes_ = journal_failed() ? 0 : journal_->written_bytes();
    if (auto retired = retire_snapshots(disk_); !retired) {
        return retired;
    }
    // Nothing is known of a failed journal; the next one begins anew.
    return journal_failed() ? Result<void>() : journal_->retire_before(older_record_ + 1);
}

void StateStore::abandon_snapshot() {
    snapshot_.reset();
    reserve_tried_ = false;  // it has taken the reserve with it
}

StateStore::Due StateStore::snapshot_due() const {
    if (journal_failed()) {
        return Due::no;
    }
    const std::uint64_t live = journal_->live_bytes();
    const std::uint64_t journal_bytes_min = segments_min * options_.segment_bytes;
    const std::uint64_t enough =
        std::max(journal_bytes_min, snapshots_in_journal * sizes_.snapshot_bytes);
    const std::uint64_t since = journal_->written_bytes() - due_bytes_;
    if (journal_->next_record() - snapshot_record_ > records_max || since > enough) {
        return Due::grown;
    }
    const bool no_room = live > journal_bytes_max() / 2 && since > journal_bytes_min / 4;
    return no_room ? Due::no_room : Due::no;
}

StateSizes StateStore::sizes() const {
    StateSizes sizes = sizes_;
    sizes.journal_bytes = journal_failed() ? 0 : journal_->live_bytes();
    return sizes;
}

}  // namespace flyball
