#include "tests/unit/governors/compliance_desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "schemas/decode.h"

namespace flyball {

namespace {

std::uint8_t op_number(const Compliance& rules, std::string_view name) {
    const auto ops = rules.ops();
    const auto found = std::ranges::find(ops, name, &Op::name);
    EXPECT_NE(found, ops.end()) << name;
    return static_cast<std::uint8_t>(found - ops.begin());
}

}  // namespace

std::string tenant_name(TenantIndex tenant) {
    return "tenant-" + std::to_string(tenant);
}

Tree::Map a_rule(const char* op, Tree value) {
    return {{"id", "r"}, {"actions", "*"}, {"attribute", "a"}, {"op", op}, {"value", value}};
}

Tree::List ok_rule() {
    Tree::Map rule = a_rule("eq", true);
    rule["attribute"] = "ok";
    return {rule};
}

RulesContext ComplianceDesk::some_context() {
    RulesContext context;
    context.title = "compliance/main";
    context.instance = 0x0123456789abcdef;
    context.entropy.fill(std::byte{7});
    return context;
}

ComplianceDesk::ComplianceDesk(Tree::Map settings, const RulesContext& context) : rules(context) {
    configure(std::move(settings), 0);
}

void ComplianceDesk::configure(Tree::Map settings, std::int64_t ms) {
    const auto done = rules.configure(Tree(std::move(settings)), instant_from_ms(ms));
    ASSERT_TRUE(done.has_value()) << done.error().message;
}

ComplianceAnswer ComplianceDesk::ask(std::int64_t ms, Json request, TenantIndex tenant) {
    return decide(ms, std::move(request), tenant, false);
}

ComplianceAnswer ComplianceDesk::rehearse(std::int64_t ms, Json request, TenantIndex tenant) {
    return decide(ms, std::move(request), tenant, true);
}

ComplianceAnswer ComplianceDesk::decide(std::int64_t ms, Json request, TenantIndex tenant,
                                        bool dry_run) {
    if (!request.contains("op") && !request.contains("action")) {
        request["action"] = "store";
    }
    const std::string text = request.dump();
    Decoder decoder;
    const Payload payload = decoder.decode(text);
    EXPECT_TRUE(payload.good()) << text;
    Request parsed;
    read_request(*payload.root, payload.encoding, parsed);
    Command command;
    command.op = op_number(rules, parsed.op);
    FieldReader fields(parsed.own, payload.encoding);
    rules.read(command, fields);

    ComplianceAnswer answer;
    answer.look = command.look;
    if (fields.fault()) {
        answer.reason = fields.fault().reason;
        answer.field = fields.fault().field;
        return answer;
    }
    pass_time(ms, tenant);
    const std::string name = tenant_name(tenant);
    const Case asked{.command = command,
                     .tenant = tenant,
                     .now = instant_from_ms(ms),
                     .tenant_name = name,
                     .policy_rev = policy_rev,
                     .dry_run = dry_run};
    const Judgement judgement = rules.judge(asked, effect);
    if (!dry_run) {
        put_in_place(tenant, request.value("attributes", Json::object()));
        EXPECT_EQ(judgement.state, rules.state(asked)) << text;
    }
    Writer writer;
    writer.restart(Encoding::json);
    writer.begin_map();
    rules.write(writer, asked, &judgement);
    writer.end_map();
    answer.keys = Json::parse(writer.bytes());
    answer.verdict = judgement.verdict;
    answer.reason = judgement.reason;
    answer.state = judgement.state;
    return answer;
}

void ComplianceDesk::forget(std::int64_t ms, TenantIndex tenant) {
    const std::string name = tenant_name(tenant);
    const Command command;
    effect.clear();
    rules.judge_forget({.command = command,
                        .tenant = tenant,
                        .now = instant_from_ms(ms),
                        .tenant_name = name,
                        .policy_rev = policy_rev},
                       effect);
    put_in_place(tenant, Json());
    rules.erase(tenant);
}

void ComplianceDesk::take_back(TenantIndex tenant) {
    EXPECT_TRUE(rules.apply(tenant, effect.before()));
}

void ComplianceDesk::pass_time(std::int64_t ms, TenantIndex tenant) {
    const Instant now = instant_from_ms(ms);
    for (auto due = rules.due(tenant); due && *due <= now; due = rules.due(tenant)) {
        effect.clear();
        rules.pass_time(tenant, now, effect);
        ASSERT_FALSE(effect.empty());
        put_in_place(tenant, Json());
        const auto next = rules.due(tenant);
        ASSERT_TRUE(!next || *next > *due);
    }
}

void ComplianceDesk::put_in_place(TenantIndex tenant, const Json& attributes) {
    if (effect.empty()) {
        return;
    }
    const auto before = decode_compliance_image(effect.before());
    const auto after = decode_compliance_image(effect.after());
    ASSERT_TRUE(before.has_value() && after.has_value());
    EXPECT_EQ(before->kind, ComplianceImage::Kind::tenant);
    if (after->kind == ComplianceImage::Kind::record) {
        const Salt none{};
        records.push_back({.bytes = std::string(after->record),
                           .hash = after->hash,
                           .salt = after->state.salt.value_or(before->state.salt.value_or(none)),
                           .tenant = tenant_name(tenant),
                           .attributes = attributes});
    }
    EXPECT_TRUE(rules.apply(tenant, effect.after()));
    for (std::size_t at = 0; at < effect.announced(); ++at) {
        const Announcement change = effect.announcement(at);
        EXPECT_EQ(change.kind, EventKind::state_changed);
        changes_.push_back(std::string(change.from) + ">" + std::string(change.to) + "@" +
                           std::to_string(to_ms(change.at)));
    }
}

std::vector<std::string> ComplianceDesk::take_changes() {
    return std::exchange(changes_, {});
}

std::string ComplianceDesk::image(TenantIndex tenants) const {
    std::string all;
    for (TenantIndex tenant = 0; tenant < tenants; ++tenant) {
        all += tenant_name(tenant) + ":";
        rules.walk(tenant, [&](std::span<const std::byte> bytes) {
            all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
    }
    return all;
}

bool ComplianceDesk::copy_to(Compliance& other, TenantIndex tenants) const {
    bool sound = true;
    const auto copy = [&](TenantIndex tenant) {
        rules.walk(tenant, [&](std::span<const std::byte> bytes) {
            sound = sound && other.apply(tenant, bytes);
        });
    };
    copy(no_tenant);
    for (TenantIndex tenant = 0; tenant < tenants; ++tenant) {
        copy(tenant);
    }
    return sound;
}

}  // namespace flyball
