#pragma once
// A node's totals that never fall: a report counts since the node started, so what an earlier life
// had counted is added. Bounded by what reports can name. Pure. One thread.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "fleet/view/health_facts.h"

namespace flyball {

class NodeTotals {
public:
    struct Decision {
        std::string type;
        std::string governor;
        std::string decision;  // allow, deny, error
        std::string reason;    // of a denial; else empty
        auto operator<=>(const Decision&) const = default;
    };
    // Names come from the wire; past it new ones are not counted apart.
    static constexpr std::size_t decisions_max = 2'048;

    // Reports of one life that are older than the last one are left out.
    void hear(const HealthFacts& facts);

    std::map<Decision, std::int64_t> decisions() const;
    LatencyTotals latency() const;  // cumulative, as in a report
    std::int64_t latency_sum_us() const { return latency_sum_.value(); }
    // How often a journal's error was another than in the report before.
    std::int64_t journal_errors() const { return journal_errors_; }

private:
    class Total {
    public:
        void begin_life() {
            before_ += now_;
            now_ = 0;
        }
        void raise(std::int64_t to) { now_ = to > now_ ? to : now_; }
        std::int64_t value() const { return before_ + now_; }

    private:
        std::int64_t before_ = 0;
        std::int64_t now_ = 0;
    };
    void begin_life();
    void raise(Decision decision, std::int64_t to);

    bool begun_ = false;
    std::int64_t started_at_ms_ = 0;
    std::int64_t at_ms_ = 0;
    std::map<Decision, Total> decisions_;
    std::array<Total, 11> latency_{};
    Total latency_sum_;
    std::string journal_error_;
    std::int64_t journal_errors_ = 0;
};

}  // namespace flyball
