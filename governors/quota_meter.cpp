#include "governors/quota_meter.h"

#include <algorithm>
#include <limits>

#include "governors/image_bytes.h"
#include "governors/keyed_hash.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

// Stored in journals and snapshots: never changes.
constexpr std::uint64_t rule_seed = 0x666c7962616c6c32;
// High word of a bucket's level: 2^63 hits times a window of 100 years are less than 2^106.
constexpr std::int64_t scaled_high_max = std::int64_t{1} << 42;
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

// An instant, or the number of a window: of a millisecond at least.
bool stored(std::int64_t number) {
    return number >= -stored_ms_max && number <= stored_ms_max;
}

std::int64_t capped(Wide number) {
    return number > most ? most : static_cast<std::int64_t>(number);
}

}  // namespace

std::uint32_t QuotaRule::tag() const {
    const std::array<std::int64_t, 4> parts = {static_cast<std::int64_t>(algorithm), window.ms,
                                               window.months, to_ms(anchor)};
    std::array<char, sizeof(parts)> bytes{};
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        bytes[at] = static_cast<char>(static_cast<std::uint64_t>(parts[at / 8]) >> (at % 8 * 8));
    }
    return static_cast<std::uint32_t>(keyed_hash({bytes.data(), bytes.size()}, rule_seed));
}

bool sound_quota_slot(QuotaAlgorithm algorithm, const QuotaSlot& slot) {
    const auto [first, second, third] = slot.words;
    switch (algorithm) {
        case QuotaAlgorithm::fixed: return first >= 0 && third == 0;
        case QuotaAlgorithm::sliding: return first >= 0 && second >= 0 && stored(third);
        case QuotaAlgorithm::bucket:
            return second >= 0 && second < scaled_high_max && stored(third);
        case QuotaAlgorithm::gauge: return first >= 0 && second == 0 && third == 0;
    }
    return false;
}

std::string_view to_text(QuotaState state) {
    switch (state) {
        case QuotaState::normal: return "normal";
        case QuotaState::warning: return "warning";
        case QuotaState::exceeded: return "exceeded";
    }
    return "";
}

QuotaMeter::QuotaMeter(const QuotaRule& rule, const QuotaTerms& terms, const QuotaSlot& slot,
                       Instant now, const Window& window)
    : rule_(&rule), terms_(terms), slot_(slot), now_(now), window_(window) {
    if (rule.windowed()) {
        settle_window();
    } else if (rule.algorithm == QuotaAlgorithm::bucket) {
        settle_bucket();
    }
}

QuotaMeter::QuotaMeter(const QuotaRule& rule, const QuotaTerms& terms, const QuotaSlot& slot,
                       Instant now)
    : QuotaMeter(rule, terms, slot, now,
                 rule.windowed() ? window_at(rule.window, rule.anchor, now) : Window{}) {}

std::int64_t QuotaMeter::scaled_remaining() const {
    const Wide scaled = rule_->algorithm == QuotaAlgorithm::bucket
                            ? full() - missing()
                            : std::max<Wide>(0, sliding_gap());
    return static_cast<std::int64_t>(scaled / rule_->window.ms);
}

