#include "node/governed_topics.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "schemas/decode.h"
#include "schemas/request.h"
#include "transport/topic_filter.h"

namespace flyball {
namespace {

constexpr std::string_view flyball_topics = "flyball/";
constexpr std::string_view shared_start = "$share/";

bool has_name(const std::vector<std::string>& patterns, std::string_view name) {
    return patterns.empty() || std::ranges::any_of(patterns, [name](std::string_view pattern) {
               return pattern.ends_with('*')
                          ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                          : name == pattern;
           });
}

// Without the group of a shared subscription.
std::string_view filter_of(std::string_view subscription) {
    if (!subscription.starts_with(shared_start)) {
        return subscription;
    }
    const std::size_t slash = subscription.find('/', shared_start.size());
    return slash == subscription.npos ? std::string_view{} : subscription.substr(slash + 1);
}

std::string_view level_of(std::string_view topic, std::size_t wanted) {
    for (std::size_t level = 1; level < wanted; ++level) {
        const std::size_t slash = topic.find('/');
        if (slash == topic.npos) {
            return {};
        }
        topic.remove_prefix(slash + 1);
    }
    return topic.substr(0, topic.find('/'));
}

std::string_view tenant_of(const GovernRule& rule, const GovernedAct& act) {
    switch (rule.tenant) {
        case GovernedBy::user: return act.user;
        case GovernedBy::client_id: return act.client_id;
        case GovernedBy::level: {
            const std::string_view level = level_of(act.topic, rule.level);
            const bool wild =
                act.action == GovernedAction::subscribe && (level == "+" || level == "#");
            return wild ? std::string_view{} : level;
        }
    }
    return {};
}

}  // namespace

// FNV-1a of each level; those behind the last are not looked at.
GovernedTopics::Levels::Levels(std::string_view topic) {
    constexpr std::uint32_t start = 2166136261U;
    constexpr std::uint32_t prime = 16777619U;
    std::uint32_t hash = start;
    for (const char c : topic) {
        if (c != '/') {
            hash = (hash ^ static_cast<unsigned char>(c)) * prime;
            continue;
        }
        hashes[count++] = hash;
        hash = start;
        if (count == hashes.size()) {
            return;
        }
    }
    hashes[count++] = hash;
}

GovernedTopics::Levels GovernedTopics::Levels::of_filter(std::string_view filter) {
    static const std::uint32_t plus = Levels("+").hashes[0];
    const std::string_view before =
        filter.ends_with("/#") ? filter.substr(0, filter.size() - 2) : filter;
    Levels levels(before);
    levels.count = filter == "#" ? 0 : levels.count;
    std::ranges::replace(levels.hashes, plus, any);
    return levels;
}

bool GovernedTopics::Levels::may_match(const Levels& topic) const {
    const std::size_t common = std::min(count, topic.count);
    for (std::size_t i = 0; i < common; ++i) {
        if (hashes[i] != topic.hashes[i] && hashes[i] != any) {
            return false;
        }
    }
    return true;
}

bool GovernedTopics::Guarded::is_about(const GovernedAct& act) const {
    if (act.action != rule.on) {
        return false;
    }
    const bool same_topics = act.action == GovernedAction::publish
                                 ? filter_matches(rule.topic, act.topic)
                                 : filters_overlap(rule.topic, act.topic);
    // Nobody's name matches no pattern, not even "*".
    return same_topics &&
           (rule.users.empty() || (!act.user.empty() && has_name(rule.users, act.user))) &&
           has_name(rule.client_ids, act.client_id);
}

// Reads the reply instead of sending it.
class GovernedTopics::Answer final : public EngineHost {
public:
    Answer() : decoder_(Limits{}) {}
    void begin() {
        decision_ = GovernOutcome::failed;
        reason_.assign("unanswered");
    }
    void send(const Message& reply) override {
        const Payload payload = decoder_.decode(reply.payload);
        if (!payload.good() || !payload.root->is(Kind::map)) {
            return;
        }
        reason_.clear();
        const Value* key = payload.root->first_child();
        for (std::uint32_t i = 0; i < payload.root->count; ++i) {
            const Value* value = key->next_sibling();
            if (value->is(Kind::text) && key->text() == "decision") {
                decision_ = value->text() == "allow" || value->text() == "ok"
                                ? GovernOutcome::allowed
                            : value->text() == "deny" ? GovernOutcome::denied
                                                      : GovernOutcome::failed;
            } else if (value->is(Kind::text) && key->text() == "reason") {
                reason_.assign(value->text());
            }
            key = value->next_sibling();
        }
    }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}

    GovernOutcome decision() const { return decision_; }
    std::string& reason() { return reason_; }

private:
    Decoder decoder_;
    GovernOutcome decision_ = GovernOutcome::failed;
    std::string reason_;
};

GovernedTopics::GovernedTopics(const Root& root) : root_(root), own_topics_(root.prefix + "/") {}

