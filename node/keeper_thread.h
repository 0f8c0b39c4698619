#pragma once
// Gives a keeper its turns, on a thread of its own: when one is due and when one is wanted. Owned
// by the node, which outlives it.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "node/keeper.h"
#include "node/service/keeper_pulse.h"

namespace flyball {

// Who takes a keeper's turns.
class KeeperPace {
public:
    virtual ~KeeperPace() = default;
    // A turn is wanted. Any thread; does not wait.
    virtual void wake() noexcept = 0;
    // As wake(); returns when a turn has ended, one that was under way perhaps, or the time is
    // over.
    virtual void await_turn(Span timeout) = 0;
    // Takes the last turns and Keeper::finish(); none after that. Not from a turn.
    virtual void stop() = 0;
};

class KeeperThread final : public KeeperPace {
public:
    // `pulse`, if any, outlives it: whether the thread gets on.
    explicit KeeperThread(Keeper& keeper, KeeperPulse* pulse = nullptr);
    ~KeeperThread() override;
    KeeperThread(const KeeperThread&) = delete;
    KeeperThread& operator=(const KeeperThread&) = delete;

    void wake() noexcept override;
    void await_turn(Span timeout) override;
    void stop() override;

private:
    void run();

    Keeper& keeper_;
    KeeperPulse* pulse_;
    std::mutex lock_;
    std::condition_variable wake_, turned_;
    std::uint64_t turns_ = 0;
    bool wanted_ = true;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace flyball
