#include "governors/entitlement.h"

#include <algorithm>
#include <array>

namespace flyball {

namespace {

// Remembered ids hold an op's number (Command::op): append only.
enum EntitlementOp : std::uint8_t { check, get, grant, revoke, clear, set_tier, suspend, resume };
constexpr std::array<Op, 8> table = {{{"check"},
                                      {"get"},
                                      {"grant", true},
                                      {"revoke", true},
                                      {"clear", true},
                                      {"set_tier", true},
                                      {"suspend", true},
                                      {"resume", true}}};
constexpr std::array<std::string_view, 5> own_fields = {"feature", "value", "expires_at", "ttl_ms",
                                                        "tier"};
// The last millisecond of the year 9999: beyond it no date is written the usual way.
constexpr std::int64_t latest_ms = 253'402'300'799'999;

bool runs(const EntitlementEntry& entry, Instant now) {
    return !entry.revoked && (!entry.end || now < *entry.end);
}

Judgement wrong(Reason reason, std::string_view field, std::string_view expected) {
    Judgement judgement;
    judgement.verdict = Verdict::error;
    judgement.reason = reason;
    judgement.field = field;
    judgement.expected = expected;
    return judgement;
}

std::string_view state_text(bool suspended) {
    return suspended ? "suspended" : "entitled";
}

// Only `false` and what is not there at all deny.
const FeatureValue* present(const FeatureValue* value) {
    return value == nullptr || is_absent(*value) ? nullptr : value;
}

}  // namespace

std::span<const Op> Entitlement::ops() const {
    return table;
}

std::span<const std::string_view> Entitlement::field_names() const {
    return own_fields;
}

void Entitlement::read(Command& command, FieldReader& fields) const {
    switch (static_cast<EntitlementOp>(command.op)) {
        case check:
        case revoke:
        case clear:
        case grant:
            fields.required_text("feature", 1, feature_bytes_max, command.name);
            command.look = command.op == check;
            break;
        case set_tier:
            fields.required_text("tier", 1, feature_bytes_max, command.name);
            if (!fields.fault() && settings_.find(command.name) == nullptr) {
                fields.fail(Reason::bad_field, "tier", "the name of a configured tier");
            }
            break;
        case get: command.look = true; break;
        case suspend:
        case resume: break;
    }
    if (command.op != grant) {
        return;
    }
    command.value = fields.fields().take("value");
    if (command.value != nullptr && !is_feature(*command.value)) {
        fields.fail(Reason::bad_field, "value",
                    "true, false, an integer or a text of at most 1024 bytes");
    } else if (command.value != nullptr && command.value->is(Kind::boolean) &&
               command.value->boolean) {
        command.value = nullptr;  // the default, written out
    }
    const bool at = fields.integer("expires_at", 0, latest_ms, command.second);
    const bool span = fields.integer("ttl_ms", 1, latest_ms, command.second);
    if (at && span) {
        fields.fail(Reason::bad_field, "ttl_ms", "left out beside expires_at: a grant has one end");
    }
    command.has_second = at || span;
    command.flag = span;
}

Entitlement::Answer Entitlement::answer(const Tenant& tenant, std::string_view feature,
                                        Instant now) const {
    if (tenant.suspended) {
        return {.reason = Reason::suspended};
    }
    const EntitlementEntry* entry = entry_of(tenant, feature);
    if (entry != nullptr && entry->revoked) {
        return {.reason = Reason::revoked};
    }
    if (entry != nullptr && runs(*entry, now)) {
        const FeatureValue* value = present(&entry->value);
        return {.reason = value == nullptr ? Reason::not_entitled : Reason::none,
                .value = value,
                .grant = entry};
    }
    const FeatureValue* value = present(tier_of(tenant).find(feature));
    if (value != nullptr) {
        return {.reason = Reason::none, .value = value};
    }
    return {.reason = entry == nullptr ? Reason::not_entitled : Reason::expired};
}

Judgement Entitlement::judge(const Case& asked, Effect& effect) const {
    effect.clear();
    const Tenant& tenant = tenant_of(asked.tenant);
    Judgement judgement;  // the one that every return names, so that it is made where it stays
    judgement.state = state_text(tenant.suspended);
    judgement.verdict = asked.command.op == check ? Verdict::allow : Verdict::ok;
    switch (static_cast<EntitlementOp>(asked.command.op)) {
        case check: {
            const Answer found = answer(tenant, asked.command.name, asked.now);
            judgement.reason = found.reason;
            judgement.verdict = found.value == nullptr ? Verdict::deny : Verdict::allow;
            break;
        }
        case get: break;
        case grant: judgement = judge_grant(asked, effect); break;
        case revoke:
            if (entry_of(tenant, asked.command.name) == nullptr &&
                tenant.entries.size() >= entries_max) {
                judgement =
                    wrong(Reason::bad_field, "feature", "one of the 256 that the tenant has");
                return judgement;
            }
            set_entry(asked, EntitlementEntry{.revoked = true}, effect);
            break;
        case clear: set_entry(asked, std::nullopt, effect); break;
        case set_tier: set_tenant(asked, asked.command.name, tenant.suspended, effect); break;
        case suspend:
        case resume: {
            const bool suspended = asked.command.op == suspend;
            set_tenant(asked, tier_names_[tenant.tier], suspended, effect);
            judgement.state = state_text(suspended);
            break;
        }
    }
    return judgement;
}

Judgement Entitlement::judge_grant(const Case& asked, Effect& effect) const {
    const Command& command = asked.command;
    const Tenant& tenant = tenant_of(asked.tenant);
    EntitlementEntry entry;
    if (command.value != nullptr) {
        entry.value = feature_of(*command.value);
    }
    if (command.has_second) {
        if (!asked.clock_known) {
            return wrong(Reason::clock_unset, command.flag ? "ttl_ms" : "expires_at", "");
        }
        const Instant end =
            command.flag ? asked.now + Span{command.second} : instant_from_ms(command.second);
        if (end <= asked.now || to_ms(end) > latest_ms) {
            return wrong(Reason::bad_field, command.flag ? "ttl_ms" : "expires_at",
                         "a time in the future, before the year 10000");
        }
        entry.end = end;
    }
    if (entry_of(tenant, command.name) == nullptr && tenant.entries.size() >= entries_max) {
        return wrong(Reason::bad_field, "feature",
                     "one of the 256 that the tenant has: `clear` one first");
    }
    set_entry(asked, entry, effect);
    Judgement judgement;
    judgement.verdict = Verdict::ok;
    judgement.state = state_text(tenant.suspended);
    return judgement;
}

void Entitlement::set_entry(const Case& asked, const std::optional<EntitlementEntry>& entry,
                            Effect& effect) const {
    const EntitlementEntry* before = entry_of(tenant_of(asked.tenant), asked.command.name);
    if ((before == nullptr && !entry) || (before != nullptr && entry && *before == *entry)) {
        return;
    }
    EntitlementImage image{.kind = EntitlementImage::Kind::feature,
                           .suspended = false,
                           .name = asked.command.name,
                           .entry = entry};
    encode(image, effect.begin_after());
    image.entry = before == nullptr ? std::nullopt : std::optional(*before);
    encode(image, effect.begin_before());
}

void Entitlement::set_tenant(const Case& asked, std::string_view tier, bool suspended,
                             Effect& effect) const {
    const Tenant& before = tenant_of(asked.tenant);
    const std::string_view old_tier = tier_names_[before.tier];
    if (old_tier == tier && before.suspended == suspended) {
        return;
    }
    EntitlementImage image{.kind = EntitlementImage::Kind::tenant,
                           .suspended = suspended,
                           .name = tier,
                           .entry = std::nullopt};
    encode(image, effect.begin_after());
    image.suspended = before.suspended;
    image.name = old_tier;
    encode(image, effect.begin_before());
    if (before.suspended != suspended) {
        effect.announce({.kind = EventKind::state_changed,
                         .from = state_text(before.suspended),
                         .to = state_text(suspended),
                         .at = asked.now});
    }
}

void Entitlement::write(Writer& writer, const Case& asked, const Judgement* /*judgement*/) const {
    const Tenant& tenant = tenant_of(asked.tenant);
    const std::string_view name = asked.command.name;
    switch (static_cast<EntitlementOp>(asked.command.op)) {
        case check:
        case grant:
        case revoke:
        case clear: {
            writer.field("feature", name);
            const Answer found = answer(tenant, name, asked.now);
            if (found.value != nullptr) {
                writer.key("value");
                write_feature(writer, *found.value);
                writer.field("source", found.grant != nullptr ? "grant" : "tier");
            }
            writer.field("tier", std::string_view(tier_of(tenant).name));
            if (found.value != nullptr && found.grant != nullptr && found.grant->end) {
                writer.field("expires_in_ms", (*found.grant->end - asked.now).count());
            }
            break;
        }
        case get:
            writer.field("tier", std::string_view(tier_of(tenant).name));
            write_features(writer, tenant, asked.now);
            write_entries(writer, tenant, asked.now);
            break;
        case set_tier:
        case suspend:
        case resume: writer.field("tier", std::string_view(tier_of(tenant).name)); break;
    }
}

// What a check of each would give, by name: the tier's and the tenant's own, merged.
void Entitlement::write_features(Writer& writer, const Tenant& tenant, Instant now) const {
    writer.key("features");
    writer.begin_map();
    const auto& of_tier = tier_of(tenant).features;
    auto from_tier = of_tier.begin();
    auto own = tenant.entries.begin();
    while (from_tier != of_tier.end() || own != tenant.entries.end()) {
        const bool own_next = from_tier == of_tier.end() ||
                              (own != tenant.entries.end() && own->first <= from_tier->first);
        const std::string& name = own_next ? own->first : from_tier->first;
        if (const Answer found = answer(tenant, name, now); found.value != nullptr) {
            writer.key(std::string_view(name));
            write_feature(writer, *found.value);
        }
        const bool both = own_next && from_tier != of_tier.end() && from_tier->first == name;
        from_tier += !own_next || both ? 1 : 0;
        own += own_next ? 1 : 0;
    }
    writer.end_map();
}

void Entitlement::write_entries(Writer& writer, const Tenant& tenant, Instant now) {
    writer.key("grants");
    writer.begin_array();
    for (const auto& [feature, entry] : tenant.entries) {
        if (entry.revoked) {
            continue;
        }
        writer.begin_map();
        writer.field("feature", std::string_view(feature));
        writer.key("value");
        write_feature(writer, entry.value);
        if (entry.end) {
            writer.field("expires_at", to_ms(*entry.end));
            writer.field("expires_in_ms", std::max(*entry.end - now, Span{0}).count());
        }
        writer.end_map();
    }
    writer.end_array();
    writer.key("revoked");
    writer.begin_array();
    for (const auto& [feature, entry] : tenant.entries) {
        if (entry.revoked) {
            writer.text(feature);
        }
    }
    writer.end_array();
}

std::string_view Entitlement::state(const Case& asked) const {
    return state_text(tenant_of(asked.tenant).suspended);
}

}  // namespace flyball
