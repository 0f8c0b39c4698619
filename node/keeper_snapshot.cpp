// The half of Keeper that makes snapshots.

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

}  // namespace

Result<void> Keeper::make_snapshot(bool anew) {
    snapshot_at_us_ = monotonic_us();
    // Without a journal all pieces have to be of one moment; after a failure there is none.
    const bool whole = anew || options_.durability == Durability::none;
    auto done = whole ? write_whole(anew) : write_slices();
    if (!done) {
        store_.abandon_snapshot();
        return done;
    }
    const std::lock_guard lock(lock_);
    ++health_.snapshots;
    health_.sizes = store_.sizes();
    health_.last_error.clear();
    return done;
}

void Keeper::take_node_piece(Engine& engine, SnapshotPiece& piece) {
    piece.through_record = newest_;
    StateStore::make_node_piece(engine, owner_->node_change(), owner_->kept_events(), piece);
    const std::lock_guard lock(lock_);
    health_.snapshot_at = owner_->node_change().at;
}

Result<void> Keeper::write_whole(bool anew) {
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
        return done;
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
Result<void> Keeper::write_slices() {
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
            store_.abandon_snapshot();
            const std::lock_guard lock(lock_);
            snapshot_wanted_ = true;
            return {};
        }
        done = store_.add_to_snapshot(piece);
        write_between_slices();
    }
    return done ? put_in_force(through, false) : done;
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

Result<void> Keeper::put_in_force(std::uint64_t through, bool anew) {
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
        return done;
    }
    chains_saved();
    if (!anew) {
        return {};
    }
    if (auto begun = store_.begin_anew(through + 1); !begun) {
        return begun;
    }
    durable_.store(std::max(durable(), through), std::memory_order_release);
    return {};
}

}  // namespace flyball
