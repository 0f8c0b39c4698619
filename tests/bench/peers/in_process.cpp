// Flyball inside another program (libflyball), beside the BEAM baseline: the same question from
// msgpack bytes to msgpack bytes on one thread, no MQTT. It measures itself and prints lines that
// bench_peers reads.
//
//   bench_in_process load LIMIT WINDOW_MS CHECKED CHECKED_LIMIT IN_FLIGHT MS
//   bench_in_process memory LIMIT WINDOW_MS CHECKED CHECKED_LIMIT

#include <fmt/core.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "node/local_node.h"
#include "tests/bench/echo/load.h"
#include "tests/bench/peers/process.h"
#include "tests/bench/peers/question.h"

namespace {

using Clock = std::chrono::steady_clock;
using flyball::LocalNode;
using flyball::bench::Answer;
using flyball::bench::LoadResult;
using flyball::bench::QuotaRule;
using flyball::bench::write_question;

LocalNode::Time wall_now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
}

void figure(std::string_view key, double value) {
    fmt::print("figure {} {:.6f}\n", key, value);
}

void say(const char* word) {
    fmt::print("{}\n", word);
    std::fflush(stdout);
}

void add_governor(LocalNode& node, const std::string& title, const QuotaRule& rule) {
    const auto wrong =
        node.add_governor(title,
                          fmt::format(R"({{"resources":{{"api_calls":{{"limit":{},"window":"{}ms",)"
                                      R"("algorithm":"bucket"}}}}}})",
                                      rule.limit, rule.window_ms),
                          wall_now());
    if (wrong) {
        throw std::runtime_error(*wrong);
    }
}

class Governed {
public:
    explicit Governed(const QuotaRule& rule) { add_governor(node_, "quota/main", rule); }

    void ask() {
        questions_.next(payload_);
        const auto reply = node_.decide_bytes("quota/main/request", payload_, wall_now());
        if (reply.find("allow") == std::string_view::npos) {
            throw std::runtime_error("a question was not allowed");
        }
    }
    void check(const QuotaRule& rule) {
        node_.decide_bytes("quota/main/admin",
                           fmt::format(R"({{"tenant":"{}","op":"set_limit","limit":{}}})",
                                       rule.checked_tenant, rule.checked_limit),
                           wall_now());
        for (std::int64_t id = 1; id <= rule.checked_limit + 1; ++id) {
            write_question(payload_, rule.checked_tenant, static_cast<std::uint32_t>(id));
            const Answer answer = flyball::bench::read_answer(
                node_.decide_bytes("quota/main/request", payload_, wall_now()));
            if (answer.decision != (id <= rule.checked_limit ? "allow" : "deny")) {
                throw std::runtime_error("the limit is not kept");
            }
        }
    }

private:
    LocalNode node_;
    flyball::bench::Questions questions_;
    std::string payload_;
};

void percentiles(const std::string& name, const LoadResult& result) {
    figure(name + "_p50_us", result.percentile(0.5));
    figure(name + "_p99_us", result.percentile(0.99));
    figure(name + "_p999_us", result.percentile(0.999));
}

double microseconds(Clock::duration span) {
    return std::chrono::duration<double, std::micro>(span).count();
}

// Room for what is kept of a run: a vector that grows would stall what is measured.
LoadResult with_room(std::chrono::milliseconds length) {
    constexpr std::size_t a_millisecond = 4000;
    LoadResult result;
    result.latencies_us.reserve(static_cast<std::size_t>(length.count()) * a_millisecond);
    return result;
}

LoadResult one_in_flight(Governed& governed, std::chrono::milliseconds length) {
    LoadResult result = with_room(length);
    const auto end = Clock::now() + length;
    for (auto start = Clock::now(); start < end; start = Clock::now()) {
        governed.ask();
        result.latencies_us.push_back(microseconds(Clock::now() - start));
    }
    return result;
}

double cpu_us() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto us = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return us(usage.ru_utime) + us(usage.ru_stime);
}

// Decisions a second: one thread, the next question as soon as the last is answered.
double saturated(Governed& governed, std::chrono::milliseconds length) {
    const double cpu_before = cpu_us();
    const auto start = Clock::now();
    double asked = 0;
    while (Clock::now() - start < length) {
        for (int i = 0; i < 64; ++i, ++asked) {
            governed.ask();
        }
    }
    const double seconds = microseconds(Clock::now() - start) / 1e6;
    const double cpu = (cpu_us() - cpu_before) / asked;
    figure("cpu_us", cpu);
    figure("both_cpu_us", cpu);
    return asked / seconds;
}

LoadResult open(Governed& governed, double per_second, std::chrono::milliseconds length) {
    LoadResult result = with_room(length);
    const auto start = Clock::now();
    const double gap_ns = 1e9 / per_second;
    for (double sent = 0;; ++sent) {
        const auto due = start + std::chrono::nanoseconds(static_cast<std::int64_t>(gap_ns * sent));
        if (due - start >= length) {
            return result;
        }
        while (Clock::now() < due) {
        }
        governed.ask();
        result.latencies_us.push_back(microseconds(Clock::now() - due));
    }
}

void load(const QuotaRule& rule, std::chrono::milliseconds length) {
    Governed governed(rule);
    governed.ask();
    say("ready");
    governed.check(rule);
    saturated(governed, length);  // warm
    const double per_second = saturated(governed, length);
    figure("per_second", per_second);
    figure("half_per_second", per_second / 2);
    // Before latencies are kept: those are no part of a governor.
    const flyball::bench::Memory memory = flyball::bench::memory_of(::getpid());
    figure("rss_mb", memory.rss_mb);
    figure("pss_mb", memory.pss_mb);
    percentiles("one", one_in_flight(governed, length));
    percentiles("half", open(governed, per_second / 2, length));
    say("done");
}

std::size_t heap_bytes() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// Bytes of a governor of a thousand, after each of so many tenants has asked once.
double bytes_of_a_governor(const QuotaRule& rule, std::size_t tenants) {
    constexpr std::size_t count = 1000;
    LocalNode node;
    flyball::bench::Questions questions;
    std::string payload;
    const std::size_t before = heap_bytes();
    for (std::size_t i = 0; i < count; ++i) {
        const std::string title = fmt::format("quota/g{}", i);
        add_governor(node, title, rule);
        for (std::size_t tenant = 0; tenant < tenants; ++tenant) {
            questions.next(payload);
            node.decide_bytes(title + "/request", payload, wall_now());
        }
    }
    return static_cast<double>(heap_bytes() - before) / count;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv, argv + argc);
    if (words.size() != (words.size() > 1 && words[1] == "load" ? 8U : 6U)) {
        return 64;
    }
    const QuotaRule rule{std::stoll(words[2]), std::stoll(words[3]), words[4],
                         std::stoll(words[5])};
    try {
        if (words[1] == "load") {
            load(rule, std::chrono::milliseconds(std::stoll(words[7])));
        } else {
            figure("governor_bytes", bytes_of_a_governor(rule, 0));
            figure("governor_with_tenants_bytes",
                   bytes_of_a_governor(rule, flyball::bench::Questions::tenant_count));
            say("done");
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "in process: {}\n", error.what());
        return 1;
    }
    return 0;
}