std::optional<std::int64_t> QuotaMeter::reset_ms() const {
    const std::int64_t window_ms = rule_->window.ms;
    switch (rule_->algorithm) {
        case QuotaAlgorithm::fixed: return unused() ? 0 : (window_.end - now_).count();
        case QuotaAlgorithm::sliding:
            // What counts now still weighs through the whole of the next window.
            return unused() ? 0 : window_ms - gone_ms() + (slot_.words[0] > 0 ? window_ms : 0);
        case QuotaAlgorithm::bucket: return refill_ms(missing());
        case QuotaAlgorithm::gauge: return std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::int64_t> QuotaMeter::retry_after_ms(std::int64_t hits) const {
    if (hits > limit()) {
        return std::nullopt;
    }
    switch (rule_->algorithm) {
        case QuotaAlgorithm::fixed: return reset_ms();
        case QuotaAlgorithm::sliding: return sliding_retry_ms(hits);
        case QuotaAlgorithm::bucket:
            return refill_ms(missing() + Wide{hits} * rule_->window.ms - full());
        case QuotaAlgorithm::gauge: return std::nullopt;
    }
    return std::nullopt;
}

QuotaState QuotaMeter::state() const {
    if (remaining() == 0) {
        return QuotaState::exceeded;
    }
    return Wide{used()} * 100 >= Wide{rule_->warn_at} * limit() ? QuotaState::warning
                                                                : QuotaState::normal;
}

bool QuotaMeter::unused() const {
    switch (rule_->algorithm) {
        case QuotaAlgorithm::fixed:
        case QuotaAlgorithm::gauge: return slot_.words[0] == 0;
        case QuotaAlgorithm::sliding: return slot_.words[0] == 0 && slot_.words[1] == 0;
        case QuotaAlgorithm::bucket: return missing() == 0;
    }
    return true;
}

void QuotaMeter::take(std::int64_t hits) {
    expects(hits >= 0 && hits <= remaining(), "only what fits is taken");
    if (rule_->algorithm == QuotaAlgorithm::bucket) {
        set_missing(missing() + Wide{hits} * rule_->window.ms);
    } else {
        slot_.words[0] += hits;
    }
}

void QuotaMeter::give_back(std::int64_t hits) {
    expects(hits >= 0, "hits are never negative");
    if (rule_->algorithm == QuotaAlgorithm::bucket) {
        set_missing(std::max<Wide>(0, missing() - Wide{hits} * rule_->window.ms));
    } else {
        slot_.words[0] = std::max<std::int64_t>(0, slot_.words[0] - hits);
    }
}

void QuotaMeter::reset() {
    slot_ = QuotaMeter(*rule_, terms_, QuotaSlot{}, now_, window_).slot_;
}

void QuotaMeter::set_level(std::int64_t level) {
    expects(rule_->algorithm == QuotaAlgorithm::gauge && level >= 0, "only a gauge is set");
    slot_.words[0] = level;
}

void QuotaMeter::change_terms(const QuotaTerms& terms) {
    terms_ = terms;
    if (rule_->algorithm == QuotaAlgorithm::bucket) {
        set_missing(std::min(missing(), full()));
    }
}

void QuotaMeter::settle_window() {
    const std::int64_t number = window_.number;
    auto& [current, previous, last] = slot_.words;
    if (rule_->algorithm == QuotaAlgorithm::fixed) {
        current = number > previous ? 0 : current;  // the second word is a fixed window's number
        previous = number;
    } else {
        previous = number == last + 1 ? current : number > last ? 0 : previous;
        current = number > last ? 0 : current;
        last = number;
    }
}

void QuotaMeter::settle_bucket() {
    const std::int64_t gone = std::max<std::int64_t>(0, to_ms(now_) - slot_.words[2]);
    const Wide refilled = Wide{gone} * terms_.limit;
    set_missing(std::clamp<Wide>(missing() - refilled, 0, full()));
    slot_.words[2] = to_ms(now_);
}

Wide QuotaMeter::missing() const {
    return wide_of(slot_.words[1], static_cast<std::uint64_t>(slot_.words[0]));
}

void QuotaMeter::set_missing(Wide missing) {
    slot_.words[0] = static_cast<std::int64_t>(low_half(missing));
    slot_.words[1] = high_half(missing);
}

Wide QuotaMeter::full() const {
    return Wide{terms_.burst} * rule_->window.ms;
}

std::int64_t QuotaMeter::gone_ms() const {
    return (now_ - window_.begin).count();
}

// limit x P - previous x (P - e) - current x P
Wide QuotaMeter::sliding_gap() const {
    const std::int64_t window_ms = rule_->window.ms;
    return (Wide{terms_.limit} - slot_.words[0]) * window_ms -
           Wide{slot_.words[1]} * (window_ms - gone_ms());
}

std::optional<std::int64_t> QuotaMeter::sliding_retry_ms(std::int64_t hits) const {
    const std::int64_t window_ms = rule_->window.ms;
    const std::int64_t current = slot_.words[0];
    const std::int64_t previous = slot_.words[1];
    const Wide room = (Wide{terms_.limit} - current - hits) * window_ms;
    if (room >= 0) {
        // The previous window has to fade until its weight fits the room.
        const auto weight_ms = static_cast<std::int64_t>(room / previous);
        return window_ms - weight_ms - gone_ms();
    }
    // Then the current one has to become the previous one and fade.
    const Wide next_room = (Wide{terms_.limit} - hits) * window_ms;
    const auto weight_ms = static_cast<std::int64_t>(next_room / current);
    return 2 * window_ms - weight_ms - gone_ms();
}

std::optional<std::int64_t> QuotaMeter::refill_ms(Wide amount) const {
    if (amount == 0) {
        return 0;
    }
    if (terms_.limit == 0) {
        return std::nullopt;
    }
    return capped((amount + terms_.limit - 1) / terms_.limit);
}

}  // namespace flyball
