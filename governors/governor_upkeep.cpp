// The half of Governor that is not a single request's: tenants coming and going, time passing,
// configuration, rebuilding.

#include <algorithm>

#include "governors/governor.h"
#include "governors/whole.h"
#include "schemas/duration.h"

namespace flyball {

namespace {

// How often a full table is searched for a tenant that has nothing to lose: the search walks every
// tenant (about 10 ns each), and a stranger can ask for it with every new name.
constexpr Span search_interval{1000};

}  // namespace

std::optional<TenantIndex> Governor::place_to_take(TenantIndex newest, Instant now) {
    // Further ahead than one interval: an operator has turned governor time back since.
    if (now < next_search_ && next_search_ - now <= search_interval) {
        return std::nullopt;
    }
    for (TenantIndex tenant = 0; tenant < tenants_.end(); ++tenant) {
        if (tenant != newest && tenants_.in_use(tenant) && tenants_.auto_enrolled(tenant) &&
            rules_->at_defaults(tenant, now) &&
            !ids_.remembers(ids_.tenant_tag(tenants_.name(tenant)))) {
            return tenant;
        }
    }
    next_search_ = now + search_interval;
    return std::nullopt;
}

TenantIndex Governor::enrol(std::string_view tenant, bool automatically) {
    const TenantIndex added = tenants_.add(tenant, automatically);
    try {
        rules_->enrol(added);
    } catch (...) {
        tenants_.remove(added);
        throw;
    }
    return added;
}

void Governor::make_room(TenantIndex newest, Instant now) {
    if (tenants_.size() > settings_.max_tenants) {
        const auto taken = place_to_take(newest, now);
        expects(taken.has_value(), "whoever enrols has found room");
        note({.kind = Change::Kind::removed, .tenant = tenants_.name(*taken)});
        remove(*taken);
    }
}

void Governor::remove(TenantIndex tenant) {
    due_.set(tenant, std::nullopt);
    rules_->erase(tenant);
    events_.blank(tenant);
    tenants_.remove(tenant);
}

void Governor::put_in_place(TenantIndex tenant, const Effect& effect) noexcept {
    if (!effect.empty()) {
        const bool applied = rules_->apply_effect(tenant, effect);
        expects(applied, "an image that the rules made applies");
        due_.set(tenant, rules_->due(tenant));
    }
}

void Governor::take_back(TenantIndex tenant, const Effect& effect) noexcept {
    if (!effect.before().empty()) {
        const bool applied = rules_->apply(tenant, effect.before());
        expects(applied, "the image before an effect applies");
        due_.set(tenant, rules_->due(tenant));
    }
}

void Governor::announce(const Effect& effect, std::string_view tenant,
                        std::optional<std::uint64_t> seq) {
    for (std::size_t index = 0; sink_ != nullptr && index < effect.announced(); ++index) {
        const Announcement announcement = effect.announcement(index);
        const bool hold = announcement.kind == EventKind::hold_expired;
        sink_->raise({.kind = announcement.kind,
                      .governor = title_,
                      .tenant = tenant,
                      .from = announcement.from,
                      .to = announcement.to,
                      .reason = announcement.reason,
                      .resource = hold ? std::string_view() : announcement.subject,
                      .hold = hold ? announcement.subject : std::string_view(),
                      .seq = seq,
                      .at = announcement.at});
    }
}

bool Governor::is_due(TenantIndex tenant, Instant now) const {
    return !due_.empty() && due_.first() <= now && due_.holds(tenant) && due_.due(tenant) <= now;
}

// Each step is a decision of its own: what falls due together, or was due again and again while the
// node was off, has no bound, and a record must have one.
void Governor::take_step(TenantIndex tenant, Instant now, Effect& effect) {
    effect.clear();
    rules_->pass_time(tenant, now, effect);
    expects(!effect.empty(), "what is due changes something");
    done_whole([&] {
        put_in_place(tenant, effect);
        note({.kind = Change::Kind::time,
              .tenant = tenants_.name(tenant),
              .at = now,
              .image = effect.after()});
        announce(effect, tenants_.name(tenant), std::nullopt);
        if (changes_ != nullptr) {
            changes_->end_decision();
        }
    });
    effect.clear();
}

void Governor::pass_time_of(TenantIndex tenant, Instant now, Effect& effect) {
    while (is_due(tenant, now)) {
        take_step(tenant, now, effect);
    }
}

std::size_t Governor::pass_time(Instant now, Effect& effect, std::size_t steps_max) {
    std::size_t steps = 0;
    for (; steps < steps_max && !due_.empty() && due_.first() <= now; ++steps) {
        take_step(due_.first_tenant(), now, effect);
    }
    return steps;
}

std::optional<Instant> Governor::next_due() const {
    return due_.empty() ? std::nullopt : std::optional(due_.first());
}

bool Governor::rebuild(std::unique_ptr<Rules> rules, Instant now) {
    if (!rules->configure(rules_->settings(), now)) {
        return false;
    }
    bool sound = true;
    const auto copy = [&](TenantIndex tenant) {
        rules_->walk(tenant, [&](std::span<const std::byte> image) {
            sound = sound && rules->apply(tenant, image);
        });
    };
    copy(no_tenant);
    for (TenantIndex tenant = 0; tenant < tenants_.end(); ++tenant) {
        if (tenants_.in_use(tenant)) {
            rules->enrol(tenant);
            copy(tenant);
        }
    }
    if (sound) {
        if (rules_->kept() != nullptr) {
            *rules->kept() = *rules_->kept();
        }
        rules_ = std::move(rules);
    }
    return sound;
}

std::size_t Governor::memory_bytes() const {
    return sizeof(*this) + tenants_.memory_bytes() + events_.memory_bytes() + ids_.memory_bytes() +
           due_.memory_bytes() + rules_->memory_bytes() + title_.capacity() +
           policy_rev_.capacity() + op_names_.capacity() * sizeof(op_names_[0]);
}

Tree Governor::configuration() const {
    const auto number = [](auto value) { return Tree(static_cast<std::int64_t>(value)); };
    const Tree own = rules_->settings();
    expects(own.map() != nullptr, "a type's settings are a map");
    Tree::Map all = *own.map();
    all.insert_or_assign("mode", settings_.mode == Mode::observe ? "observe" : "enforce");
    all.insert_or_assign("auto_enroll", settings_.auto_enroll);
    all.insert_or_assign("max_tenants", number(settings_.max_tenants));
    all.insert_or_assign("id_window", format_duration({.ms = settings_.id_window.count()}));
    all.insert_or_assign("ring", Tree::Map{{"capacity", number(settings_.ring_capacity)}});
    all.insert_or_assign("ids", Tree::Map{{"capacity", number(settings_.ids_capacity)}});
    return Tree(std::move(all));
}

Result<std::vector<std::string>> Governor::configure(const GovernorSettings& settings,
                                                     const Tree& own, Instant now) {
    auto restarted = rules_->configure(own, now);
    if (!restarted) {
        return restarted;
    }
    for (TenantIndex tenant = 0; tenant < tenants_.end(); ++tenant) {
        if (tenants_.in_use(tenant)) {
            due_.set(tenant, rules_->due(tenant));
        }
    }
    settings_ = settings;
    events_.set_capacity(settings.ring_capacity);
    ids_.configure(settings.ids_capacity, settings.id_window);
    return restarted;
}

}  // namespace flyball
