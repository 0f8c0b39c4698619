#pragma once
// Ordinary MQTT traffic guarded by governors: which rule is about a publish or a subscription, for
// whom it counts, what its governor said, and what follows (docs/governed-topics.md). Pure: whoever
// owns it asks the engine. One thread. Allocates nothing a message once its buffers have grown;
// bounded by the rules. Refuses nothing by itself: it says what a broker should do.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/engine_seams.h"
#include "node/govern_request.h"
#include "node/govern_rule.h"
#include "schemas/topic.h"

namespace flyball {

// What a client is about to do. Texts are empty where there is none.
struct GovernedAct {
    std::string_view topic{};  // of a subscription: its filter
    std::string_view user{};
    std::string_view client_id{};
    std::uint64_t payload_bytes = 0;
    GovernedAction action = GovernedAction::publish;
};

enum class GovernOutcome : std::uint8_t { untouched, allowed, denied, failed, unmapped };

class GovernedTopics {
public:
    // Totals since the rule is there.
    struct Counts {
        std::uint64_t allow = 0;
        std::uint64_t deny = 0;
        std::uint64_t error = 0;
        std::uint64_t unmapped = 0;
    };
    struct Row {
        const GovernRule& rule;
        const Counts& counts;
    };
    struct Judgement {
        bool passes = true;
        bool would_pass = true;  // if its rule did more than observe
        GovernOutcome outcome = GovernOutcome::untouched;
        const GovernRule* rule = nullptr;  // null: none is about it
        std::string_view tenant{};         // these two until the next call
        std::string_view reason{};
        Reason denial() const;  // `reason` as one of ours
    };
    // Puts a request to the engine and hands what it sends to the host; false: the engine is busy.
    using Ask = std::function<bool(const Message& request, EngineHost& host)>;

    explicit GovernedTopics(const Root& root);
    ~GovernedTopics();
    GovernedTopics(GovernedTopics&&) = delete;

    // Other rules from now on; one that stays as it was keeps its counts.
    void set_rules(const std::vector<GovernRule>& rules);
    bool governs_subscriptions() const { return governs_subscriptions_; }

    Judgement judge(const GovernedAct& act, const Ask& ask);
    // Whether a busy engine is to be waited for: not again and again while it stays busy, for the
    // broker waits with us.
    bool is_patient(std::int64_t now_us) const { return now_us >= impatient_until_us_; }
    void was_busy(std::int64_t now_us) { impatient_until_us_ = now_us + impatient_us; }
    // Whether a denial by this rule is to be told as an event: one a minute.
    bool is_to_tell(const GovernRule& rule, std::int64_t now_us) const;
    void told(const GovernRule& rule, std::int64_t now_us);
    // What a rule's governor could not decide, less than a minute ago.
    bool fails(std::int64_t now_us) const { return now_us < failing_until_us_; }
    void failed_at(std::int64_t now_us) { failing_until_us_ = now_us + failing_us; }
    std::size_t size() const { return rules_.size(); }
    Row row(std::size_t at) const;

private:
    static constexpr std::int64_t failing_us = 60'000'000;
    static constexpr std::int64_t impatient_us = 1'000'000;
    static constexpr std::int64_t quiet_us = 60'000'000;
    // The first levels of a topic or a filter as numbers: most rules are told apart by one or two.
    struct Levels {
        static constexpr std::uint32_t any = 0;  // a wildcard
        std::array<std::uint32_t, 6> hashes{};
        std::size_t count = 0;
        explicit Levels(std::string_view topic);
        static Levels of_filter(std::string_view filter);
        bool may_match(const Levels& topic) const;
    };
    struct Guarded {  // a rule in force
        Levels levels;
        GovernRule rule;
        GovernRequest request;
        Counts counts{};
        std::int64_t quiet_until_us = 0;  // after an event
        bool is_about(const GovernedAct& act) const;
    };
    class Answer;

    bool is_exempt(std::string_view topic) const;
    Guarded* find(const GovernedAct& act);
    const Guarded& guarded_of(const GovernRule& rule) const;
    GovernOutcome decide(Guarded& guarded, const GovernedAct& act, std::string_view tenant,
                         const Ask& ask);

    Root root_;
    std::string own_topics_;  // "<prefix>/"
    std::vector<Guarded> rules_;
    std::unique_ptr<Answer> answer_;
    bool governs_subscriptions_ = false;
    std::int64_t failing_until_us_ = 0;
    std::int64_t impatient_until_us_ = 0;
};

}  // namespace flyball
