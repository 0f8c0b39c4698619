#include "tests/sim/traffic.h"

namespace flyball::sim {

namespace {

constexpr const auto& tenants = traffic_tenants;
constexpr const char* names[] = {"main", "other"};

}  // namespace

std::vector<std::pair<std::string, Tree>> governors(int variant) {
    const Tree::Map ids = {{"capacity", 48}};
    const Tree::Map resources = {
        {"api_calls",
         Tree::Map{{"limit", 20 + 5 * variant}, {"window", "1m"}, {"algorithm", "bucket"}}},
        {"daily", Tree::Map{{"limit", 30 + 10 * variant}, {"window", "1h"}}},
        {"disk", Tree::Map{{"limit", 50}, {"algorithm", "gauge"}}},
        {"slow", Tree::Map{{"limit", 25}, {"window", "5m"}, {"algorithm", "sliding"}}}};
    const Tree::Map rule = {{"id", "eu"},
                            {"actions", Tree::List{"store"}},
                            {"attribute", "region"},
                            {"op", "eq"},
                            {"value", "eu"},
                            {"severity", "deny"}};
    const Tree::Map plan = {{"period", "1h"}, {"trial", "10m"}, {"grace", "5m"}};
    std::vector<std::pair<std::string, Tree>> all;
    for (const char* name : names) {
        const std::string end = std::string("/") + name;
        all.emplace_back("quota" + end,
                         Tree::Map{{"ids", ids}, {"max_tenants", 3}, {"resources", resources}});
        all.emplace_back(
            "billing" + end,
            Tree::Map{{"ids", ids}, {"require_id", false}, {"rate_limit", 50 - 10 * variant}});
        all.emplace_back("entitlement" + end, Tree::Map{{"ids", ids}});
        all.emplace_back("compliance" + end, Tree::Map{{"ids", ids},
                                                       {"rules", Tree::List{rule}},
                                                       {"strikes", 2},
                                                       {"strike_window", "5m"},
                                                       {"lockout", true}});
        all.emplace_back("subscription" + end, Tree::Map{{"ids", ids},
                                                         {"plans", Tree::Map{{"std", plan}}},
                                                         {"notice", variant == 2 ? "2m" : "1m"}});
    }
    return all;
}

const std::vector<std::string>& traffic_titles() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> titles{"billing/more"};
        for (const auto& [title, config] : governors()) {
            titles.push_back(title);
        }
        return titles;
    }();
    return all;
}

Engine::Options engine_options() {
    Engine::Options options;
    options.root = Root{"flyball/v1", "eu-west", "pi-7"};
    options.seed = 7;
    options.instance = 11;
    return options;
}

std::uint64_t Traffic::pick(std::uint64_t below) {
    return random_() % below;
}

Json Traffic::quota() {
    static constexpr const char* resources[] = {"api_calls", "daily", "disk", "slow"};
    static constexpr const char* ops[] = {"check",  "check", "check",     "check",   "get",
                                          "refund", "reset", "set_limit", "release", "set"};
    Json request = {{"op", ops[pick(10)]}, {"resource", resources[pick(4)]}};
    if (request.at("op") == "set_limit") {
        request["limit"] = static_cast<int>(pick(40)) - 1;
    } else if (request.at("op") == "set") {
        request["value"] = pick(60);
    } else if (request.at("op") != "get" && request.at("op") != "reset") {
        request["hits"] = pick(9);
    }
    return request;
}

