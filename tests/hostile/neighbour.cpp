#include "tests/hostile/neighbour.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "transport/paho.h"

namespace flyball::testing {

namespace {

const std::string replies = "flyball/v1/reply/test/neighbour";
constexpr Span answer_wait{20'000};

std::size_t entries(const std::string& folder) {
    std::error_code gone;
    std::size_t count = 0;
    for (auto at = std::filesystem::directory_iterator(folder, gone);
         !gone && at != std::filesystem::directory_iterator(); at.increment(gone)) {
        ++count;
    }
    return count;
}

}  // namespace

ProcessUse use_of(pid_t pid) {
    const std::string folder = fmt::format("/proc/{}", pid);
    ProcessUse use{.descriptors = entries(folder + "/fd"), .threads = entries(folder + "/task")};
    std::ifstream status(folder + "/status");
    for (std::string word; status >> word;) {
        if (word == "VmRSS:" || word == "RssAnon:") {
            std::int64_t& bytes = word == "VmRSS:" ? use.rss_bytes : use.anonymous_bytes;
            status >> bytes;
            bytes *= 1024;
        }
    }
    return use;
}

::testing::AssertionResult comes_back_to(const ProcessUse& before, pid_t pid) {
    ProcessUse now;
    const bool is_back = eventually([&] {
        now = use_of(pid);
        return now.descriptors <= before.descriptors && now.threads <= before.threads;
    });
    return (is_back ? ::testing::AssertionSuccess() : ::testing::AssertionFailure())
           << now.descriptors << " descriptors and " << now.threads << " threads, before "
           << before.descriptors << " and " << before.threads;
}

double Latencies::at(double part) const {
    if (ms.empty()) {
        return 0;
    }
    return ms[static_cast<std::size_t>(part * static_cast<double>(ms.size() - 1))];
}

Neighbour::Health::Health() {
    answer = [this](const Message& message) {
        const auto now = Clock::now();
        const std::scoped_lock lock(mutex);
        if (reports++ > 0) {
            longest_gap_ms = std::max(
                longest_gap_ms, std::chrono::duration<double, std::milli>(now - last_at).count());
        }
        last_at = now;
        last.assign(message.payload);
    };
}

Neighbour::Neighbour(const std::string& broker, const std::string& root)
    : topic_(root + "/quota/own/request"), client_(broker, {replies}) {
    PahoOptions options;
    options.broker = broker;
    options.client_id = "health-watch";
    options.filters = {root + "/health"};
    options.tick_topic = "tick/health-watch";
    health_link_ = std::move(make_paho(std::move(options))).value();
    health_link_->start(health_);
    EXPECT_TRUE(eventually([this] { return health_link_->link() == LinkState::up; }, answer_wait));
}

Latencies Neighbour::ask(std::size_t times) {
    Latencies all;
    for (std::size_t i = 0; i < times; ++i) {
        const auto before = Clock::now();
        const auto reply = client_.ask({.topic = topic_,
                                        .payload = R"({"tenant":"quiet"})",
                                        .response_topic = replies,
                                        .has_response_topic = true},
                                       answer_wait);
        all.ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
        EXPECT_NE(reply.payload.find(R"("decision":"allow")"), std::string::npos) << reply.payload;
    }
    std::sort(all.ms.begin(), all.ms.end());
    return all;
}

std::size_t Neighbour::reports() const {
    const std::scoped_lock lock(health_.mutex);
    return health_.reports;
}

double Neighbour::longest_gap_ms() const {
    const std::scoped_lock lock(health_.mutex);
    const double since =
        health_.reports == 0
            ? 0
            : std::chrono::duration<double, std::milli>(Clock::now() - health_.last_at).count();
    return std::max(health_.longest_gap_ms, since);
}

std::string Neighbour::last_report() const {
    const std::scoped_lock lock(health_.mutex);
    return health_.last;
}

void Neighbour::forget_gaps() {
    const std::scoped_lock lock(health_.mutex);
    health_.longest_gap_ms = 0;
}

}  // namespace flyball::testing