GovernedTopics::~GovernedTopics() = default;

void GovernedTopics::set_rules(const std::vector<GovernRule>& rules) {
    std::vector<Guarded> old = std::exchange(rules_, {});
    rules_.reserve(rules.size());
    for (const GovernRule& rule : rules) {
        rules_.push_back({.levels = Levels::of_filter(rule.topic),
                          .rule = rule,
                          .request = {root_, rule, GovernRequest::Kind::real}});
        const auto same = std::ranges::find(old, rule, &Guarded::rule);
        if (same != old.end()) {
            rules_.back().counts = same->counts;
        }
    }
    governs_subscriptions_ = std::ranges::any_of(rules_, [](const Guarded& guarded) {
        return guarded.rule.on == GovernedAction::subscribe;
    });
    if (!rules_.empty() && answer_ == nullptr) {
        answer_ = std::make_unique<Answer>();
    }
}

GovernedTopics::Row GovernedTopics::row(std::size_t at) const {
    return {rules_[at].rule, rules_[at].counts};
}

Reason GovernedTopics::Judgement::denial() const {
    constexpr std::uint8_t reasons = 64;  // the most that there can ever be: governors/packing.h
    for (std::uint8_t number = 0; number < reasons; ++number) {
        if (to_text(static_cast<Reason>(number)) == reason) {
            return static_cast<Reason>(number);
        }
    }
    return Reason::none;
}

const GovernedTopics::Guarded& GovernedTopics::guarded_of(const GovernRule& rule) const {
    return *std::ranges::find_if(rules_, [&](const Guarded& one) { return &one.rule == &rule; });
}

bool GovernedTopics::is_to_tell(const GovernRule& rule, std::int64_t now_us) const {
    return now_us >= guarded_of(rule).quiet_until_us;
}

void GovernedTopics::told(const GovernRule& rule, std::int64_t now_us) {
    rules_[static_cast<std::size_t>(&guarded_of(rule) - rules_.data())].quiet_until_us =
        now_us + quiet_us;
}

bool GovernedTopics::is_exempt(std::string_view topic) const {
    return topic.starts_with('$') || topic.starts_with(flyball_topics) ||
           topic.starts_with(own_topics_);
}

GovernedTopics::Guarded* GovernedTopics::find(const GovernedAct& act) {
    if (rules_.empty() || is_exempt(act.topic)) {
        return nullptr;
    }
    const bool publish = act.action == GovernedAction::publish;
    const Levels levels(act.topic);
    const auto found = std::ranges::find_if(rules_, [&](const Guarded& guarded) {
        return (!publish || guarded.levels.may_match(levels)) && guarded.is_about(act);
    });
    return found == rules_.end() ? nullptr : &*found;
}

GovernOutcome GovernedTopics::decide(Guarded& guarded, const GovernedAct& act,
                                     std::string_view tenant, const Ask& ask) {
    if (!valid_tenant(tenant)) {
        answer_->reason().assign("no tenant");
        return GovernOutcome::unmapped;
    }
    // No byte is no question: a governor's charge would have to be of something.
    if (guarded.rule.per == GovernedUnit::byte && act.payload_bytes == 0) {
        return GovernOutcome::allowed;
    }
    answer_->begin();
    try {
        if (!ask(guarded.request.of(tenant, act.payload_bytes), *answer_)) {
            answer_->reason().assign("busy");
            return GovernOutcome::failed;
        }
    } catch (const std::exception&) {  // no memory: what a governor throws is its supervisor's
        answer_->reason().assign("out of memory");
        return GovernOutcome::failed;
    }
    return answer_->decision();
}

GovernedTopics::Judgement GovernedTopics::judge(const GovernedAct& as_sent, const Ask& ask) {
    GovernedAct act = as_sent;
    if (act.action == GovernedAction::subscribe) {
        act.topic = filter_of(act.topic);
    }
    Guarded* const guarded = find(act);
    if (guarded == nullptr) {
        return {};
    }
    const GovernRule& rule = guarded->rule;
    const std::string_view tenant = tenant_of(rule, act);
    const GovernOutcome outcome = decide(*guarded, act, tenant, ask);
    bool passes = true;
    switch (outcome) {
        case GovernOutcome::untouched: break;
        case GovernOutcome::allowed: ++guarded->counts.allow; break;
        case GovernOutcome::denied:
            ++guarded->counts.deny;
            passes = false;
            break;
        case GovernOutcome::failed:
            ++guarded->counts.error;
            passes = rule.passes_on_error;
            break;
        case GovernOutcome::unmapped:
            ++guarded->counts.unmapped;
            passes = rule.passes_unmapped;
            break;
    }
    return {.passes = passes || rule.observes,
            .would_pass = passes,
            .outcome = outcome,
            .rule = &rule,
            .tenant = tenant,
            .reason = answer_->reason()};
}

}  // namespace flyball
