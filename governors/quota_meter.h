#pragma once
// What one tenant has used of one resource, read and moved at one instant: the four algorithms of
// docs/protocol.md. Exact: integers with 128-bit intermediates, scaled by the window, never cut to
// milliseconds. A value of its own: moving it changes nothing until its slot is stored.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "governors/quota_window.h"
#include "schemas/duration.h"
#include "schemas/time.h"
#include "schemas/wide.h"

namespace flyball {

enum class QuotaAlgorithm : std::uint8_t { fixed, sliding, bucket, gauge };

struct QuotaRule {
    std::string name;
    QuotaAlgorithm algorithm = QuotaAlgorithm::fixed;
    Duration window;  // unused by a gauge; months only with fixed
    Instant anchor{};
    std::int64_t limit = 0;
    std::int64_t burst = 0;  // bucket
    std::int64_t warn_at = 80;
    std::string anchor_text;  // as configured

    bool windowed() const {
        return algorithm == QuotaAlgorithm::fixed || algorithm == QuotaAlgorithm::sliding;
    }
    // Of what decides how a slot is to be read: slots outlive the process and config changes.
    std::uint32_t tag() const;
};

// Limit and burst that hold for one tenant.
struct QuotaTerms {
    std::int64_t limit = 0;
    std::int64_t burst = 0;
    bool operator==(const QuotaTerms&) const = default;
};

// All zero is a full quota. fixed: used, window number. sliding: current, previous, window number.
// bucket: what is missing to full times the window, low and high word, and when that was so.
// gauge: level.
struct QuotaSlot {
    std::array<std::int64_t, 3> words{};
    // Word by word: a call of memcmp() would read at once what was written in pieces just before,
    // and wait for it.
    bool operator==(const QuotaSlot& other) const {
        static_assert(sizeof(words) == 3 * sizeof(words[0]));
        return words[0] == other.words[0] && words[1] == other.words[1] &&
               words[2] == other.words[2];
    }
};

// False for words that no sequence of decisions can have led to.
bool sound_quota_slot(QuotaAlgorithm algorithm, const QuotaSlot& slot);

enum class QuotaState : std::uint8_t { normal, warning, exceeded };
std::string_view to_text(QuotaState state);

class QuotaMeter {
public:
    // Brings the slot up to `now`. Time that was taken back counts as no time gone. `window` is the
    // rule's that holds `now`, if it has any.
    QuotaMeter(const QuotaRule& rule, const QuotaTerms& terms, const QuotaSlot& slot, Instant now,
               const Window& window);
    QuotaMeter(const QuotaRule& rule, const QuotaTerms& terms, const QuotaSlot& slot, Instant now);

    std::int64_t limit() const {  // a bucket's is its capacity
        return rule_->algorithm == QuotaAlgorithm::bucket ? terms_.burst : terms_.limit;
    }
    // May be above the limit after that was lowered.
    std::int64_t used() const { return plain() ? slot_.words[0] : limit() - remaining(); }
    std::int64_t remaining() const {  // the most hits that fit now
        return plain() ? std::max<std::int64_t>(0, terms_.limit - slot_.words[0])
                       : scaled_remaining();
    }
    // How long until nothing is used; nothing for a gauge and for a bucket that never refills.
    std::optional<std::int64_t> reset_ms() const;
    // How long until `hits`, which do not fit now, would; nothing when waiting cannot cure it.
    std::optional<std::int64_t> retry_after_ms(std::int64_t hits) const;
    QuotaState state() const;
    bool unused() const;

    void take(std::int64_t hits);       // at most remaining()
    void give_back(std::int64_t hits);  // refund, release: in the current window, never below 0
    void reset();
    void set_level(std::int64_t level);  // gauge
    // What is used stays used; a bucket keeps what is missing to full, at most all.
    void change_terms(const QuotaTerms& terms);

    const QuotaSlot& slot() const { return slot_; }
    // Whether a meter of the same rule made from these would be this one.
    bool is_of(const QuotaTerms& terms, const QuotaSlot& slot, Instant now) const {
        return now_ == now && slot_ == slot && terms_ == terms;
    }

private:
    // The first word is what is used.
    bool plain() const {
        return rule_->algorithm == QuotaAlgorithm::fixed ||
               rule_->algorithm == QuotaAlgorithm::gauge;
    }
    std::int64_t scaled_remaining() const;
    void settle_window();
    void settle_bucket();
    Wide missing() const;
    void set_missing(Wide missing);
    Wide full() const;  // a bucket's capacity, scaled
    Wide sliding_gap() const;
    std::optional<std::int64_t> sliding_retry_ms(std::int64_t hits) const;
    std::optional<std::int64_t> refill_ms(Wide amount) const;
    std::int64_t gone_ms() const;  // of an epoch-aligned window

    const QuotaRule* rule_;
    QuotaTerms terms_;
    QuotaSlot slot_;
    Instant now_;
    Window window_;  // of fixed and sliding
};

}  // namespace flyball
