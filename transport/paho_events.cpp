#include "transport/paho_events.h"

#include <utility>

namespace flyball {
namespace {

constexpr unsigned session_shift = 32;
constexpr std::uint64_t count_mask = 0xffff'ffffU;

void* context_of(std::uintptr_t number) {
    return reinterpret_cast<void*>(number);
}

}  // namespace

void* PahoEvents::begin(std::size_t calls) {
    const std::scoped_lock lock(mutex_);
    ++step_;
    calls_left_ = calls;
    failed_ = false;
    return context_of(step_);
}

PahoEvents::Step PahoEvents::await(void* step, Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return calls_left_ == 0 || loss_ || stopping_; });
    if (step == context_of(step_) && calls_left_ == 0) {
        return failed_ ? Step::failed : Step::succeeded;
    }
    if (stopping_) {
        return Step::stopped;
    }
    return loss_ ? Step::lost : Step::timed_out;
}

bool PahoEvents::await_finished(void* step, Deadline deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline,
                               [&] { return step == context_of(step_) && calls_left_ == 0; });
}

void PahoEvents::connected() {
    const std::scoped_lock lock(mutex_);
    loss_.reset();
    tls_error_.clear();
}

void PahoEvents::lost(std::string_view why, bool name_taken) {
    const std::scoped_lock lock(mutex_);
    if (!loss_) {  // the broker's DISCONNECT comes first and says more than the closed socket
        loss_ = Loss{std::string(why), name_taken};
        changed_.notify_all();
    }
}

void PahoEvents::tls_error(std::string_view text) {
    constexpr std::size_t longest = 512;  // OpenSSL's error queue may hold many lines
    const std::scoped_lock lock(mutex_);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    if (!text.empty() && tls_error_.size() + text.size() < longest) {
        tls_error_ += tls_error_.empty() ? "" : "; ";
        tls_error_ += text;
    }
}

std::string PahoEvents::take_tls_error() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(tls_error_, {});
}

std::optional<PahoEvents::Loss> PahoEvents::loss() const {
    const std::scoped_lock lock(mutex_);
    return loss_;
}

void PahoEvents::stop() {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
}

bool PahoEvents::stopping() const {
    const std::scoped_lock lock(mutex_);
    return stopping_;
}

bool PahoEvents::sleep_until(Deadline deadline, bool or_lost) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline,
                               [&] { return stopping_ || (or_lost && loss_.has_value()); });
}

void PahoEvents::finished(const mqtt::token& token, bool failed) noexcept {
    void* const step = token.get_user_context();
    const std::scoped_lock lock(mutex_);
    if (step == context_of(step_) && calls_left_ > 0) {
        failed_ = failed_ || failed;
        --calls_left_;
        changed_.notify_all();
    }
}

void PahoEvents::on_success(const mqtt::token& token) noexcept {
    finished(token, false);
}

void PahoEvents::on_failure(const mqtt::token& token) noexcept {
    finished(token, true);
}

std::optional<void*> Outbound::enter() {
    std::uint64_t seen = state_.load(std::memory_order_relaxed);
    do {
        if ((seen & count_mask) >= max_) {
            return std::nullopt;
        }
    } while (!state_.compare_exchange_weak(seen, seen + 1));
    return context_of(seen >> session_shift);
}

void Outbound::leave(void* context) {
    std::uint64_t seen = state_.load(std::memory_order_relaxed);
    do {
        if (context_of(seen >> session_shift) != context || (seen & count_mask) == 0) {
            return;
        }
    } while (!state_.compare_exchange_weak(seen, seen - 1));
    if ((seen & count_mask) == 1 && waiters_.load() > 0) {
        const std::scoped_lock lock(mutex_);
        empty_.notify_all();
    }
}

void Outbound::new_session() {
    const std::uint64_t session = (state_.load() >> session_shift) + 1;
    state_.store(session << session_shift);
    const std::scoped_lock lock(mutex_);
    empty_.notify_all();
}

bool Outbound::wait_empty(std::chrono::steady_clock::time_point deadline) {
    waiters_.fetch_add(1);
    const std::uint64_t session = state_.load() >> session_shift;
    std::unique_lock lock(mutex_);
    const bool ended = empty_.wait_until(lock, deadline, [&] {
        const std::uint64_t now = state_.load();
        return (now & count_mask) == 0 || (now >> session_shift) != session;
    });
    waiters_.fetch_sub(1);
    return ended && (state_.load() >> session_shift) == session;
}

void Outbound::on_success(const mqtt::token& token) noexcept {
    leave(token.get_user_context());
}

void Outbound::on_failure(const mqtt::token& token) noexcept {
    leave(token.get_user_context());
}

}  // namespace flyball
