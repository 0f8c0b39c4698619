#pragma once
// Keeps what changes: takes changes from whoever owns the engine, writes and syncs them, makes
// snapshots, and gets a failing disk going again from memory. Its work is done in turns, which a
// thread takes (node/keeper_thread.h) or a simulation. Bounded by `waiting_bytes_max`, beyond which
// the disk counts as failing. The deciding side allocates nothing once its buffers have grown.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "node/keeper_health.h"
#include "node/keeper_owner.h"
#include "node/state_store.h"

namespace flyball {

class Keeper final : public ChangeSink {
public:
    static constexpr std::size_t waiting_bytes_max = std::size_t{16} << 20U;

    using Owner = KeeperOwner;
    using Options = KeeperOptions;
    Keeper(std::unique_ptr<Disk> disk, const Options& options);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    // Before start(), in this order.
    Result<StateIdentity> identify(const StateIdentity& fresh) {
        return StateStore::identify(*disk_, fresh);
    }
    Result<StateStore::Recovered> recover(Engine& engine, Recovery& recovery,
                                          const StateStore::Progress& progress = {});
    // Puts on disk what was noted so far: by a snapshot when the journal cannot go on from where
    // reading it ended, or would lead over what was never recorded; with health failing when that
    // is larger than max_bytes allows. `owner` outlives the keeper.
    Result<void> start(Owner& owner);
    // All that is due; one thread. When the next is due at the latest, monotonic microseconds.
    std::int64_t turn();
    // The end, after the last turn: everything on disk and a last snapshot.
    void finish();

    // From whoever owns the engine.
    void note(const Change& change) noexcept override;
    void note(const GovernorChange& change) noexcept override;
    void note(const EventChange& change) noexcept;
    void note(const NodeChange& change) noexcept { writer_.add(change); }
    void end_decision() noexcept override;
    bool accepts() const override { return !waits_ || !health_is_failing(); }
    bool shows() const override { return !waits_ || !health_is_failing() || newest_ <= durable(); }
    // The newest record. With `commit`, whether a reply that is decided now has to wait for it.
    std::uint64_t newest() const { return newest_; }
    bool replies_wait() const { return waits_ && newest_ > durable(); }
    // So much is to be written that what can wait should.
    bool lags() const;

    // Any thread.
    std::uint64_t durable() const { return durable_.load(std::memory_order_acquire); }
    bool health_is_failing() const { return failing_.load(std::memory_order_acquire); }
    bool is_cramped() const { return cramped_; }
    void want_snapshot();
    using Health = KeeperHealth;
    Health health() const;
    // What is to be logged and stops nothing; empty: nothing since the last call.
    std::string take_warning();
    // A damage that recovery found: in health until a snapshot succeeds.
    void remember_fault(std::string fault);

private:
    struct Group {
        ByteBuffer bytes;
        std::uint32_t count = 0;
        std::uint64_t last = 0;
    };
    using Lock = std::unique_lock<std::mutex>;

    bool time_to_write(std::int64_t now_us) const;
    bool time_for_snapshot(std::int64_t now_us) const;
    std::int64_t next_turn_us() const;
    bool time_to_sync(std::int64_t now_us) const;
    bool all_synced() const { return waiting_.empty() && written_ == 0; }
    std::size_t early_write_bytes() const { return 3 * group_bytes_; }
    void write_waiting(Lock& lock, bool syncs);
    Result<void> write_groups(const std::vector<Group>& groups, bool syncs);
    void reuse(std::vector<Group>& groups);
    void prepare(Lock& lock);
    void failed(const Error& error);
    void drop_waiting();
    void repair(Lock& lock);
    void snapshot(Lock& lock);
    Result<void> start_failing(const std::vector<Group>& first, const Error& too_large);
    Result<void> begin_with(const std::vector<Group>& first, bool beyond_share);
    void too_large(const Error& error);
    void leave_behind(Lock& lock);
    enum class Made : std::uint8_t { in_force, again };  // a governor went meanwhile: try once more
    Result<Made> make_snapshot(bool anew);
    Result<Made> write_whole(bool anew);
    Result<Made> write_slices();
    Result<Made> put_in_force(std::uint64_t through, bool anew);
    void take_node_piece(Engine& engine, SnapshotPiece& piece);
    void write_between_slices();
    void chains_saved();
    void warn(std::string warning);

    std::unique_ptr<Disk> disk_;
    Options options_;
    std::size_t group_bytes_;  // about what a group has before compression, at most
    StateStore store_;
    Owner* owner_ = nullptr;

    // The deciding side's.
    RecordWriter writer_;
    std::atomic<std::uint64_t> newest_{0};
    bool waits_;

    mutable std::mutex lock_;
    std::vector<Group> waiting_;  // to be written, oldest first
    std::size_t waiting_bytes_ = 0;
    // False: what changes is in memory only, until the next repair begins.
    bool collects_ = true;
    std::uint64_t gaps_ = 0;     // times that what waited had to be dropped
    std::vector<Group> idle_;    // buffers to be used again
    std::uint64_t written_ = 0;  // the newest record that is written and no sync is under way for
    // Monotonic microseconds.
    std::int64_t unsynced_since_us_ = 0;
    std::int64_t retry_at_us_ = 0;
    std::int64_t retry_after_us_ = 0;
    std::int64_t snapshot_at_us_ = 0;
    std::int64_t snapshot_not_before_us_ = 0;  // but for those who ask
    std::int64_t snapshot_pause_us_ = 0;
    bool snapshot_wanted_ = false;
    Health health_;
    std::string warning_;
    std::atomic<bool> warns_{false};

    // The turns'.
    std::uint64_t snapshot_newest_ = 0;  // the newest record when the last snapshot began
    bool forced_ = false;                // max_bytes asks for this snapshot
    Instant taken_at_{};                 // governor time of the one that is being made

    std::atomic<std::uint64_t> durable_{0};
    std::atomic<bool> failing_{false};
    std::atomic<bool> cramped_{false};
    std::atomic<bool> forgets_{false};  // since the last snapshot began
};

}  // namespace flyball
