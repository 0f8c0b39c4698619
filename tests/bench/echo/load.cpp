#include "tests/bench/echo/load.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

namespace flyball::bench {
namespace {

constexpr int patience_us = 2'000'000;  // a reply that takes longer counts as none

// What travels as Correlation Data and comes back untouched.
struct Stamp {
    std::int64_t intended_ns;
    std::uint32_t run;
    std::uint32_t reserved;
};

}  // namespace

double LoadResult::per_second() const {
    return seconds > 0 ? static_cast<double>(latencies_us.size()) / seconds : 0;
}

double LoadResult::percentile(double fraction) const {
    if (latencies_us.empty()) {
        return 0;
    }
    std::vector<double> sorted = latencies_us;
    const auto at = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
    return sorted[static_cast<std::size_t>(at)];
}

Load::Load(std::uint16_t port, Target target)
    : client_(port, "load-" + std::to_string(::getpid())), target_(std::move(target)) {
    client_.subscribe("bench/reply/load", 1);
}

void Load::ask(Clock::time_point intended, int qos) {
    const Stamp stamp{intended.time_since_epoch().count(), run_, 0};
    char bytes[sizeof stamp];
    std::memcpy(bytes, &stamp, sizeof stamp);
    if (target_.renew) {
        target_.renew(target_.payload);
    }
    client_.queue({target_.topic, target_.payload, "bench/reply/load",
                   std::string_view(bytes, sizeof bytes), qos});
    ++waiting_;
}

bool Load::answer(LoadResult& result, int timeout_us) {
    const auto delivery = client_.next(timeout_us);
    if (!delivery) {
        return false;
    }
    Stamp stamp{};
    if (delivery->correlation.size() == sizeof stamp) {
        std::memcpy(&stamp, delivery->correlation.data(), sizeof stamp);
    }
    if (stamp.run == run_ && waiting_ > 0) {
        --waiting_;
        if (!is_granted(delivery->payload)) {
            ++result.wrong;
        }
        const auto gone = Clock::now().time_since_epoch().count() - stamp.intended_ns;
        result.latencies_us.push_back(static_cast<double>(gone) / 1000.0);
    }
    return true;
}

bool Load::is_granted(std::string_view reply) {
    constexpr std::size_t counted_one_of = 16;  // the one who asks has a core to share with them
    std::size_t wanted = answers_++ % counted_one_of == 0 ? target_.entries : 1;
    for (std::size_t at = 0; wanted > 0; --wanted) {
        at = reply.find(target_.granted, at);
        if (at == reply.npos) {
            return false;
        }
        at += target_.granted.size();
    }
    return true;
}

void Load::drain(LoadResult& result) {
    client_.flush();
    while (waiting_ > 0 && answer(result, patience_us)) {
        client_.flush();  // acknowledgements
    }
    waiting_ = 0;
}

bool Load::wait_until_ready(std::chrono::seconds patience) {
    const auto deadline = Clock::now() + patience;
    while (Clock::now() < deadline) {
        ++run_;
        waiting_ = 0;
        LoadResult result;
        ask(Clock::now(), 0);
        client_.flush();
        if (answer(result, 100'000) && waiting_ == 0) {
            return true;
        }
    }
    return false;
}

std::optional<Load::Clock::time_point> Load::first_answer(std::chrono::seconds patience) {
    ++run_;
    waiting_ = 0;
    LoadResult result;
    for (const auto deadline = Clock::now() + patience; Clock::now() < deadline;) {
        ask(Clock::now(), 0);
        client_.flush();
        if (answer(result, 1000) && !result.latencies_us.empty()) {
            return Clock::now();
        }
    }
    return std::nullopt;
}

LoadResult Load::closed(std::size_t in_flight, int qos, std::chrono::milliseconds length) {
    ++run_;
    LoadResult result;
    const auto start = Clock::now();
    for (std::size_t i = 0; i < in_flight; ++i, ++result.sent) {
        ask(start, qos);
    }
    client_.flush();
    while (Clock::now() - start < length) {
        if (!answer(result, patience_us)) {
            break;
        }
        ask(Clock::now(), qos);
        ++result.sent;
        if (!client_.buffered()) {
            client_.flush();
        }
    }
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const auto in_time = result.latencies_us.size();
    LoadResult late;
    drain(late);
    result.late = late.latencies_us.size();
    result.wrong += late.wrong;
    // What came after the end was answered, but belongs to no second of the run.
    result.sent = in_time + (result.sent - in_time - result.late);
    return result;
}

LoadResult Load::open(double per_second, std::chrono::milliseconds length) {
    ++run_;
    LoadResult result;
    const auto gap = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / per_second));
    const auto start = Clock::now();
    for (auto due = start; due - start < length; due += gap) {
        while (Clock::now() < due) {
            const auto left =
                std::chrono::duration_cast<std::chrono::microseconds>(due - Clock::now()).count();
            answer(result, static_cast<int>(std::max<std::int64_t>(left, 0)));
        }
        ask(due, 0);
        ++result.sent;
        client_.flush();
    }
    drain(result);
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
}

LoadResult Load::after_silence(std::chrono::milliseconds silence, int times) {
    LoadResult result;
    for (int i = 0; i < times; ++i) {
        ++run_;
        std::this_thread::sleep_for(silence);
        ask(Clock::now(), 0);
        ++result.sent;
        drain(result);
    }
    return result;
}

}  // namespace flyball::bench
