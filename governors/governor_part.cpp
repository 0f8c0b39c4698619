// The half of Governor that an admit asks: one part, judged, put in place, kept or taken back.

#include <algorithm>
#include <new>
#include <type_traits>

#include "governors/governor.h"

namespace flyball {

Fault Governor::read_part(Part& part, Fields& fields, Encoding encoding) const {
    part.command = {};
    part.command.op = admit_op_;
    FieldReader reader(fields, encoding);
    rules_->read(part.command, reader);
    return reader.fault();
}

Reason Governor::find_part_place(Part& part, const Occasion& occasion) {
    part.tenant = tenants_.find(part.tenant_name);
    if (part.tenant != no_tenant || part.command.look) {
        return Reason::none;
    }
    const Newcomer newcomer = rules_->newcomer(part.command);
    const bool enrols = newcomer == Newcomer::enrols ||
                        (newcomer == Newcomer::by_settings && settings_.auto_enroll);
    return !enrols || has_room(occasion.now) ? Reason::none : Reason::tenant_limit;
}

void Governor::judge_part(Part& part, const Occasion& occasion) {
    if (part.tenant == no_tenant) {  // another part may have enrolled it since it got its place
        part.tenant = tenants_.find(part.tenant_name);
    }
    if (is_due(part.tenant, occasion.now)) {
        pass_time_of(part.tenant, occasion.now, part.effect);
    }
    events_.make_room();  // for keep(), which is too late to have none
    part.effect.clear();
    part.enrolled = false;
    const Newcomer newcomer = rules_->newcomer(part.command);
    const bool stranger =
        part.tenant == no_tenant && (newcomer == Newcomer::unknown ||
                                     (newcomer == Newcomer::by_settings && !settings_.auto_enroll));
    if (stranger) {
        part.judgement = {};
        part.judgement.verdict = Verdict::deny;
        part.judgement.reason = Reason::unknown_tenant;
    } else {
        static_assert(std::is_trivially_destructible_v<Judgement>);
        new (&part.judgement) Judgement(rules_->judge({.command = part.command,
                                                       .tenant = part.tenant,
                                                       .now = occasion.now,
                                                       .tenant_name = part.tenant_name,
                                                       .policy_rev = policy_rev_,
                                                       .clock_known = occasion.clock_known,
                                                       .dry_run = part.dry_run},
                                                      part.effect));
    }
    part.would_deny = part.judgement.verdict == Verdict::deny && settings_.mode == Mode::observe;
    if (!part.effect.empty()) {
        if (part.tenant == no_tenant) {
            part.tenant = enrol(part.tenant_name, true);  // nobody gives way before keep()
            part.enrolled = true;
        }
        put_in_place(part.tenant, part.effect);
    }
}

void Governor::take_back(Part& part) noexcept {
    if (part.effect.empty()) {
        return;
    }
    take_back(part.tenant, part.effect);
    // A chain goes on from the record of what was judged, whatever became of it.
    const bool chained = !part.dry_run && rules_->head().has_value();
    if (chained) {
        keep_part(part, {});
        note({.kind = part.enrolled ? Change::Kind::removed : Change::Kind::taken_back,
              .tenant = part.tenant_name,
              .image = part.effect.before()});
    }
    if (part.enrolled) {
        remove(part.tenant);
        part.tenant = no_tenant;
        part.enrolled = false;
    }
}

void Governor::keep(Part& part, const Occasion& occasion) noexcept {
    if (part.enrolled) {
        make_room(part.tenant, occasion.now);
    }
    part.seq = take_number();
    count(part.judgement);
    if (!part.command.look) {
        events_.add({.seq = seq(),
                     .at = occasion.now,
                     .tenant = part.tenant,
                     .outcome = part.outcome(),
                     .amount = part.judgement.amount});
    }
    keep_part(part, occasion.now);
    if (part.effect.announced() > 0) {
        announce(part.effect, part.tenant_name, part.seq);
    }
}

void Governor::keep_denial(Part& part, const Occasion& occasion) noexcept {
    if (part.enrolled) {
        make_room(part.tenant, occasion.now);
    }
    keep_part(part, occasion.now);
    announce(part.effect, part.tenant_name, std::nullopt);
}

void Governor::write_part(Writer& writer, const Part& part, Instant now, bool again) const {
    // The tenant may have gone, or come, since an admit was first decided.
    const TenantIndex tenant = again ? tenants_.find(part.tenant_name) : part.tenant;
    const Case asked{.command = part.command,
                     .tenant = tenant,
                     .now = now,
                     .tenant_name = part.tenant_name,
                     .policy_rev = policy_rev_,
                     .dry_run = part.dry_run};
    if (again) {
        writer.field("governor", title());
    } else {
        writer.fields(Field{"governor", title()},
                      Field{"decision", to_text(part.denies() ? Verdict::deny : Verdict::allow)});
        if (part.judgement.reason != Reason::none) {
            writer.field("reason", to_text(part.judgement.reason));
        }
        if (part.would_deny) {
            writer.field("would", "deny");
        }
    }
    if (const std::string_view state = rules_->state(asked); !state.empty()) {
        writer.field("state", state);
    }
    rules_->write(writer, asked, again ? nullptr : &part.judgement);
}

}  // namespace flyball
