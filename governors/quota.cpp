#include "governors/quota.h"

#include <algorithm>
#include <array>
#include <limits>

#include "governors/quota_settings.h"
#include "schemas/short_text.h"

namespace flyball {

namespace {

// Remembered ids hold an op's number (Command::op): append only.
enum QuotaOp : std::uint8_t { check, release, get, refund, reset, set_limit, set };
constexpr std::array<Op, 7> table = {{
    {"check"},
    {"release"},
    {"get"},
    {"refund", true},
    {"reset", true},
    {"set_limit", true},
    {"set", true},
}};
constexpr std::array<std::string_view, 6> own_fields = {"resource", "hits",  "partial",
                                                        "limit",    "burst", "value"};
constexpr std::string_view default_resource = "api_calls";
constexpr std::string_view known_resource = "the name of a configured resource";
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

bool is_gauge(const QuotaRule& rule) {
    return rule.algorithm == QuotaAlgorithm::gauge;
}

// What the op of another algorithm should have been; empty when the op is one of this rule's.
std::string_view expected_op(std::uint8_t op, const QuotaRule& rule) {
    if (op == refund && is_gauge(rule)) {
        return "release or set: the resource is a gauge";
    }
    if ((op == release || op == set) && !is_gauge(rule)) {
        return "refund or reset: the resource is no gauge";
    }
    return {};
}

void announce_crossing(QuotaState from, QuotaState to, const QuotaRule& rule, Instant now,
                       Effect& effect) {
    if (to > from) {
        const bool exceeded = to == QuotaState::exceeded;
        effect.announce({.kind = exceeded ? EventKind::quota_exceeded : EventKind::quota_warning,
                         .from = to_text(from),
                         .to = to_text(to),
                         .subject = rule.name,
                         .at = now});
    }
}

Judgement refusal(Verdict verdict, Reason reason) {
    Judgement judgement;
    judgement.verdict = verdict;
    judgement.reason = reason;
    return judgement;
}

Judgement wrong(std::string_view field, std::string_view expected) {
    Judgement judgement = refusal(Verdict::error, Reason::bad_field);
    judgement.field = field;
    judgement.expected = expected;
    return judgement;
}

QuotaTerms own_or_usual(const QuotaRule& rule, const std::optional<QuotaOverride>& terms) {
    return terms ? QuotaTerms{terms->limit, terms->burst.value_or(terms->limit)}
                 : QuotaTerms{rule.limit, rule.burst};
}

void write_meter(Writer& writer, const QuotaMeter& meter) {
    writer.fields(Field{"limit", meter.limit()}, Field{"used", meter.used()},
                  Field{"remaining", meter.remaining()});
    if (const auto reset_ms = meter.reset_ms()) {
        writer.field("reset_ms", *reset_ms);
    }
}

}  // namespace

Quota::Quota() {
    auto rules = read_quota_rules(Tree());
    expects(rules.has_value(), "the default resources are sound");
    for (QuotaRule& rule : *rules) {
        resources_.emplace_back(std::move(rule));
    }
}

std::span<const Op> Quota::ops() const {
    return table;
}

std::span<const std::string_view> Quota::field_names() const {
    return own_fields;
}

void Quota::read(Command& command, FieldReader& fields) const {
    command.name = command.op == get ? std::string_view() : default_resource;
    fields.text("resource", 1, resource_name_bytes_max, command.name);
    const Resource* resource = find(command.name);
    if (resource != nullptr) {
        command.place = static_cast<std::uint32_t>(resource - resources_.data());
    }
    if (resource == nullptr && table[command.op].admin) {
        fields.fail(Reason::bad_field, "resource", known_resource);
    } else if (resource != nullptr && !expected_op(command.op, resource->rule).empty()) {
        fields.fail(Reason::bad_field, "op", expected_op(command.op, resource->rule));
    }
    switch (command.op) {
        case check:
        case release:
        case refund:
            command.amount = 1;
            fields.integer("hits", 0, most, command.amount);
            command.look = command.op != refund && command.amount == 0;
            if (command.op == check) {
                fields.boolean("partial", command.flag);
            }
            break;
        case get: command.look = true; break;
        case reset: break;
        case set_limit:
            fields.required_integer("limit", -1, most, command.amount);
            // Another algorithm has no burst: there the key is one of the ignored.
            if (resource != nullptr && resource->rule.algorithm == QuotaAlgorithm::bucket) {
                command.has_second = fields.integer("burst", 0, most, command.second);
            }
            if (command.has_second && command.amount == -1) {
                fields.fail(Reason::bad_field, "burst", "none when the limit is -1");
            }
            break;
        case set: fields.required_integer("value", 0, most, command.amount); break;
    }
}

Judgement Quota::judge(const Case& asked, Effect& effect) const {
    const Command& command = asked.command;
    effect.clear();
    const bool admin = table[command.op].admin;
    const Resource* resource = resource_of(command);
    Judgement judgement;  // the one that every return names, so that it is made where it stays
    if (resource == nullptr && !(command.op == get && command.name.empty())) {
        judgement = admin ? wrong("resource", known_resource)
                          : refusal(Verdict::deny, Reason::unknown_resource);
        return judgement;
    }
    judgement.verdict = admin || command.op == get ? Verdict::ok : Verdict::allow;
    judgement.amount = command.amount;
    if (command.op == get) {
        return judgement;
    }
    if (const std::string_view expected = expected_op(command.op, resource->rule);
        !expected.empty()) {
        judgement = wrong("op", expected);
        return judgement;
    }
    const auto place = static_cast<std::size_t>(resource - resources_.data());
    ++stamp_;
    Change& after = latest_.emplace(place, *resource, asked);
    const QuotaSlot before = after.meter.slot();
    if (command.op == check) {
        judge_check(command, after.meter, judgement);
    } else {
        change(command, *resource, after);
    }
    if (judgement.verdict != Verdict::deny) {
        const QuotaState state = after.meter.state();
        judgement.state = to_text(state);
        if (after.meter.slot() != before ||
            (command.op == set_limit &&
             after.override_terms != resource->override_of(asked.tenant))) {
            set_effect(asked, after, effect);
            if (state != QuotaState::normal) {
                announce_crossing(resource->meter(asked.tenant, asked.now).state(), state,
                                  resource->rule, asked.now, effect);
            }
        }
    }
    return judgement;
}

// Adds to a judgement that allows.
void Quota::judge_check(const Command& command, QuotaMeter& meter, Judgement& judgement) {
    std::int64_t hits = command.amount;
    if (command.flag && hits > 0) {
        hits = std::min(hits, meter.remaining());
        judgement.granted = hits;
    }
    const bool fits = hits <= meter.remaining() && (hits > 0 || command.amount == 0);
    if (fits) {
        judgement.amount = hits;
        meter.take(hits);
        return;
    }
    judgement.verdict = Verdict::deny;
    const bool never = !command.flag && hits > meter.limit();
    judgement.reason = never ? Reason::exceeds_limit : Reason::quota_exceeded;
    // A partial request is content with the first hit that comes free.
    judgement.retry_after_ms = meter.retry_after_ms(command.flag ? 1 : hits);
}

void Quota::change(const Command& command, const Resource& resource, Change& change) {
    switch (static_cast<QuotaOp>(command.op)) {
        case release:
        case refund: change.meter.give_back(command.amount); break;
        case reset: change.meter.reset(); break;
        case set: change.meter.set_level(command.amount); break;
        case set_limit:
            change.override_terms.reset();
            if (command.amount >= 0) {
                change.override_terms = QuotaOverride{.limit = command.amount, .burst = {}};
                if (command.has_second) {
                    change.override_terms->burst = command.second;
                }
            }
            change.meter.change_terms(own_or_usual(resource.rule, change.override_terms));
            break;
        case check:
        case get: expects(false, "an op that changes something"); break;
    }
}

void Quota::set_effect(const Case& asked, const Change& change, Effect& effect) const {
    const Resource& resource = resources_[change.place];
    encode_quota_image(resource.rule.name, resource.tag, change.meter.slot(), change.override_terms,
                       effect.begin_after(stamp_));
    if (asked.undoable) {
        encode_quota_image(resource.rule.name, resource.tag, resource.slot(asked.tenant),
                           resource.override_of(asked.tenant), effect.begin_before());
    }
}

bool Quota::apply(TenantIndex tenant, std::span<const std::byte> image) {
    const auto decoded = decode_quota_image(image);
    if (!decoded || tenant == no_tenant) {
        return false;
    }
    Resource* resource = find(decoded->resource);
    if (resource == nullptr) {
        return true;
    }
    if (decoded->rule_tag == resource->tag) {
        if (!sound_quota_slot(resource->rule.algorithm, decoded->slot)) {
            return false;
        }
        resource->slots.at(tenant) = decoded->slot;
    }
    resource->set_override(tenant, decoded->override_terms);
    return true;
}

bool Quota::apply_effect(TenantIndex tenant, const Effect& effect) {
    if (effect.stamp() != stamp_ || !latest_ || tenant == no_tenant) {
        return apply(tenant, effect.after());
    }
    Resource& resource = resources_[latest_->place];
    if (!sound_quota_slot(resource.rule.algorithm, latest_->meter.slot())) {
        return false;
    }
    resource.slots.at(tenant) = latest_->meter.slot();
    if (latest_->override_terms || resource.overrides != nullptr) {
        resource.set_override(tenant, latest_->override_terms);
    }
    return true;
}

void Quota::write(Writer& writer, const Case& asked, const Judgement* /*judgement*/) const {
    const Command& command = asked.command;
    const Resource* resource = resource_of(command);
    if (command.op == get && (resource != nullptr || command.name.empty())) {
        write_all(writer, asked);
        return;
    }
    writer.field("resource", command.name);
    if (resource != nullptr) {
        write_levels(writer, *resource, asked);
    }
}

// As nothing has changed since, nearly always, the newest judgement's meter serves.
void Quota::write_levels(Writer& writer, const Resource& resource, const Case& asked) const {
    if (latest_ && &resources_[latest_->place] == &resource &&
        latest_->meter.is_of(resource.terms_of(asked.tenant), resource.slot(asked.tenant),
                             asked.now)) {
        write_meter(writer, latest_->meter);
    } else {
        write_meter(writer, resource.meter(asked.tenant, asked.now));
    }
}

void Quota::write_all(Writer& writer, const Case& asked) const {
    const std::string_view wanted = asked.command.name;
    writer.key("resources");
    writer.begin_map();
    for (const Resource& resource : resources_) {
        if (wanted.empty() || wanted == resource.rule.name) {
            writer.key(resource.rule.name);
            writer.begin_map();
            write_meter(writer, resource.meter(asked.tenant, asked.now));
            writer.field("overridden", resource.override_of(asked.tenant).has_value());
            writer.end_map();
        }
    }
    writer.end_map();
}

std::string_view Quota::state(const Case& asked) const {
    if (asked.command.op == get && asked.command.name.empty()) {
        QuotaState worst = QuotaState::normal;
        for (const Resource& resource : resources_) {
            worst = std::max(worst, resource.meter(asked.tenant, asked.now).state());
        }
        return to_text(worst);
    }
    const Resource* resource = resource_of(asked.command);
    return resource == nullptr ? std::string_view()
                               : to_text(resource->meter(asked.tenant, asked.now).state());
}

void Quota::enrol(TenantIndex tenant) {
    expects(at_defaults(tenant, Instant{}), "a place that is given out was cleared");
}

void Quota::erase(TenantIndex tenant) {
    for (Resource& resource : resources_) {
        resource.slots.clear(tenant);
        resource.set_override(tenant, std::nullopt);
    }
}

bool Quota::at_defaults(TenantIndex tenant, Instant now) const {
    return std::ranges::all_of(resources_, [&](const Resource& resource) {
        return !resource.override_of(tenant) && resource.meter(tenant, now).unused();
    });
}

// One after the other: there are a few as a rule, and names of other lengths need no comparison.
const Quota::Resource* Quota::find(std::string_view name) const {
    for (const Resource& resource : resources_) {
        if (same_text(resource.rule.name, name)) {
            return &resource;
        }
    }
    return nullptr;
}

const Quota::Resource* Quota::resource_of(const Command& command) const {
    return command.place < resources_.size() ? &resources_[command.place] : find(command.name);
}

Quota::Resource* Quota::find(std::string_view name) {
    const Resource* found = std::as_const(*this).find(name);
    return found == nullptr ? nullptr
                            : &resources_[static_cast<std::size_t>(found - resources_.data())];
}

QuotaSlot Quota::Resource::slot(TenantIndex tenant) const {
    return slots.of(tenant);
}

std::optional<QuotaOverride> Quota::Resource::override_of(TenantIndex tenant) const {
    if (overrides == nullptr) {
        return std::nullopt;
    }
    const auto place = overrides->find(tenant);
    return place == overrides->end() ? std::nullopt : std::optional(place->second);
}

QuotaTerms Quota::Resource::terms_of(TenantIndex tenant) const {
    return overrides == nullptr ? QuotaTerms{rule.limit, rule.burst}
                                : own_or_usual(rule, override_of(tenant));
}

QuotaMeter Quota::Resource::meter(TenantIndex tenant, Instant now) const {
    if (rule.windowed() && !window.holds(now)) {
        window = window_at(rule.window, rule.anchor, now);
    }
    return {rule, terms_of(tenant), slot(tenant), now, window};
}

}  // namespace flyball
