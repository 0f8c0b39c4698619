#include "node/keeper.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "node/clock.h"

namespace flyball {

namespace {

constexpr std::size_t group_bytes_max = 256 * 1024;  // a group stays below half a segment
constexpr std::size_t early_write_bytes = 512 * 1024;
constexpr std::size_t buffers_kept = 4;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t longest_wait_us = 60 * second_us;
constexpr std::int64_t snapshot_every_us = 3600 * second_us;
constexpr std::size_t commit_pad_bytes = 4096;  // a page that was acknowledged is not written again
constexpr std::size_t plain_pad_bytes = 64;

std::span<const std::byte> bytes_of(const ByteBuffer& buffer) {
    return std::as_bytes(std::span(buffer.bytes()));
}

}  // namespace

Keeper::Keeper(std::unique_ptr<Disk> disk, const Options& options)
    : disk_(std::move(disk)),
      options_(options),
      store_(*disk_, {.pad_bytes = options.durability == Durability::commit ? commit_pad_bytes
                                                                            : plain_pad_bytes,
                      .max_bytes = options.max_bytes}),
      waits_(options.durability == Durability::commit) {}

Keeper::~Keeper() {
    stop();
}

Result<StateStore::Recovered> Keeper::recover(Engine& engine, Recovery& recovery) {
    auto recovered = store_.recover(engine, recovery);
    if (recovered) {
        newest_ = store_.next_record() - 1;
        durable_ = newest_.load();
    }
    return recovered;
}

Result<void> Keeper::start(Owner& owner) {
    owner_ = &owner;
    if (auto begun = store_.begin_journal(); !begun) {
        return begun;
    }
    for (const Group& group : waiting_) {
        if (auto done = store_.write(bytes_of(group.bytes), group.count); !done) {
            return done;
        }
    }
    if (auto synced = store_.sync(); !synced) {
        return synced;
    }
    waiting_.clear();
    waiting_bytes_ = 0;
    durable_ = newest_.load();
    snapshot_at_us_ = monotonic_us();
    thread_ = std::thread([this] { run(); });
    return {};
}

// ---- whoever owns the engine

void Keeper::note(const Change& change) {
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

void Keeper::end_decision() {
    if (writer_.empty()) {
        return;
    }
    const std::string_view record = writer_.finish();
    ++newest_;
    bool wake = false;
    {
        const std::lock_guard lock(lock_);
        if (waiting_.empty() || waiting_.back().bytes.size() + record.size() > group_bytes_max) {
            wake = waiting_.empty() || waits_;
            if (idle_.empty()) {
                waiting_.emplace_back();
            } else {
                waiting_.push_back(std::move(idle_.back()));
                idle_.pop_back();
            }
            if (wake) {
                waiting_since_us_ = monotonic_us();
            }
        }
        Group& group = waiting_.back();
        const std::size_t before = group.bytes.size();
        append_record(group.bytes, record);
        waiting_bytes_ += group.bytes.size() - before;
        ++group.count;
        group.last = newest_;
        wake = wake || (before < early_write_bytes && waiting_bytes_ >= early_write_bytes);
        if (waiting_bytes_ > waiting_bytes_max) {
            failed({ErrorCode::unavailable, "the disk is too slow for what there is to keep"});
        }
    }
    if (wake) {
        wake_.notify_one();
    }
}

bool Keeper::accepts() const {
    return !waits_ || !failing_.load(std::memory_order_relaxed);
}

// ---- any thread

void Keeper::want_snapshot() {
    {
        const std::lock_guard lock(lock_);
        snapshot_wanted_ = true;
    }
    wake_.notify_one();
}

Keeper::Health Keeper::health() const {
    const std::lock_guard lock(lock_);
    return health_;
}

void Keeper::remember_fault(std::string fault) {
    const std::lock_guard lock(lock_);
    health_.last_error = std::move(fault);
    snapshot_wanted_ = true;
}

void Keeper::stop() {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(lock_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

// ---- the keeper's thread

bool Keeper::time_to_write(std::int64_t now_us) const {
    if (waiting_.empty() || failing_) {
        return false;
    }
    return waits_ || stopping_ || waiting_bytes_ >= early_write_bytes ||
           now_us - waiting_since_us_ >= options_.interval.count() * 1000;
}

std::int64_t Keeper::wait_us(std::int64_t now_us) const {
    std::int64_t until = snapshot_at_us_ + snapshot_every_us;
    if (failing_) {
        until = std::min(until, retry_at_us_);
    } else if (!waiting_.empty()) {
        until = std::min(until, waiting_since_us_ + options_.interval.count() * 1000);
    }
    return std::clamp<std::int64_t>(until - now_us, 0, longest_wait_us);
}

void Keeper::run() {
    std::unique_lock lock(lock_);
    std::uint64_t last_snapshot = durable_;
    while (true) {
        const std::int64_t now_us = monotonic_us();
        if (failing_) {
            if (stopping_ || now_us >= retry_at_us_) {
                repair(lock);
            }
        } else if (time_to_write(now_us)) {
            write_waiting(lock);
            continue;
        }
        const bool aged = now_us - snapshot_at_us_ >= snapshot_every_us && newest_ != last_snapshot;
        if (!failing_ && (snapshot_wanted_ || stopping_ || aged || store_.snapshot_due())) {
            snapshot_wanted_ = false;
            lock.unlock();
            const auto done = make_snapshot(false);
            lock.lock();
            last_snapshot = newest_;
            if (!done) {
                failed(done.error());
            }
        }
        if (stopping_) {
            return;
        }
        if (!failing_) {
            lock.unlock();
            const auto prepared = store_.prepare();
            lock.lock();
            if (!prepared) {
                failed(prepared.error());
            }
        }
        const std::int64_t pause_us = wait_us(monotonic_us());
        wake_.wait_for(lock, std::chrono::microseconds(pause_us), [this] {
            return stopping_ || snapshot_wanted_ || time_to_write(monotonic_us()) ||
                   (failing_ && monotonic_us() >= retry_at_us_);
        });
    }
}

// All that waits becomes durable in one sync.
void Keeper::write_waiting(std::unique_lock<std::mutex>& lock) {
    std::vector<Group> groups = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    lock.unlock();
    Result<void> done;
    for (const Group& group : groups) {
        done = store_.write(bytes_of(group.bytes), group.count);
        if (!done) {
            break;
        }
    }
    if (done) {
        done = store_.sync();
    }
    lock.lock();
    if (!done) {
        failed(done.error());
        return;
    }
    ++health_.commits;
    health_.sizes = store_.sizes();
    durable_.store(groups.back().last, std::memory_order_release);
    for (Group& group : groups) {
        if (idle_.size() < buffers_kept) {
            group.bytes.clear();
            group.count = 0;
            idle_.push_back(std::move(group));
        }
    }
    lock.unlock();
    owner_->keeping_changed();
    lock.lock();
}

// Nothing is known of the journal from here on; memory is the truth until a snapshot is there.
void Keeper::failed(const Error& error) {
    health_.failing = true;
    ++health_.errors;
    health_.last_error = error.message;
    retry_after_us_ = failing_ ? std::min(2 * retry_after_us_, longest_wait_us) : second_us;
    retry_at_us_ = monotonic_us() + retry_after_us_;
    failing_ = true;
    waiting_.clear();
    waiting_bytes_ = 0;
    ++gaps_;
    if (owner_ != nullptr) {
        owner_->keeping_changed();
    }
}

void Keeper::repair(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    const auto done = make_snapshot(true);
    lock.lock();
    if (!done) {
        failed(done.error());
        return;
    }
    failing_ = false;
    health_.failing = false;
    retry_after_us_ = 0;
    lock.unlock();
    owner_->keeping_changed();
    lock.lock();
}

}  // namespace flyball
