#pragma once
// Faults on a schedule: which kind, when, and of all that could be hit, which one. The same seed
// gives the same faults at the same times. Pure: it is told the time. One thread.

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "schemas/result.h"
#include "schemas/time.h"

namespace flyball {

enum class ChaosKind : std::uint8_t {
    kill,    // a node, kill -9
    broker,  // a broker, kill -9
    pause,   // a node, SIGSTOP for pause_span
    cut,     // the line between a region's broker and the hub, for cut_span
};
std::string_view to_text(ChaosKind kind);

inline constexpr Span pause_span{10'000};
inline constexpr Span cut_span{10'000};

struct ChaosRate {
    ChaosKind kind = ChaosKind::kill;
    int count = 1;
    Span every{10'000};
};

// "kill=1/10s,broker=1/30s"; usage when it is not of this form.
Result<std::vector<ChaosRate>> parse_chaos(std::string_view text);
std::string chaos_text(const std::vector<ChaosRate>& rates);

struct ChaosFault {
    ChaosKind kind = ChaosKind::kill;
    std::uint64_t pick = 0;  // modulo the number of those that can be hit
};

class Chaos {
public:
    Chaos(const std::vector<ChaosRate>& rates, std::uint64_t seed);
    // What is due `since_start` after the load began, each once.
    std::vector<ChaosFault> due(Span since_start);
    // When the next is due; nothing when there is no chaos at all.
    std::optional<Span> next() const;

private:
    struct Timer {
        ChaosKind kind;
        Span every;
        Span due;
        std::mt19937_64 random;
    };
    void schedule(Timer& timer, Span window_start);
    std::vector<Timer> timers_;
};

}  // namespace flyball
