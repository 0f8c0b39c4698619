#include "node/keeper_thread.h"

#include <algorithm>
#include <chrono>

#include "node/clock.h"

namespace flyball {

namespace {

// The monotonic clock of a suspended machine stands still: nobody waits longer than this at once.
constexpr std::int64_t longest_wait_us = 60'000'000;

}  // namespace

KeeperThread::KeeperThread(Keeper& keeper, KeeperPulse* pulse)
    : keeper_(keeper), pulse_(pulse), thread_([this] { run(); }) {}

KeeperThread::~KeeperThread() {
    stop();
}

void KeeperThread::wake() noexcept {
    {
        const std::lock_guard lock(lock_);
        wanted_ = true;
    }
    wake_.notify_one();
}

void KeeperThread::await_turn(Span timeout) {
    std::unique_lock lock(lock_);
    wanted_ = true;
    wake_.notify_one();
    turned_.wait_for(lock, timeout, [this, before = turns_] { return turns_ != before; });
}

void KeeperThread::stop() {
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

void KeeperThread::run() {
    std::unique_lock lock(lock_);
    while (!stopping_) {
        wanted_ = false;
        lock.unlock();
        if (pulse_ != nullptr) {
            pulse_->works(monotonic_us());
        }
        const std::int64_t next_us = keeper_.turn();
        lock.lock();
        ++turns_;
        turned_.notify_all();
        const std::int64_t now_us = monotonic_us();
        const std::int64_t pause_us =
            std::clamp<std::int64_t>(next_us - now_us, 0, longest_wait_us);
        if (pulse_ != nullptr) {
            pulse_->rests_until(now_us + pause_us);
        }
        wake_.wait_for(lock, std::chrono::microseconds(pause_us),
                       [this] { return wanted_ || stopping_; });
    }
    lock.unlock();
    keeper_.finish();
}

}  // namespace flyball
