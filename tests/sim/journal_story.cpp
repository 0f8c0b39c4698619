#include "tests/sim/journal_story.h"

#include <algorithm>

#include "governors/keyed_hash.h"

namespace flyball {

namespace {

void append_with_length(Bytes& group, const Bytes& record) {
    std::byte length[length_bytes_max];
    const std::size_t size = put_length(length, static_cast<std::uint32_t>(record.size()));
    group.insert(group.end(), length, length + size);
    group.insert(group.end(), record.begin(), record.end());
}

}  // namespace

JournalStory::JournalStory(MemoryDisk& disk, const Plan& plan) : disk_(&disk), plan_(plan) {
    auto begun = Journal::begin(disk, plan.options, 1);
    if (begun) {
        journal_ = std::move(*begun);
    }
    known_.push_back(now_);
}

JournalStory::JournalStory(MemoryDisk& disk, const Plan& plan, const JournalStory& before,
                           const Known& known, const JournalRead& read)
    : disk_(&disk), plan_(plan), records_(before.records_), now_(known) {
    records_.resize(std::min<std::size_t>(records_.size(), read.end.next_record - 1));
    now_.operations = 0;
    now_.attempted = read.end.next_record - 1;
    auto resumed = Journal::resume(disk, plan.options, read.end);
    if (resumed) {
        journal_ = std::move(*resumed);
        now_.synced = now_.attempted;  // resume() brings to disk what was read
    }
    if (read.end.segment == 0) {
        now_.older_from = now_.from;  // a new chain: the older snapshot does not lead into it
    }
    known_.push_back(now_);
}

std::uint64_t JournalStory::chance(std::uint64_t salt, std::uint64_t below) const {
    const std::uint64_t words[2]{salt, below};
    return keyed_hash({reinterpret_cast<const char*>(words), sizeof(words)}, plan_.seed) % below;
}

// Long and short, like text and like noise.
Bytes JournalStory::record(std::uint64_t number) const {
    const std::uint64_t most = chance(number * 8, 8) == 0 ? 900 : 90;
    Bytes bytes(1 + chance(number * 8 + 1, most));
    const bool noise = chance(number * 8 + 2, 2) == 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::uint64_t value = noise ? chance((number << 20U) + i, 256) : number + i % 7;
        bytes[i] = static_cast<std::byte>(value & 0xFFU);
    }
    return bytes;
}

void JournalStory::note(bool before_a_write) {
    now_.operations = disk_->log().size() + (before_a_write ? 1 : 0);
    known_.push_back(now_);
}

void JournalStory::write() {
    Bytes group;
    const std::uint64_t first = now_.attempted + 1;
    const auto count = static_cast<std::uint32_t>(1 + chance(first * 8 + 3, 4));
    for (std::uint32_t i = 0; i < count; ++i) {
        records_.push_back(record(first + i));
        append_with_length(group, records_.back());
    }
    now_.attempted += count;
    note(true);
    static_cast<void>(journal_->write(group, count));
}

void JournalStory::sync() {
    if (journal_->sync()) {
        now_.synced = now_.attempted;
        note();
    }
}

void JournalStory::snapshot() {
    now_.older_from = now_.from;
    now_.from = now_.attempted + 1;
    note();
    static_cast<void>(journal_->retire_before(now_.older_from));
}

void JournalStory::act() {
    const std::uint64_t what = chance(++acts_ + (std::uint64_t{1} << 40U), 20);
    if (what == 0) {
        snapshot();
    } else if (what <= 2) {
        static_cast<void>(journal_->prepare_spare());
    } else if (what <= 6) {
        sync();
    } else {
        write();
        if (plan_.syncs_each && alive()) {
            sync();
        }
    }
}

bool JournalStory::start_again() {
    now_.older_from = now_.from;
    now_.from = now_.attempted + 1;
    note();
    auto begun = Journal::begin(*disk_, plan_.options, now_.from);
    journal_ = begun ? std::move(*begun) : nullptr;
    return begun.has_value();
}

const JournalStory::Known& JournalStory::known_after(std::size_t operations) const {
    const auto later = std::ranges::upper_bound(known_, operations, {},
                                                [](const Known& k) { return k.operations; });
    return *std::prev(later);
}

std::string JournalStory::reading_is_wrong(Disk& disk, std::uint64_t from, bool mend,
                                           std::uint64_t attempted, JournalRead& read) const {
    std::string wrong;
    std::uint64_t next = from;
    const auto done = read_journal(disk, from, mend, [&](std::uint64_t number, auto bytes) {
        if (number != next) {
            wrong = "record " + std::to_string(number) + " instead of " + std::to_string(next);
        } else if (number > attempted) {
            wrong =
                "record " + std::to_string(number) + ", written were " + std::to_string(attempted);
        } else if (!std::ranges::equal(bytes, records_[number - 1])) {
            wrong = "record " + std::to_string(number) + " has not the bytes that were written";
        }
        ++next;
        return true;
    });
    if (!done) {
        return "not read: " + done.error().message;
    }
    read = *done;
    if (wrong.empty() && (read.end.next_record != next || read.records != next - from)) {
        wrong = "its end is not where the records end";
    }
    return wrong;
}

std::string JournalStory::crash_is_wrong(Disk& disk, const Known& at_crash, std::uint64_t from,
                                         JournalRead& read) const {
    std::string wrong = reading_is_wrong(disk, from, true, at_crash.attempted, read);
    if (!wrong.empty()) {
        return wrong;
    }
    if (read.end.next_record <= at_crash.synced) {
        return "ends before record " + std::to_string(read.end.next_record) + ", synced were " +
               std::to_string(at_crash.synced);
    }
    for (const JournalFault& fault : read.faults) {
        if (!fault.torn_tail) {
            return fault.file + " at " + std::to_string(fault.offset) + ": " + fault.what;
        }
    }
    return {};
}

}  // namespace flyball
