#include "governors/compliance.h"

#include <algorithm>
#include <array>

#include "governors/compliance_attributes.h"

namespace flyball {

namespace {

// Remembered ids hold an op's number (Command::op): append only.
enum Ops : std::uint8_t { check, get, report, remediate };
constexpr std::array<Op, 4> table = {{{"check"}, {"get"}, {"report"}, {"remediate", true}}};
constexpr std::array<std::string_view, 2> own_fields = {"action", "attributes"};
constexpr std::size_t action_bytes_max = 64;
constexpr std::string_view expected_attributes =
    "a map of at most 64 strings, integers and booleans by name";
// No action that a check names can be taken for one: the chain's own begin with this.
constexpr std::string_view remediate_action = "!remediate";
constexpr std::string_view forget_action = "!forget";

constexpr std::uint64_t bit(std::size_t place) {
    return std::uint64_t{1} << place;
}

bool is_attribute(const Value& value) {
    return value.is(Kind::text) || value.is(Kind::integer) || value.is(Kind::boolean);
}

}  // namespace

Compliance::Compliance(const RulesContext& context)
    : scratch_(std::make_unique<Scratch>()),
      salts_(context.entropy, context.title, scratch_->hasher) {
    head_ = audit_start(scratch_->hasher, context.instance, context.title);
    if (context.keeps_records) {
        kept_.from_the_start();
    }
}

std::span<const Op> Compliance::ops() const {
    return table;
}

std::span<const std::string_view> Compliance::field_names() const {
    return own_fields;
}

void Compliance::read(Command& command, FieldReader& fields) const {
    if (command.op == check) {
        fields.required_text("action", 1, action_bytes_max, command.name);
        read_attributes(command, fields);
    }
    command.look = command.op == get || command.op == report;
}

void Compliance::read_attributes(Command& command, FieldReader& fields) const {
    const Value* map = fields.fields().take("attributes");
    if (map == nullptr) {
        return;
    }
    if (!map->is(Kind::map) || map->count > attributes_max) {
        fields.fail(Reason::bad_field, "attributes", expected_attributes);
        return;
    }
    const Value* name = map->first_child();
    for (std::uint32_t at = 0; at < map->count; ++at) {
        const Value* value = name->next_sibling();
        if (!name->is(Kind::text)) {
            fields.fail(Reason::bad_field, "attributes", expected_attributes);
            return;
        }
        if (!is_attribute(*value)) {
            scratch_->path.assign("attributes.").append(name->text());
            fields.fail(Reason::bad_field, scratch_->path,
                        "a string, an integer of 64 bits or a boolean");
            return;
        }
        name = value->next_sibling();
    }
    command.value = map->count == 0 ? nullptr : map;
}

Judgement Compliance::judge(const Case& asked, Effect& effect) const {
    effect.clear();
    switch (static_cast<Ops>(asked.command.op)) {
        case check: return judge_check(asked, effect);
        case remediate: return judge_remediate(asked, effect);
        case get:
        case report: break;
    }
    Judgement judgement;
    judgement.verdict = asked.command.op == get ? Verdict::ok : Verdict::allow;
    judgement.state = state(asked);
    return judgement;
}

Judgement Compliance::judge_check(const Case& asked, Effect& effect) const {
    const ComplianceAttributes given(asked.command.value);
    const ComplianceState before = load(asked.tenant);
    ComplianceState after = before;
    Judgement judgement;
    judgement.detail = violations(asked.command.name, given);
    const bool violated = (judgement.detail & denying_rules_) != 0;
    ++after.checks;
    if (settings_.lockout && before.standing == ComplianceStanding::non_compliant) {
        judgement.reason = Reason::locked_out;
    } else if (violated) {
        judgement.reason = Reason::violation;
        strike(after, asked.now);
    } else if (before.standing == ComplianceStanding::remediation) {
        after.standing = ComplianceStanding::compliant;
    }
    if (judgement.reason != Reason::none) {
        judgement.verdict = Verdict::deny;
        ++after.denied;
    } else if (judgement.detail != 0) {
        ++after.warned;
    }
    judgement.state = to_text(after.standing);
    if (asked.undoable) {
        put_before(before, effect);
    }
    announce(before, after, judgement.reason, asked.now, effect);
    if (asked.dry_run) {
        put_state(after, effect);
        return judgement;
    }
    after.salt = salt_of(before);
    AuditRecord& record = record_of(asked, asked.command.name, judgement, *after.salt);
    record.attrs = given.hash(scratch_->hasher, *after.salt, scratch_->hashed);
    for (std::size_t place = 0; place < settings_.rules.size(); ++place) {
        if ((judgement.detail & bit(place)) != 0) {
            record.add_violation(settings_.rules[place].id);
        }
    }
    put_record(record, after, effect);
    return judgement;
}

std::uint64_t Compliance::violations(std::string_view action,
                                     const ComplianceAttributes& given) const {
    std::uint64_t violated = 0;
    for (std::size_t place = 0; place < settings_.rules.size(); ++place) {
        const ComplianceRule& rule = settings_.rules[place];
        if (rule.governs(action) && rule.violated_by(given.find(rule.attribute))) {
            violated |= bit(place);
        }
    }
    return violated;
}

// Keeps the strikes that are in the window, the newest as many as it takes. Sorted, because an
// operator may have turned governor time back since the last.
void Compliance::strike(ComplianceState& state, Instant now) const {
    const auto begin = state.strikes.at.begin();
    auto end = begin + static_cast<std::ptrdiff_t>(state.strikes.count);
    end = std::remove_if(begin, end,
                         [&](Instant strike) { return strike + settings_.strike_window <= now; });
    if (const auto most = static_cast<std::ptrdiff_t>(settings_.strikes) - 1; end - begin > most) {
        end = std::move(end - most, end, begin);
    }
    const auto place = std::upper_bound(begin, end, now);
    std::move_backward(place, end, end + 1);
    *place = now;
    state.strikes.count = static_cast<std::size_t>(end + 1 - begin);
    if (state.strikes.count >= settings_.strikes) {
        state.standing = ComplianceStanding::non_compliant;
    }
}

Judgement Compliance::judge_remediate(const Case& asked, Effect& effect) const {
    const ComplianceState before = load(asked.tenant);
    ComplianceState after = before;
    after.standing = ComplianceStanding::remediation;
    after.strikes.count = 0;
    Judgement judgement;
    judgement.verdict = Verdict::ok;
    judgement.state = to_text(after.standing);
    put_before(before, effect);
    announce(before, after, Reason::none, asked.now, effect);
    if (asked.dry_run) {
        put_state(after, effect);
    } else {
        after.salt = salt_of(before);
        put_record(record_of(asked, remediate_action, judgement, *after.salt), after, effect);
    }
    return judgement;
}

// The tenant's salt goes with it: the image after it has none.
void Compliance::judge_forget(const Case& asked, Effect& effect) const {
    const ComplianceState before = load(asked.tenant);
    Judgement judgement;
    judgement.verdict = Verdict::ok;
    put_before(before, effect);
    put_record(record_of(asked, forget_action, judgement, salt_of(before)), {}, effect);
}

Salt Compliance::salt_of(const ComplianceState& state) const {
    return state.salt.value_or(salts_.next());
}

AuditRecord& Compliance::record_of(const Case& asked, std::string_view action,
                                   const Judgement& judgement, const Salt& salt) const {
    AuditRecord& record = scratch_->making;
    record.action = action;
    record.at = asked.now;
    record.attrs.reset();
    record.violation_count = 0;
    record.decision = to_text(judgement.verdict);
    record.policy_rev = asked.policy_rev;
    record.reason = to_text(judgement.reason);
    record.seq = head_.seq + 1;
    record.tenant = salted_hash(scratch_->hasher, salt, asked.tenant_name);
    return record;
}

void Compliance::put_record(const AuditRecord& record, const ComplianceState& after,
                            Effect& effect) const {
    scratch_->after = {};  // until the link is made: hashing may throw
    scratch_->record.clear();
    append_audit_record(scratch_->record, record);
    scratch_->before = head_.hash;
    scratch_->after = audit_link(scratch_->hasher, head_.hash, scratch_->record.bytes());
    encode_record(after, scratch_->after, scratch_->record.bytes(), effect.begin_after());
}

void Compliance::put_state(const ComplianceState& after, Effect& effect) const {
    encode_tenant(after, effect.begin_after());
}

void Compliance::put_before(const ComplianceState& before, Effect& effect) const {
    encode_tenant(before, effect.begin_before());
}

void Compliance::announce(const ComplianceState& before, const ComplianceState& after,
                          Reason reason, Instant at, Effect& effect) {
    if (before.standing != after.standing) {
        effect.announce({.kind = EventKind::state_changed,
                         .from = to_text(before.standing),
                         .to = to_text(after.standing),
                         .reason = reason,
                         .at = at});
    }
}

bool Compliance::continues(const ComplianceImage& image) const {
    if (same_hash(scratch_->before, head_.hash) && same_hash(scratch_->after, image.hash) &&
        scratch_->record.bytes() == image.record) {
        return true;
    }
    const auto record = read_audit_record(image.record, scratch_->hashed);
    return record && record->seq == head_.seq + 1 &&
           audit_link(scratch_->hasher, head_.hash, image.record) == image.hash;
}

bool Compliance::apply(TenantIndex tenant, std::span<const std::byte> image) {
    const auto decoded = decode_compliance_image(image);
    if (!decoded) {
        return false;
    }
    switch (decoded->kind) {
        case ComplianceImage::Kind::chain:
            if (tenant != no_tenant) {
                return false;
            }
            head_ = decoded->head;
            kept_.restored(decoded->first_seq, head_.seq);
            // Rules that are made anew begin with the same salts, but never at the same head.
            salts_.stir(head_.hash, scratch_->hasher);
            return true;
        case ComplianceImage::Kind::record:
            if (!continues(*decoded)) {
                return false;
            }
            head_ = {.seq = head_.seq + 1, .hash = decoded->hash};
            if (const Tenant* known = find(tenant); known == nullptr || !known->has_salt) {
                salts_.advance(scratch_->hasher);
            }
            break;
        case ComplianceImage::Kind::tenant:
            if (tenant == no_tenant) {
                return false;
            }
            break;
    }
    if (tenant != no_tenant) {
        store(tenant, decoded->state);
    }
    return true;
}

// A tenant that too few strikes have made non-compliant became so under other settings.
std::optional<Instant> Compliance::due(TenantIndex tenant) const {
    const Tenant* known = find(tenant);
    if (known == nullptr || settings_.lockout ||
        known->standing != ComplianceStanding::non_compliant) {
        return std::nullopt;
    }
    const std::size_t count = known->strikes.size();
    Instant due{};
    if (count >= settings_.strikes) {
        due = known->strikes[count - settings_.strikes] + settings_.strike_window;
    } else if (count > 0) {
        due = known->strikes.back();
    }
    return std::max(due, changed_at_.value_or(due));
}

void Compliance::pass_time(TenantIndex tenant, Instant now, Effect& effect) const {
    const auto at = due(tenant);
    if (!at || *at > now) {
        return;
    }
    const ComplianceState before = load(tenant);
    ComplianceState after = before;
    after.standing = ComplianceStanding::compliant;
    const auto all = after.all_strikes();
    const auto gone = std::ranges::find_if(
        all, [&](Instant strike) { return strike + settings_.strike_window > now; });
    std::copy(gone, all.end(), after.strikes.at.begin());
    after.strikes.count = static_cast<std::size_t>(all.end() - gone);
    put_before(before, effect);
    put_state(after, effect);
    announce(before, after, Reason::none, *at, effect);
}

std::string_view Compliance::state(const Case& asked) const {
    const Tenant* tenant = find(asked.tenant);
    return to_text(tenant == nullptr ? ComplianceStanding::compliant : tenant->standing);
}

void Compliance::write(Writer& writer, const Case& asked, const Judgement* judgement) const {
    if (asked.command.op == report) {
        write_report(writer, asked.tenant);
    }
    if (judgement == nullptr || asked.command.look) {
        return;
    }
    if (judgement->detail != 0) {
        writer.key("violations");
        writer.begin_array();
        for (std::size_t place = 0; place < settings_.rules.size(); ++place) {
            if ((judgement->detail & bit(place)) != 0) {
                writer.text(settings_.rules[place].id);
            }
        }
        writer.end_array();
    }
    if (!asked.dry_run && judgement->reason != Reason::unknown_tenant) {
        write_chain_place(writer, "audit");
    }
}

void Compliance::write_report(Writer& writer, TenantIndex tenant) const {
    const ComplianceState state = load(tenant);
    writer.field("checks", state.checks);
    writer.field("denied", state.denied);
    writer.field("warned", state.warned);
    writer.field("first_seq", kept_.first_seq() != 0 ? kept_.first_seq() : head_.seq + 1);
    write_chain_place(writer, "head");
}

void Compliance::write_chain_place(Writer& writer, std::string_view key) const {
    writer.key(key);
    writer.begin_map();
    writer.field("seq", head_.seq);
    writer.field("hash", HexHash(head_.hash).text());
    writer.end_map();
}

}  // namespace flyball
