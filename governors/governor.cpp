#include "governors/governor.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "governors/governor_entry.h"
#include "governors/request_form.h"
#include "schemas/short_text.h"

namespace flyball {

namespace {

constexpr std::string_view forget_name = "forget";
constexpr Span disk_retry{1000};  // when the keeper tries the disk again at the earliest

}  // namespace

Governor::Governor(Options options)
    : type_(std::move(options.type)),
      name_(std::move(options.name)),
      title_(type_ + "/" + name_),
      settings_(options.settings),
      rules_(std::move(options.rules)),
      tenants_(options.seed),
      events_(settings_.ring_capacity),
      ids_(settings_.ids_capacity, settings_.id_window, options.seed ^ 0x9e3779b97f4a7c15U),
      sink_(options.events),
      changes_(options.changes) {
    expects(rules_ != nullptr, "a governor has rules");
    for (const Op& op : rules_->ops()) {
        op_names_.push_back(op.name);
    }
    op_names_.push_back(forget_name);
    const auto admit_op = std::ranges::find(op_names_, rules_->admit_op());
    expects(admit_op != op_names_.end(), "a type's admit op is one of its ops");
    admit_op_ = static_cast<std::uint8_t>(admit_op - op_names_.begin());
}

void Governor::decide(Request& request, const Occasion& occasion, Decided& decided,
                      Effect& effect) {
    // In place: an assigned Decided{} would be made elsewhere and copied, 500 bytes a decision.
    static_assert(std::is_trivially_destructible_v<Decided>);
    std::construct_at(&decided);
    Reply& reply = decided.reply;
    reply.echo(request);
    reply.governor = title_;
    effect.clear();
    Entry entry{
        .request = request, .occasion = occasion, .out = decided, .effect = effect, .tenant = {}};
    entry.tenant = request.tenant.empty() ? occasion.topic_tenant : request.tenant;
    reply.tenant = entry.tenant;
    if (!check_form(entry) || !find_op(entry)) {
        return;  // the op's fields were not read: none of them is known to be ignored
    }
    if (read_fields(entry)) {
        decided.tenant = tenants_.find(entry.tenant);
        if (is_due(decided.tenant, occasion.now)) {
            pass_time_of(decided.tenant, occasion.now, effect);
        }
        if (check_memory(entry)) {
            events_.make_room();
            if (entry.remembers) {
                ids_.make_room();
            }
            if (check_place(entry)) {
                judge(entry);
            }
        }
    }
    request.own.find_ignored(reply.ignored);
}

void Governor::write(Writer& writer, const Decided& decided, Instant now) {
    open_reply(writer, decided.reply);
    if (decided.own_keys && !decided.reply.brief) {
        rehearse(case_of(decided, now), decided.rehearsed, [&](const Case& asked) {
            rules_->write(writer, asked, decided.from_memory ? nullptr : &decided.judgement);
        });
    }
    writer.end_map();
}

Case Governor::case_of(const Decided& decided, Instant now) const {
    return {.command = decided.command,
            .tenant = decided.tenant,
            .now = now,
            .tenant_name = decided.reply.tenant,
            .policy_rev = policy_rev_,
            .dry_run = decided.reply.dry_run,
            .undoable = decided.reply.dry_run};
}

bool Governor::refuse(Entry& entry, Reason reason, std::string_view field,
                      std::string_view expected) {
    Reply& reply = entry.out.reply;
    reply.verdict = Verdict::error;
    reply.reason = reason;
    reply.field = field;
    reply.expected = expected;
    if (!reply.dry_run) {
        ++counts_.error;
    }
    return false;
}

bool Governor::check_form(Entry& entry) {
    const Request& request = entry.request;
    const auto knows = [&](std::string_view name) {
        const auto is_name = [name](std::string_view known) { return known == name; };
        return is_common_key(name) || std::ranges::any_of(entry.occasion.features, is_name) ||
               std::ranges::any_of(rules_->field_names(), is_name);
    };
    Fault fault = form_fault(request, entry.tenant, knows);
    if (!fault && !request.id.present() && rules_->requires_id(request.op)) {
        fault = missing_id();
    }
    if (!fault) {
        fault = tenant_fault(entry.occasion, entry.tenant);
    }
    return !fault || refuse(entry, fault.reason, fault.field, fault.expected);
}

bool Governor::find_op(Entry& entry) {
    Command& command = entry.out.command;
    const std::string_view wanted = entry.request.op;
    const std::span<const Op> ops = rules_->ops();
    const auto found =
        std::ranges::find_if(ops, [wanted](const Op& op) { return same_text(op.name, wanted); });
    entry.is_forget = wanted == forget_name;
    if (found == ops.end() && !entry.is_forget) {
        entry.out.reply.supported = op_names_;
        return refuse(entry, Reason::unknown_op, "op", "one of the ops in `supported`");
    }
    command.op = static_cast<std::uint8_t>(std::distance(ops.begin(), found));
    command.look = wanted == "get";
    entry.admin_op = entry.is_forget || found->admin;
    if (entry.admin_op && !entry.occasion.admin) {
        return refuse(entry, Reason::not_permitted, "op", "an op that a request topic permits");
    }
    return true;
}

bool Governor::read_fields(Entry& entry) {
    if (entry.is_forget) {
        return true;
    }
    FieldReader fields(entry.request.own, entry.occasion.encoding);
    rules_->read(entry.out.command, fields);
    if (const Fault& fault = fields.fault()) {
        return refuse(entry, fault.reason, fault.field, fault.expected);
    }
    return true;
}

// A repeated id, and whether a new one could be remembered at all.
bool Governor::check_memory(Entry& entry) {
    if (!entry.occasion.shows) {
        return refuse_unkept(entry);
    }
    const Request& request = entry.request;
    entry.remembers = request.id.present() && !request.dry_run && !entry.out.command.look;
    if (!entry.remembers) {
        return true;
    }
    entry.id_key = ids_.key_of(entry.tenant, request.id);
    if (const auto remembered = ids_.find(entry.id_key)) {
        if (remembered->fingerprint != fingerprint(entry.out.command)) {
            return refuse(entry, Reason::id_reused, "id", "an id that no other request has used");
        }
        replay(entry, *remembered);
        return false;
    }
    if (const auto wait = ids_.must_wait(entry.occasion.now)) {
        entry.out.reply.retry_after_ms = wait->count();
        return refuse(entry, Reason::overloaded, "id", "");
    }
    return entry.occasion.keeps || refuse_unkept(entry);
}

// The disk cannot take what this would change: nothing is decided that could be lost.
bool Governor::refuse_unkept(Entry& entry) {
    entry.out.reply.retry_after_ms = disk_retry.count();
    return refuse(entry, Reason::overloaded, "", "");
}

// Whether the tenant is there, or may be made room for.
bool Governor::check_place(Entry& entry) {
    Decided& out = entry.out;
    if (out.tenant != no_tenant || entry.is_forget) {
        return true;
    }
    Newcomer newcomer = rules_->newcomer(out.command);
    if (newcomer == Newcomer::by_settings) {
        const bool welcome = settings_.auto_enroll || entry.admin_op;
        newcomer = !welcome           ? Newcomer::unknown
                   : out.command.look ? Newcomer::judged
                                      : Newcomer::enrols;
    }
    switch (newcomer) {
        case Newcomer::unknown:
            out.judgement.verdict = Verdict::deny;
            out.judgement.reason = Reason::unknown_tenant;
            settle(entry);
            return false;
        case Newcomer::enrols:
            return has_room(entry.occasion.now) ||
                   refuse(entry, Reason::tenant_limit, "tenant",
                          "a tenant that this governor knows; it has no room for another "
                          "(max_tenants)");
        case Newcomer::by_settings:
        case Newcomer::judged: break;
    }
    return true;
}

void Governor::judge(Entry& entry) {
    if (entry.is_forget) {
        forget(entry);
        return;
    }
    Decided& out = entry.out;
    const Instant now = entry.occasion.now;
    Case asked = case_of(out, now);
    asked.clock_known = entry.occasion.clock_known;
    // In place, for the same reason as Decided itself.
    static_assert(std::is_trivially_destructible_v<Judgement>);
    new (&out.judgement) Judgement(rules_->judge(asked, entry.effect));
    if (out.judgement.verdict == Verdict::error) {
        refuse(entry, out.judgement.reason, out.judgement.field, out.judgement.expected);
        return;
    }
    if (entry.remembers && out.judgement.granted) [[unlikely]] {
        ids_.make_room_for_granted();
    }
    const bool changes = !entry.effect.empty() || (entry.admin_op && !out.command.look);
    const bool changed = changes && !entry.request.dry_run;
    if (changed && !entry.occasion.keeps) {
        entry.effect.clear();
        refuse_unkept(entry);
        return;
    }
    if (changed && out.tenant == no_tenant) {
        out.tenant = enrol(entry.tenant, !entry.admin_op);
        entry.enrolment =
            entry.admin_op ? Change::Enrolment::by_admin : Change::Enrolment::automatic;
    }
    conclude(entry, changed);
}

// From the first change on all of it is done: whatever is thrown after it, and no memory is all
// that is known to be, ends the process, and the next one has what the disk has. What fails for
// other reasons fails in the rules' judge(), where it is the supervisor's.
void Governor::conclude(Entry& entry, bool changed) noexcept {
    Decided& out = entry.out;
    const Instant now = entry.occasion.now;
    if (changed) {
        if (entry.enrolment != Change::Enrolment::none) {
            make_room(out.tenant, now);
        }
        put_in_place(out.tenant, entry.effect);
        out.changed = true;
    } else if (!entry.effect.empty()) {
        out.rehearsed = &entry.effect;
    }
    settle(entry);
    if (changed) {
        if (entry.effect.announced() > 0) {
            announce(entry.effect, entry.tenant, seq());
        }
        if (is_due(out.tenant, now)) {  // what was decided may itself be over by now
            pass_time_of(out.tenant, now, entry.effect);
            out.reply.state = rules_->state(case_of(out, now));
        }
    }
}

}  // namespace flyball
