#include "fleet/run/chaos.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr std::array<std::string_view, 4> names{"kill", "broker", "pause", "cut"};
constexpr int count_max = 1000;  // a millisecond apart would be no fleet any more

Error wrong(std::string_view text) {
    return {ErrorCode::usage,
            fmt::format("chaos: '{}' is not like kill=1/10s; kinds are kill, broker, pause and cut",
                        text)};
}

Result<ChaosRate> parse_rate(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::size_t slash = text.find('/');
    if (equals == std::string_view::npos || slash == std::string_view::npos || slash < equals) {
        return wrong(text);
    }
    const auto name = std::find(names.begin(), names.end(), text.substr(0, equals));
    const auto every = parse_duration(text.substr(slash + 1));
    ChaosRate rate;
    const std::string_view digits = text.substr(equals + 1, slash - equals - 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), rate.count);
    const bool counts = read.ec == std::errc{} && read.ptr == digits.data() + digits.size() &&
                        rate.count > 0 && rate.count <= count_max;
    if (name == names.end() || !every || every->months != 0 || every->ms < 100 || !counts) {
        return wrong(text);
    }
    rate.kind = static_cast<ChaosKind>(name - names.begin());
    rate.every = Span(every->ms);
    return rate;
}

}  // namespace

std::string_view to_text(ChaosKind kind) {
    return names[static_cast<std::size_t>(kind)];
}

Result<std::vector<ChaosRate>> parse_chaos(std::string_view text) {
    std::vector<ChaosRate> rates;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        auto rate = parse_rate(text.substr(0, comma));
        if (!rate) {
            return rate.error();
        }
        rates.push_back(*rate);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return rates;
}

std::string chaos_text(const std::vector<ChaosRate>& rates) {
    std::string text;
    for (const ChaosRate& rate : rates) {
        text += fmt::format("{}{}={}/{}ms", text.empty() ? "" : ",", to_text(rate.kind), rate.count,
                            rate.every.count());
    }
    return text;
}

Chaos::Chaos(const std::vector<ChaosRate>& rates, std::uint64_t seed) {
    for (const ChaosRate& rate : rates) {
        // A stream of its own for each kind: another kind in the plan moves none of its faults.
        Timer timer{rate.kind, rate.every / rate.count, {}, {}};
        timer.every = std::max(timer.every, Span(1));
        timer.random.seed(seed * 31 + static_cast<std::uint64_t>(rate.kind));
        schedule(timer, Span(0));
        timers_.push_back(timer);
    }
}

// Once in each window, anywhere within it: a rate that is kept, at times nobody can get used to.
void Chaos::schedule(Timer& timer, Span window_start) {
    const auto every = static_cast<std::uint64_t>(timer.every.count());
    timer.due = window_start + Span(static_cast<std::int64_t>(timer.random() % every));
}

std::vector<ChaosFault> Chaos::due(Span since_start) {
    std::vector<ChaosFault> faults;
    for (Timer& timer : timers_) {
        while (timer.due <= since_start) {
            faults.push_back({timer.kind, timer.random()});
            const Span window = timer.due - timer.due % timer.every;
            schedule(timer, window + timer.every);
        }
    }
    return faults;
}

std::optional<Span> Chaos::next() const {
    const auto first = std::ranges::min_element(timers_, {}, &Timer::due);
    return first == timers_.end() ? std::nullopt : std::optional(first->due);
}

}  // namespace flyball
