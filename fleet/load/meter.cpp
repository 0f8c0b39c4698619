#include "fleet/load/meter.h"

#include <algorithm>

namespace flyball {

void Meter::restart() {
    const std::string region = figures_.region;
    const std::size_t devices = figures_.devices;
    *this = Meter(region);
    figures_.devices = devices;
}

void Meter::advance(std::int64_t us) {
    const auto second = static_cast<std::uint32_t>(std::max<std::int64_t>(us, 0) / 1'000'000);
    while (second_.second < second) {
        close();
    }
}

void Meter::close() {
    second_.p50_us = current_.percentile(0.5);
    second_.p99_us = current_.percentile(0.99);
    if (figures_.seconds.size() < seconds_max) {
        figures_.seconds.push_back(second_);
    } else {
        ++figures_.seconds_left_out;
    }
    last_[closed_++ % recent] = {current_, second_.counts.answered};
    current_.clear();
    second_ = {.second = second_.second + 1, .counts = {}, .p50_us = 0, .p99_us = 0};
}

void Meter::asked(std::uint64_t entries) {
    figures_.all.asked += entries;
    second_.counts.asked += entries;
}

void Meter::resolved(const LoadCounts& outcome, bool in_fault) {
    LoadCounts counted = outcome;
    counted.asked = 0;  // said when it was asked
    figures_.all.add(counted);
    second_.counts.add(counted);
    if (!in_fault) {
        figures_.calm.add(outcome);
    }
}

LiveRegion Meter::live() const {
    LiveRegion live{.region = figures_.region,
                    .devices = figures_.devices,
                    .all = figures_.all,
                    .calm = figures_.calm};
    const std::size_t seconds = std::min(closed_, recent);
    LoadHistogram sum;
    std::uint64_t answered = 0;
    for (std::size_t at = 0; at < seconds; ++at) {
        sum.add(last_[at].latency_us);
        answered += last_[at].answered;
    }
    live.per_second =
        seconds == 0 ? 0 : static_cast<double>(answered) / static_cast<double>(seconds);
    live.p50_us = sum.percentile(0.5);
    live.p99_us = sum.percentile(0.99);
    return live;
}

}  // namespace flyball
