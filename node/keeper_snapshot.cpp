// The half of Keeper that makes snapshots.

#include <algorithm>

#include "node/clock.h"
#include "node/keeper.h"

namespace flyball {

namespace {

// `again`: it takes the place of the newest; `anew`: a new journal begins behind it.
void save_chain(Governor& governor, bool again, bool anew) {
    if (ChainKept* const kept = governor.chain_kept()) {
        using Snapshot = ChainKept::Snapshot;
        kept->save(anew    ? Snapshot::anew
                   : again ? Snapshot::again
                           : Snapshot::another,
                   governor.rules().head()->seq);
    }
}

constexpr std::int64_t second_us = 1'000'000;
// After a snapshot that was too large: the next one will mostly be, too.
constexpr std::int64_t first_pause_us = 60 * second_us;
constexpr std::int64_t longest_pause_us = 3600 * second_us;
constexpr std::size_t tries_max = 4;

}  // namespace

void Keeper::snapshot(Lock& lock) {
    forced_ = !snapshot_wanted_ && store_.snapshot_due() == StateStore::Due::no_room;
    snapshot_wanted_ = false;
    snapshot_newest_ = newest_;
    leave_behind(lock);
    if (failing_) {
        return;
    }
    lock.unlock();
    auto made = make_snapshot(false);
    for (std::size_t tries = 1; tries < tries_max && made && *made == Made::again; ++tries) {
        made = make_snapshot(false);
    }
    lock.lock();
    if (made) {
        snapshot_wanted_ = snapshot_wanted_ || *made == Made::again;
    } else if (made.error().code == ErrorCode::usage) {
        too_large(made.error());
    } else {
        failed(made.error());
    }
}

// Its journal is as good as before, and goes on while there is room for it.
void Keeper::too_large(const Error& error) {
    snapshot_pause_us_ = snapshot_pause_us_ == 0
                             ? first_pause_us
                             : std::min(2 * snapshot_pause_us_, longest_pause_us);
    snapshot_not_before_us_ = monotonic_us() + snapshot_pause_us_;
    cramped_ = true;
    health_.cramped = true;
    health_.last_error = error.message;
    ++health_.errors;
    ++health_.snapshots_too_large;
    warning_ = "no snapshot, the journal goes on: " + error.message;
    warns_ = true;
    owner_->keeping_changed();
}

// What was written up to here may name who was forgotten since: the segments it is in go with the
// next two snapshots, and are not used again.
void Keeper::leave_behind(Lock& lock) {
    if (store_.journal_failed() || !forgets_.exchange(false)) {
        return;
    }
    if (!all_synced()) {
        write_waiting(lock, true);
    }
    if (failing_) {
        return;
    }
    lock.unlock();
    const auto done = store_.leave_behind();
    lock.lock();
    if (!done) {
        failed(done.error());
    }
}

Result<Keeper::Made> Keeper::make_snapshot(bool anew) {
    snapshot_at_us_ = monotonic_us();
    // Without a journal all pieces have to be of one moment; after a failure there is none.
    const bool whole = anew || options_.durability == Durability::none;
    auto made = whole ? write_whole(anew) : write_slices();
    if (!made || *made == Made::again) {
        store_.abandon_snapshot();
        return made;
    }
    const std::lock_guard lock(lock_);
    ++health_.snapshots;
    health_.snapshot_at = taken_at_;
    health_.sizes = store_.sizes();
    health_.last_error.clear();
    health_.cramped = false;
    cramped_ = false;
    snapshot_pause_us_ = 0;
    snapshot_not_before_us_ = 0;
    return made;
}

void Keeper::take_node_piece(Engine& engine, SnapshotPiece& piece) {
    piece.through_record = newest_;
    StateStore::make_node_piece(engine, owner_->node_change(), owner_->kept_events(), piece);
    taken_at_ = owner_->node_change().at;
}

// The engine is held for all of it. An admit changes several governors in one record: pieces of
// different moments become one state by the records between them, which are on disk before a
// snapshot of slices is in force. Here there are none: without a journal they are never written,
// and one that begins anew can only do so once the snapshot is in force.
Result<Keeper::Made> Keeper::write_whole(bool anew) {
    std::vector<SnapshotPiece> pieces(1);
    std::uint64_t gaps = 0;
    owner_->with_engine([&](Engine& engine) {
        take_node_piece(engine, pieces.front());
        const std::uint64_t through = pieces.front().through_record;
        engine.registry().each_any([&](const GovernorChange& standing, Governor* governor) {
            if (governor != nullptr) {
                save_chain(*governor, through == store_.newest_snapshot(), anew);
                pieces.emplace_back().through_record = through;
                StateStore::make_governor_piece(standing, *governor, pieces.back());
            }
        });
        const std::lock_guard lock(lock_);
        if (anew) {  // the snapshot has it; what comes now goes behind it
            waiting_.clear();
            waiting_bytes_ = 0;
            written_ = 0;
            collects_ = true;
        }
        gaps = gaps_;
    });
    auto done = store_.begin_snapshot(pieces.front());
    for (std::size_t at = 1; done && at < pieces.size(); ++at) {
        done = store_.add_to_snapshot(pieces[at]);
    }
    if (!done) {
        return done.error();
    }
    if (anew) {
        const std::lock_guard lock(lock_);
        if (gaps != gaps_) {
            return Error{ErrorCode::unavailable, "the disk is too slow for what there is to keep"};
        }
    }
    return put_in_force(pieces.front().through_record, anew);
}

// Governor by governor between decisions, so that nobody waits for all of them.
Result<Keeper::Made> Keeper::write_slices() {
    std::vector<std::string> titles;
    SnapshotPiece piece;
    owner_->with_engine([&](Engine& engine) {
        take_node_piece(engine, piece);
        engine.registry().each_any([&](const GovernorChange& standing, Governor* governor) {
            if (governor != nullptr) {
                titles.emplace_back(standing.title);
            }
        });
    });
    const std::uint64_t through = piece.through_record;
    auto done = store_.begin_snapshot(piece);
    for (std::size_t at = 0; done && at < titles.size(); ++at) {
        bool there = false;
        owner_->with_engine([&](Engine& engine) {
            piece.through_record = newest_;
            there = engine.registry().show_any(
                titles[at], [&](const GovernorChange& standing, Governor* governor) {
                    save_chain(*governor, through == store_.newest_snapshot(), false);
                    StateStore::make_governor_piece(standing, *governor, piece);
                });
        });
        if (!there) {  // purged meanwhile: its records would have nobody to go to
            return Made::again;
        }
        done = store_.add_to_snapshot(piece);
        write_between_slices();
    }
    return done ? put_in_force(through, false) : Result<Made>(done.error());
}

void Keeper::chains_saved() {
    std::string moved;
    owner_->with_engine([&](Engine& engine) {
        engine.registry().each_any([&](const GovernorChange& standing, Governor* governor) {
            ChainKept* const kept = governor == nullptr ? nullptr : governor->chain_kept();
            if (kept != nullptr && kept->saved() && moved.empty()) {
                moved.assign(standing.title).append(" are kept from ");
                moved.append(std::to_string(kept->first_seq())).append(" on");
            }
        });
    });
    if (forced_ && !moved.empty()) {
        warn("state.max_bytes forces older audit records out: those of " + moved);
    }
}

// So that replies wait for a governor's piece at most, not for the whole.
void Keeper::write_between_slices() {
    Lock lock(lock_);
    if (const std::int64_t now_us = monotonic_us(); time_to_write(now_us)) {
        write_waiting(lock, time_to_sync(now_us));
    }
}

Result<Keeper::Made> Keeper::put_in_force(std::uint64_t through, bool anew) {
    if (!anew) {
        Lock lock(lock_);
        if (!failing_ && !all_synced()) {
            write_waiting(lock, true);
        }
        if (failing_) {
            return Error{ErrorCode::unavailable, health_.last_error};
        }
    }
    if (auto done = store_.finish_snapshot(); !done) {
        return done.error();
    }
    chains_saved();
    if (!anew) {
        return Made::in_force;
    }
    if (auto begun = store_.begin_anew(through + 1); !begun) {
        return begun.error();
    }
    durable_.store(std::max(durable(), through), std::memory_order_release);
    return Made::in_force;
}

}  // namespace flyball
