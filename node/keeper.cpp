#include "node/keeper.h"

#include <algorithm>
#include <utility>

#include "node/clock.h"

namespace flyball {

namespace {

constexpr std::size_t groups_in_segment = 4;  // or more: little of one is left empty
constexpr std::size_t buffers_kept = 4;       // as many as are written at once
// What is larger is a large record's and not kept. Groups fit, so that buffers need not grow again,
// and LZ4 finds as much in them as in larger ones: matches reach back no farther.
constexpr std::size_t buffer_bytes_kept = 64 * 1024;
constexpr std::int64_t second_us = 1'000'000;
// Within 5 s of the end of a fault the node is well again. An attempt costs little: what fails is
// mostly its first call, and a full disk takes no more than it has room for.
constexpr std::int64_t longest_retry_us = 4 * second_us;
constexpr std::int64_t snapshot_every_us = 3600 * second_us;
constexpr std::size_t commit_pad_bytes = 4096;  // a page that was acknowledged is not written again
constexpr std::size_t plain_pad_bytes = 64;

std::span<const std::byte> bytes_of(const ByteBuffer& buffer) {
    return std::as_bytes(std::span(buffer.bytes()));
}

Keeper::Options within_bounds(Keeper::Options options) {
    options.segment_bytes = segment_bytes_within(options.max_bytes, options.segment_bytes);
    return options;
}

}  // namespace

Keeper::Keeper(std::unique_ptr<Disk> disk, const Options& options)
    : disk_(std::move(disk)),
      options_(within_bounds(options)),
      group_bytes_(std::min(options_.segment_bytes / groups_in_segment,
                            buffer_bytes_kept - length_bytes_max)),
      store_(*disk_, {.pad_bytes = options.durability == Durability::commit ? commit_pad_bytes
                                                                            : plain_pad_bytes,
                      .max_bytes = options.max_bytes,
                      .segment_bytes = options_.segment_bytes}),
      waits_(options.durability == Durability::commit) {}

Result<StateStore::Recovered> Keeper::recover(Engine& engine, Recovery& recovery,
                                              const StateStore::Progress& progress) {
    auto recovered = store_.recover(engine, recovery, progress);
    if (recovered) {
        newest_ = store_.next_record() - 1;
        durable_ = newest_.load();
        forgets_ = newest_ > 0;  // an earlier run may have
    }
    return recovered;
}

Result<void> Keeper::start(Owner& owner) {
    owner_ = &owner;
    snapshot_at_us_ = monotonic_us();
    const std::vector<Group> first = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    const bool gap = options_.durability != Durability::none && !store_.records_lead_here();
    if (!gap && store_.journal_goes_on()) {
        auto begun = begin_with(first, false);
        if (begun || begun.error().code != ErrorCode::refused) {
            return begun;
        }
        // There is no room in the journal, or none in any segment.
    }
    const auto made = make_snapshot(true);
    if (made || made.error().code != ErrorCode::usage) {
        return made ? Result<void>() : Result<void>(made.error());
    }
    return start_failing(first, made.error());
}

// What there is to keep does not fit, and nothing is wrong with the disk: a node that served comes
// back. As when a disk fails, nothing more is written until a snapshot is in force; only this start
// and the numbers that it may give are, beyond the journal's share, where that can be read on.
Result<void> Keeper::start_failing(const std::vector<Group>& first, const Error& too_large) {
    if (store_.journal_goes_on()) {
        const auto begun = begin_with(first, true);
        if (!begun && begun.error().code != ErrorCode::refused) {
            return begun;
        }
    }
    const std::lock_guard lock(lock_);
    failed(too_large);
    return {};
}

Result<void> Keeper::begin_with(const std::vector<Group>& first, bool beyond_share) {
    auto done = store_.begin_journal(beyond_share);
    if (done) {
        done = write_groups(first, true);
    }
    if (done) {
        durable_ = newest_.load();
    }
    return done;
}

// ---- whoever owns the engine

void Keeper::note(const Change& change) {
    if (change.forgets) [[unlikely]] {
        forgets_ = true;
    }
    // Without a journal only what must not be lost in any mode.
    const bool kept =
        options_.durability != Durability::none || change.kind == Change::Kind::reserved;
    if (kept) {
        writer_.add(change);
    }
}

void Keeper::note(const GovernorChange& change) {
    writer_.add(change);
}

// Without a journal a kept event is part of the snapshots only, like what it tells of.
void Keeper::note(const EventChange& change) {
    if (options_.durability != Durability::none || change.topic.empty()) {
        writer_.add(change);
    }
}

void Keeper::end_decision() {
    if (writer_.empty()) {
        return;
    }
    const std::string_view record = writer_.finish();
    ++newest_;
    bool wake = false;
    {
        const std::lock_guard lock(lock_);
        if (!collects_) {
            return;  // the snapshot that ends the failure has it
        }
        if (waiting_.empty() || waiting_.back().bytes.size() + record.size() > group_bytes_) {
            wake = waiting_.empty() || waits_;
            if (all_synced()) {
                unsynced_since_us_ = monotonic_us();
            }
            if (idle_.empty()) {
                waiting_.emplace_back();
            } else {
                waiting_.push_back(std::move(idle_.back()));
                idle_.pop_back();
            }
        }
        Group& group = waiting_.back();
        const std::size_t before = waiting_bytes_;
        const std::size_t group_before = group.bytes.size();
        append_record(group.bytes, record);
        waiting_bytes_ += group.bytes.size() - group_before;
        ++group.count;
        group.last = newest_;
        wake = wake || (before < early_write_bytes() && waiting_bytes_ >= early_write_bytes());
        if (waiting_bytes_ > waiting_bytes_max) {
            failed({ErrorCode::unavailable, "the disk is too slow for what there is to keep"});
        }
    }
    if (wake && owner_ != nullptr) {
        owner_->turn_wanted();
    }
}

bool Keeper::lags() const {
    const std::lock_guard lock(lock_);
    return waiting_bytes_ > waiting_bytes_max / 4;
}

// ---- any thread

void Keeper::want_snapshot() {
    {
        const std::lock_guard lock(lock_);
        snapshot_wanted_ = true;
    }
    owner_->turn_wanted();
}

Keeper::Health Keeper::health() const {
    const std::lock_guard lock(lock_);
    return health_;
}

void Keeper::warn(std::string warning) {
    {
        const std::lock_guard lock(lock_);
        warning_ = std::move(warning);
        warns_ = true;
    }
    owner_->keeping_changed();
}

std::string Keeper::take_warning() {
    if (!warns_) {
        return {};
    }
    const std::lock_guard lock(lock_);
    warns_ = false;
    return std::exchange(warning_, {});
}

void Keeper::remember_fault(std::string fault) {
    const std::lock_guard lock(lock_);
    health_.last_error = std::move(fault);
    snapshot_wanted_ = true;
}

// ---- turns

bool Keeper::time_to_write(std::int64_t now_us) const {
    return !failing_ && !all_synced() &&
           (waiting_bytes_ >= early_write_bytes() || time_to_sync(now_us));
}

bool Keeper::time_to_sync(std::int64_t now_us) const {
    return waits_ || now_us - unsynced_since_us_ >= options_.interval.count() * 1000;
}

bool Keeper::time_for_snapshot(std::int64_t now_us) const {
    const bool aged = now_us - snapshot_at_us_ >= snapshot_every_us && newest_ != snapshot_newest_;
    const bool due = aged || store_.snapshot_due() != StateStore::Due::no;
    return snapshot_wanted_ || (due && now_us >= snapshot_not_before_us_);
}

std::int64_t Keeper::next_turn_us() const {
    if (failing_) {
        return retry_at_us_;
    }
    std::int64_t next_us = snapshot_wanted_ ? 0 : monotonic_us() + snapshot_every_us;
    if (!all_synced()) {
        next_us =
            std::min(next_us, waits_ ? 0 : unsynced_since_us_ + options_.interval.count() * 1000);
    }
    return next_us;
}

std::int64_t Keeper::turn() {
    Lock lock(lock_);
    if (failing_ && monotonic_us() >= retry_at_us_) {
        repair(lock);
    }
    if (const std::int64_t now_us = monotonic_us(); time_to_write(now_us)) {
        write_waiting(lock, time_to_sync(now_us));
    }
    if (!failing_ && time_for_snapshot(monotonic_us())) {
        snapshot(lock);
    }
    if (!failing_) {
        prepare(lock);
    }
    return next_turn_us();
}

void Keeper::finish() {
    Lock lock(lock_);
    if (!failing_ && !all_synced()) {
        write_waiting(lock, true);
    }
    if (failing_) {
        repair(lock);
    } else {
        snapshot(lock);
    }
}

void Keeper::prepare(Lock& lock) {
    lock.unlock();
    const auto prepared = store_.prepare();
    if (const auto reserved = store_.reserve(); prepared && !reserved) {
        warn("no room is reserved for the next snapshot: " + reserved.error().message);
    }
    lock.lock();
    if (!prepared) {
        failed(prepared.error());
    }
}

// All that waits is written; with a sync it becomes durable, and what was written before. Without
// one it is only out of the way: so much in so little time would else wait for many syncs.
void Keeper::write_waiting(Lock& lock, bool syncs) {
    std::vector<Group> groups = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    const std::uint64_t last = groups.empty() ? written_ : groups.back().last;
    written_ = syncs ? 0 : last;
    lock.unlock();
    const Result<void> done = write_groups(groups, syncs);
    lock.lock();
    if (!done) {
        failed(done.error());
        return;
    }
    health_.sizes = store_.sizes();
    reuse(groups);
    if (!syncs) {
        return;
    }
    ++health_.commits;
    durable_.store(last, std::memory_order_release);
    lock.unlock();
    owner_->keeping_changed();
    lock.lock();
}

Result<void> Keeper::write_groups(const std::vector<Group>& groups, bool syncs) {
    for (const Group& group : groups) {
        if (auto done = store_.write(bytes_of(group.bytes), group.count); !done) {
            return done;
        }
    }
    return syncs ? store_.sync() : Result<void>();
}

void Keeper::reuse(std::vector<Group>& groups) {
    for (Group& group : groups) {
        if (idle_.size() < buffers_kept && group.bytes.capacity() <= buffer_bytes_kept) {
            group.bytes.clear();
            group.count = 0;
            idle_.push_back(std::move(group));
        }
    }
}

// Nothing is known of the journal from here on; memory is the truth until a snapshot is there. More
// that does not fit while it fails puts no attempt off.
void Keeper::failed(const Error& error) {
    const bool once_more = failing_ && waiting_bytes_ > waiting_bytes_max;
    drop_waiting();
    if (once_more) {
        return;
    }
    health_.failing = true;
    ++health_.errors;
    health_.last_error = error.message;
    retry_after_us_ = failing_ ? std::min(2 * retry_after_us_, longest_retry_us) : second_us;
    retry_at_us_ = monotonic_us() + retry_after_us_;
    failing_ = true;
    if (owner_ != nullptr) {
        owner_->keeping_changed();
    }
}

void Keeper::drop_waiting() {
    waiting_.clear();
    waiting_bytes_ = 0;
    written_ = 0;
    collects_ = false;
    ++gaps_;
}

void Keeper::repair(Lock& lock) {
    lock.unlock();
    const auto done = make_snapshot(true);
    lock.lock();
    if (!done) {
        failed(done.error());
        return;
    }
    failing_ = false;
    forgets_ = true;  // what the failed journal has left
    health_.failing = false;
    retry_after_us_ = 0;
    lock.unlock();
    owner_->keeping_changed();
    lock.lock();
}

}  // namespace flyball
