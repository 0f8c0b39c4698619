#include "tests/unit/governors/any_governor.h"

#include <memory>
#include <utility>
#include <vector>

#include "governors/billing.h"
#include "governors/compliance.h"
#include "governors/entitlement.h"
#include "governors/quota.h"
#include "governors/subscription.h"

namespace flyball {

namespace {

std::unique_ptr<Rules> rules_of(std::string_view type) {
    if (type == "billing") {
        return std::make_unique<Billing>();
    }
    if (type == "compliance") {
        RulesContext context;
        context.title = "compliance/main";
        context.entropy.fill(std::byte{7});
        return std::make_unique<Compliance>(context);
    }
    if (type == "entitlement") {
        return std::make_unique<Entitlement>();
    }
    if (type == "quota") {
        return std::make_unique<Quota>();
    }
    return std::make_unique<SubscriptionRules>();
}

Tree::Map settings_of(std::string_view type) {
    const auto limited = [](int limit, const char* algorithm) {
        return Tree::Map{{"limit", limit}, {"window", "1m"}, {"algorithm", algorithm}};
    };
    if (type == "billing") {
        return {{"require_id", false}, {"opening_credit", 50}, {"overage", 10}, {"low_at", 20}};
    }
    if (type == "compliance") {
        const Tree::Map rule = {
            {"id", "ok"}, {"actions", "*"}, {"attribute", "ok"}, {"op", "eq"}, {"value", true}};
        return {{"rules", Tree::List{rule}}, {"strike_window", "1m"}, {"lockout", true}};
    }
    if (type == "entitlement") {
        return {{"tiers", Tree::Map{{"free", Tree::Map{{"b0", true}, {"b1", 3}}},
                                    {"gold", Tree::Map{{"b0", "all"}, {"b2", true}}}}}};
    }
    if (type == "quota") {
        return {{"resources", Tree::Map{{"b0", limited(10, "fixed")},
                                        {"b1", limited(30, "bucket")},
                                        {"b2", limited(20, "sliding")},
                                        {"b3", Tree::Map{{"limit", 50}, {"algorithm", "gauge"}}}}}};
    }
    const auto plan = [](const char* period) {
        return Tree::Map{{"period", period}, {"trial", "30s"}, {"grace", "1m"}};
    };
    return {{"plans", Tree::Map{{"std", plan("1m")}, {"b0", plan("1mo")}}},
            {"default_plan", "std"},
            {"notice", "10s"}};
}

std::vector<std::string> ops_of(const std::string& type) {
    std::vector<std::string> names;
    for (const Op& op : rules_of(type)->ops()) {
        names.emplace_back(op.name);
        if (!op.admin || op.name == "start" || op.name == "topup") {
            names.insert(names.end(), 2, names.back());
        }
    }
    names.emplace_back("forget");
    return names;
}

// Whatever any op of any type reads: what it does not know it ignores.
Json any_fields(const std::string& type) {
    const std::string name = "b" + std::to_string(*rc::gen::inRange(0, 4));
    const int amount = *rc::gen::inRange(0, 20);
    Json fields = {{"resource", name}, {"feature", name},    {"hold", name},    {"hits", amount},
                   {"amount", amount}, {"per_minute", 30},   {"limit", amount}, {"value", amount},
                   {"ttl_ms", 20'000}, {"action", "export"}, {"tier", "gold"}};
    fields["partial"] = amount % 2 == 0;
    fields["attributes"] = {{"ok", amount % 3 != 0}};
    if (type == "subscription") {
        fields["value"] = amount % 2 == 0;
        fields["plan"] = amount % 2 == 0 ? "std" : "b0";
        fields["at_period_end"] = amount % 3 == 0;
    }
    return fields;
}

}  // namespace

AskedGovernor any_governor(std::string_view type, const Tree::Map& common, std::uint64_t seed,
                           ChangeSink* changes) {
    Tree::Map raw = settings_of(type);
    raw.insert(common.begin(), common.end());
    return AskedGovernor(std::string(type), rules_of(type), raw, {}, seed, changes);
}

std::unique_ptr<Rules> any_rules(std::string_view type) {
    auto rules = rules_of(type);
    const auto configured = rules->configure(Tree(settings_of(type)), Instant{});
    expects(configured.has_value(), "its settings are sound");
    return rules;
}

Tree::Map any_common() {
    Tree::Map common = {{"max_tenants", *rc::gen::inRange(2, 9)},
                        {"ring", Tree::Map{{"capacity", *rc::gen::inRange(1, 40)}}},
                        {"ids", Tree::Map{{"capacity", *rc::gen::inRange(1, 40)}}}};
    if (*rc::gen::inRange(0, 4) == 0) {
        common["mode"] = "observe";
    }
    if (*rc::gen::arbitrary<bool>()) {
        common["id_window"] = "5s";
    }
    return common;
}

rc::Gen<AnyStep> any_step(const std::string& type) {
    return rc::gen::exec([type] {
        AnyStep step;
        step.request = any_fields(type);
        step.request["tenant"] = "tenant-" + std::to_string(*rc::gen::inRange(0, 9));
        step.request["op"] = *rc::gen::elementOf(ops_of(type));
        if (*rc::gen::arbitrary<bool>()) {
            step.request["id"] = *rc::gen::inRange(0, 60);
        }
        step.admin = *rc::gen::inRange(0, 5) != 0;
        step.pause = Span{*rc::gen::elementOf(std::vector<int>{0, 1, 250, 1000, 9'999, 61'000})};
        return step;
    });
}

Json perform(AskedGovernor& desk, const AnyStep& step) {
    desk.pass(step.pause);
    desk.pass_time();
    return step.admin ? desk.ask_admin(step.request) : desk.ask(step.request);
}

}  // namespace flyball
