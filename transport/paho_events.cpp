#include "transport/paho_events.h"

#include <algorithm>
#include <utility>

namespace flyball {
namespace {

// In Outbound's state; in a message's context, which may have 32 bits, session and units.
constexpr unsigned session_shift = 48;
constexpr unsigned count_shift = 32;
constexpr unsigned context_shift = 16;
constexpr std::uint64_t half_mask = 0xffffU;
constexpr std::uint64_t units_mask = 0xffff'ffffU;
constexpr std::size_t unit_bytes = 256;  // the least that a message counts, for what keeps it

constexpr std::uint64_t session_of(std::uint64_t state) {
    return state >> session_shift;
}

constexpr std::uint64_t count_of(std::uint64_t state) {
    return (state >> count_shift) & half_mask;
}

constexpr std::uint64_t bytes_of(std::uint64_t state) {
    return (state & units_mask) * unit_bytes;
}

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

std::optional<void*> Outbound::enter(std::size_t bytes) {
    const std::uint64_t units = std::min<std::uint64_t>(bytes / unit_bytes + 1, half_mask);
    const std::uint64_t one = (std::uint64_t{1} << count_shift) + units;
    std::uint64_t seen = state_.load(std::memory_order_relaxed);
    do {
        // What finds room may be as large as it likes.
        const bool is_too_much =
            !has_room(seen) && bytes_of(seen) + units * unit_bytes > limits_.bytes_max;
        if (count_of(seen) >= limits_.messages_max || is_too_much) {
            return std::nullopt;
        }
    } while (!state_.compare_exchange_weak(seen, seen + one));
    return context_of(static_cast<std::uintptr_t>((session_of(seen) << context_shift) | units));
}

void Outbound::leave(void* context) {
    const auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(context));
    const std::uint64_t one = (std::uint64_t{1} << count_shift) + (number & half_mask);
    std::uint64_t seen = state_.load(std::memory_order_relaxed);
    do {
        if (session_of(seen) != number >> context_shift || count_of(seen) == 0) {
            return;
        }
    } while (!state_.compare_exchange_weak(seen, seen - one));
    if (!has_room(seen) && has_room(seen - one)) {
        on_room_();
    }
    if (count_of(seen) == 1 && waiters_.load() > 0) {
        const std::scoped_lock lock(mutex_);
        empty_.notify_all();
    }
}

void Outbound::new_session() {
    const bool had_room = has_room();
    const std::uint64_t session = (session_of(state_.load()) + 1) & half_mask;
    state_.store(session << session_shift);
    if (!had_room) {
        on_room_();
    }
    const std::scoped_lock lock(mutex_);
    empty_.notify_all();
}

bool Outbound::has_room(std::uint64_t state) const {
    return bytes_of(state) < limits_.bytes_max / 4;
}

bool Outbound::wait_empty(std::chrono::steady_clock::time_point deadline) {
    waiters_.fetch_add(1);
    const std::uint64_t session = session_of(state_.load());
    std::unique_lock lock(mutex_);
    const bool ended = empty_.wait_until(lock, deadline, [&] {
        const std::uint64_t now = state_.load();
        return count_of(now) == 0 || session_of(now) != session;
    });
    waiters_.fetch_sub(1);
    return ended && session_of(state_.load()) == session;
}

void Outbound::on_success(const mqtt::token& token) noexcept {
    leave(token.get_user_context());
}

void Outbound::on_failure(const mqtt::token& token) noexcept {
    // MQTT 5, section 2.4: all above are failures with a name. Paho gives this one itself to what a
    // lost connection takes along.
    constexpr int unspecified = 0x80;
    if (static_cast<int>(token.get_reason_code()) > unspecified) {
        refused_.fetch_add(1, std::memory_order_relaxed);
    }
    leave(token.get_user_context());
}

}  // namespace flyball
