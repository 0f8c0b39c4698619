#include "tests/unit/node/admit_desk.h"

#include <gtest/gtest.h>

namespace flyball {

namespace {

constexpr std::string_view root = "flyball/v1/eu-west/pi-7/";

std::string hex(std::span<const std::byte> image) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : image) {
        text += digits[std::to_integer<std::size_t>(byte) >> 4U];
        text += digits[std::to_integer<std::size_t>(byte) & 15U];
    }
    return text;
}

}  // namespace

AdmitDesk::Configured AdmitDesk::usual() {
    const Tree::Map calls = {{"limit", 10}, {"window", "1h"}};
    const Tree::Map tokens = {{"limit", 60}, {"window", "1m"}, {"algorithm", "bucket"}};
    const Tree::Map disk = {{"limit", 50}, {"algorithm", "gauge"}};
    const Tree::Map resources = {{"api_calls", calls}, {"tokens", tokens}, {"disk", disk}};
    const Tree::Map rule = {{"id", "eu"},
                            {"actions", Tree::List{"store"}},
                            {"attribute", "region"},
                            {"op", "eq"},
                            {"value", "eu"}};
    const Tree::Map plan = {{"period", "10d"}, {"trial", "5d"}, {"grace", "2d"}};
    return {
        {"billing/main", Tree::Map{{"opening_credit", 100}, {"rate_limit", 5}}},
        {"compliance/main",
         Tree::Map{{"rules", Tree::List{rule}}, {"strikes", 2}, {"lockout", true}}},
        {"entitlement/main", {}},
        {"entitlement/extra", {}},
        {"quota/main", Tree::Map{{"resources", resources}}},
        {"quota/extra", Tree::Map{{"resources", resources}}},
        {"subscription/main", Tree::Map{{"plans", Tree::Map{{"std", plan}}}, {"notice", "1d"}}}};
}

AdmitDesk::Configured AdmitDesk::usual_but(std::string_view title, const Tree::Map& raw) {
    Configured all = usual();
    for (auto& [name, config] : all) {
        if (name == title) {
            config = raw;
        }
    }
    return all;
}

Engine::Options AdmitDesk::settings() {
    Engine::Options options;
    options.root = Root{"flyball/v1", "eu-west", "pi-7"};
    options.seed = 7;
    options.instance = 11;
    return options;
}

Engine::Options AdmitDesk::heard(Engine::Options options, Told& told) {
    options.events = &told;
    options.changes = &told;
    return options;
}

AdmitDesk::AdmitDesk(const Configured& governors, Engine::Options options)
    : engine_(heard(std::move(options), told_)), now_(instant_from_ms(1'767'225'600'000)) {
    for (const auto& [title, raw] : governors) {
        const std::size_t slash = title.find('/');
        const auto added = engine_.registry().add(title.substr(0, slash), title.substr(slash + 1),
                                                  Tree(raw), now_);
        EXPECT_TRUE(added.has_value()) << title << ": " << added.error().message;
    }
    take_events();
    take_noted();
}

std::string AdmitDesk::bytes(std::string_view below, std::string_view payload) {
    const std::string topic = std::string(root).append(below);
    reply_.clear();
    engine_.handle({.topic = topic, .payload = payload}, {}, now_, *this);
    return reply_;
}

Json AdmitDesk::ask(std::string_view below, Json request) {
    if (request.is_object()) {
        request.emplace("tenant", "acme");
    }
    return Json::parse(bytes(below, request.dump()));
}

Json AdmitDesk::admit(Json request) {
    return ask("admit/request", std::move(request));
}

Json AdmitDesk::admin(std::string_view title, Json request) {
    return ask(std::string(title) + "/admin", std::move(request));
}

Json AdmitDesk::level(std::string_view title, std::string_view tenant) {
    return dry(governor(title), {{"tenant", tenant}, {"op", "get"}});
}

std::int64_t AdmitDesk::used(std::string_view resource, std::string_view name) {
    return level(std::string("quota/").append(name)).at("resources").at(resource).at("used");
}

Json AdmitDesk::picture(const std::vector<std::string>& tenants) {
    Json all;
    engine_.registry().each([&](Governor& governor) {
        Json& row = all[std::string(governor.title())];
        row["seq"] = governor.seq() - questions_[std::string(governor.title())];
        row["counts"] = {governor.counts().allow, governor.counts().deny};
        row["history"] = governor.events().size();
        row["due"] = to_ms(governor.next_due().value_or(Instant{}));
        row["tenants"] = governor.tenants();
        for (const std::string& tenant : tenants) {
            row["levels"][tenant] = shown(governor, tenant);
        }
    });
    return all;
}

// Images where the type has no chain: salts of a chain move with what is recorded there.
Json AdmitDesk::shown(Governor& governor, const std::string& tenant) {
    Json levels = Json::array();
    const TenantIndex index = governor.find_tenant(tenant);
    if (index != no_tenant && !governor.rules().head()) {
        governor.rules().walk(index, [&](auto image) { levels.push_back(hex(image)); });
    }
    levels.push_back(index != no_tenant);
    levels.push_back(dry(governor, {{"op", "get"}, {"tenant", tenant}}));
    if (governor.rules().head()) {
        Json report = dry(governor, {{"op", "report"}, {"tenant", tenant}});
        report.erase("head");
        report.erase("first_seq");
        levels.push_back(std::move(report));
    }
    return levels;
}

// A question that leaves nothing but a number behind, without what moves by itself.
Json AdmitDesk::dry(Governor& governor, Json request) {
    ++questions_[std::string(governor.title())];
    request["dry_run"] = true;
    const std::string payload = request.dump();
    Decoder decoder;
    const Payload decoded = decoder.decode(payload);
    Request read;
    read_request(*decoded.root, decoded.encoding, read);
    Decided decided;
    Effect effect;
    governor.decide(read, {.now = now_, .admin = true}, decided, effect);
    Writer writer(Encoding::json);
    governor.write(writer, decided, now_);
    Json reply = Json::parse(writer.bytes());
    for (const char* moving : {"seq", "at", "dry_run"}) {
        reply.erase(moving);
    }
    return reply;
}

std::uint64_t AdmitDesk::chain_length() {
    return governor("compliance/main").rules().head()->seq;
}

void AdmitDesk::Told::raise(const Event& event) {
    Writer writer(Encoding::json);
    open_event(writer, event, 1);
    writer.end_map();
    Json json = Json::parse(writer.bytes());
    json.erase("n");
    events.push_back(std::move(json));
}

void AdmitDesk::Told::note(const Change& change) {
    noted.push_back({.kind = change.kind,
                     .governor = std::string(change.governor),
                     .tenant = std::string(change.tenant),
                     .seq = change.seq,
                     .in_history = change.in_history});
}

}  // namespace flyball