Json Traffic::billing() {
    static constexpr const char* ops[] = {"check",   "charge",  "charge", "hold",    "hold",
                                          "capture", "release", "topup",  "suspend", "resume"};
    Json request = {{"op", ops[pick(10)]}, {"amount", pick(60) + 1}};
    const std::string op = request.at("op");
    if (op == "hold" || op == "capture" || op == "release") {
        request["hold"] = "h" + std::to_string(pick(4));
    }
    if (op == "hold") {
        request["ttl_ms"] = pick(90'000) + 1;
    }
    return request;
}

Json Traffic::entitlement() {
    static constexpr const char* ops[] = {"check", "check", "grant", "revoke", "clear", "set_tier"};
    static constexpr const char* features[] = {"basic", "export", "seats"};
    Json request = {{"op", ops[pick(6)]}};
    if (request.at("op") == "set_tier") {
        request["tier"] = pick(2) == 0 ? "pro" : "free";
        return request;
    }
    request["feature"] = features[pick(3)];
    if (request.at("op") == "grant") {
        request["value"] = pick(5);
        request["ttl_ms"] = pick(300'000) + 1;
    }
    return request;
}

Json Traffic::compliance() {
    if (pick(8) == 0) {
        return {{"op", "remediate"}};
    }
    return {{"op", "check"},
            {"action", pick(3) == 0 ? "read" : "store"},
            {"attributes", {{"region", pick(2) == 0 ? "eu" : "us"}}}};
}

Json Traffic::subscription() {
    static constexpr const char* ops[] = {"check",  "check",          "start", "start",
                                          "paid",   "payment_failed", "pause", "resume",
                                          "cancel", "set_auto_renew"};
    Json request = {{"op", ops[pick(10)]}};
    if (request.at("op") == "set_auto_renew") {
        request["value"] = pick(2) == 0;
    }
    return request;
}

Json Traffic::admit() {
    Json request = Json::object();
    if (pick(2) == 0) {
        request["entitlement"] = {{"feature", pick(2) == 0 ? "basic" : "export"}};
    }
    if (pick(3) == 0) {
        request["subscription"] = Json::object();
    }
    if (pick(2) == 0) {
        request["compliance"] = {{"action", "store"},
                                 {"attributes", {{"region", pick(3) == 0 ? "us" : "eu"}}}};
    }
    request["quota"] =
        Json::array({{{"hits", pick(4) + 1}},
                     {{"hits", pick(3)}, {"resource", "daily"}, {"governor", names[pick(2)]}}});
    if (pick(2) == 0) {
        request["billing"] = {{"amount", pick(20) + 1}};
    }
    return request;
}

Asked Traffic::next() {
    static constexpr const char* types[] = {"quota", "billing", "entitlement", "compliance",
                                            "subscription"};
    Asked asked;
    asked.pass_ms = static_cast<std::int64_t>(pick(4) == 0 ? pick(120'000) : pick(500));
    const std::uint64_t kind = pick(7);
    if (kind >= 5) {
        asked.request = admit();
        asked.below = "admit/request";
    } else {
        const std::string type = types[kind];
        asked.request = kind == 0   ? quota()
                        : kind == 1 ? billing()
                        : kind == 2 ? entitlement()
                        : kind == 3 ? compliance()
                                    : subscription();
        if (pick(40) == 0) {
            asked.request = {{"op", "forget"}};
        }
        asked.below = type + "/" + names[pick(2)] + "/admin";
    }
    asked.request["tenant"] = tenants[pick(4)];
    if (pick(2) == 0) {
        asked.request["id"] = pick(4) == 0 && ids_ > 0 ? ids_ - pick(ids_ < 8 ? ids_ : 8) : ++ids_;
    }
    if (pick(12) == 0) {
        asked.request["dry_run"] = true;
    }
    return asked;
}

Json Desk::ask(const Asked& asked, Instant now) {
    const std::string topic = "flyball/v1/eu-west/pi-7/" + asked.below;
    const std::string payload = asked.request.dump();
    reply_ = "null";
    engine_.handle({.topic = topic, .payload = payload}, {}, now, *this);
    return Json::parse(reply_);
}

void Desk::breathe() {
    if (others_ && engine_.can_go_deeper()) {
        others_();
    }
}

std::string Desk::state(Instant now) {
    std::string all;
    engine_.pass_time(now);
    engine_.registry().each([&](Governor& governor) {
        all.append(governor.title()).append(":\n");
        const auto show = [&all](std::span<const std::byte> image) {
            for (const std::byte byte : image) {
                static constexpr char digits[] = "0123456789abcdef";
                all += digits[std::to_integer<unsigned>(byte) >> 4U];
                all += digits[std::to_integer<unsigned>(byte) & 15U];
            }
            all += '\n';
        };
        governor.rules().walk(no_tenant, show);
        std::vector<std::pair<std::string, TenantIndex>> rows;
        for (const char* tenant : tenants) {
            if (const auto index = governor.find_tenant(tenant); index != no_tenant) {
                all.append(" ").append(tenant).append("\n");
                governor.rules().walk(index, show);
            }
        }
        governor.ids().walk([&all](const RememberedId& id, std::uint32_t tag) {
            all.append(" id ").append(std::to_string(id.key)).append(" ");
            all.append(std::to_string(id.fingerprint)).append(" ").append(std::to_string(tag));
            all.append(" ").append(std::to_string(id.seq)).append(" ");
            all.append(std::to_string(to_ms(id.at))).append("\n");
        });
    });
    engine_.admit().ids().walk([&all](const RememberedId& id, std::uint32_t /*tag*/) {
        all.append("admit ").append(std::to_string(id.key)).append(" ");
        all.append(std::to_string(id.seq)).append("\n");
    });
    return all;
}

}  // namespace flyball::sim
