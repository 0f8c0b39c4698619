#include "governors/governor.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace flyball {

namespace {

constexpr std::array<std::string_view, 11> common_keys = {
    "tenant",  "op",    "id",   "cid",         "reply_to",  "ttl_ms",
    "dry_run", "brief", "must", "traceparent", "tracestate"};

// How often a full table is searched for a tenant that has nothing to lose: the search walks every
// tenant (about 10 ns each), and a stranger can ask for it with every new name.
constexpr Span search_interval{1000};

constexpr std::string_view forget_name = "forget";

}  // namespace

struct Governor::Entry {
    Request& request;
    const Occasion& occasion;
    Decided& out;
    std::string_view tenant;
    std::uint64_t id_key = 0;
    bool remembers = false;  // this request's answer goes into the ring of ids
    bool is_forget = false;
    bool admin_op = false;
};

Governor::Governor(Options options)
    : type_(std::move(options.type)),
      name_(std::move(options.name)),
      title_(type_ + "/" + name_),
      settings_(options.settings),
      rules_(std::move(options.rules)),
      tenants_(options.seed),
      events_(settings_.ring_capacity),
      ids_(settings_.ids_capacity, settings_.id_window, options.seed ^ 0x9e3779b97f4a7c15U) {
    expects(rules_ != nullptr, "a governor has rules");
    for (const Op& op : rules_->ops()) {
        op_names_.push_back(op.name);
    }
    op_names_.push_back(forget_name);
}

void Governor::decide(Request& request, const Occasion& occasion, Decided& decided) {
    // In place: an assigned Decided{} would be made elsewhere and copied, 500 bytes a decision.
    static_assert(std::is_trivially_destructible_v<Decided>);
    std::construct_at(&decided);
    Reply& reply = decided.reply;
    reply.id = request.id;
    reply.cid = request.cid;
    reply.governor = title_;
    reply.brief = request.brief;
    reply.dry_run = request.dry_run;
    reply.traceparent = request.traceparent;
    reply.tracestate = request.tracestate;
    effect_.clear();
    Entry entry{.request = request, .occasion = occasion, .out = decided, .tenant = {}};
    entry.tenant = request.tenant.empty() ? occasion.topic_tenant : request.tenant;
    reply.tenant = entry.tenant;
    if (check_form(entry) && find_op(entry) && read_fields(entry) && check_memory(entry) &&
        check_place(entry)) {
        judge(entry);
    }
    reply.ignored = request.own.ignored();
}

void Governor::write(Writer& writer, const Decided& decided, Instant now) const {
    open_reply(writer, decided.reply);
    if (decided.own_keys && !decided.reply.brief) {
        rules_->write(writer, decided.command, decided.from_memory ? nullptr : &decided.judgement,
                      decided.tenant, now);
    }
    writer.end_map();
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
    const Fault& fault = entry.request.fault;
    const bool must_is_wrong = fault && fault.field.starts_with("must");
    if (!must_is_wrong && !check_must(entry)) {
        return false;
    }
    const bool tenant_is_wrong = fault && fault.field == "tenant";
    if (!must_is_wrong && !tenant_is_wrong && entry.tenant.empty()) {
        return refuse(entry, Reason::missing_field, "tenant", "a string of 1 to 64 bytes");
    }
    if (fault) {
        return refuse(entry, fault.reason, fault.field, fault.expected);
    }
    return check_tenant(entry);
}

bool Governor::knows(std::string_view name, std::span<const std::string_view> features) const {
    const auto is_name = [name](std::string_view known) { return known == name; };
    return std::ranges::any_of(common_keys, is_name) || std::ranges::any_of(features, is_name) ||
           std::ranges::any_of(rules_->field_names(), is_name);
}

bool Governor::check_must(Entry& entry) {
    const Value* must = entry.request.must;
    if (must == nullptr) {
        return true;
    }
    const Value* name = must->first_child();
    for (std::uint32_t i = 0; i < must->count; ++i, name = name->next_sibling()) {
        if (!knows(name->text(), entry.occasion.features)) {
            return refuse(entry, Reason::unsupported, name->text(),
                          "a key or feature that this node knows");
        }
    }
    return true;
}

bool Governor::check_tenant(Entry& entry) {
    const Occasion& occasion = entry.occasion;
    if (occasion.on_tenant_topic && entry.tenant != occasion.topic_tenant) {
        return refuse(entry, Reason::tenant_mismatch, "tenant",
                      "the tenant of the topic, or no tenant at all");
    }
    return true;
}

bool Governor::find_op(Entry& entry) {
    Command& command = entry.out.command;
    const std::string_view wanted = entry.request.op;
    const std::span<const Op> ops = rules_->ops();
    const auto found = std::ranges::find(ops, wanted, &Op::name);
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
    return true;
}

void Governor::replay(Entry& entry, const RememberedId& remembered) {
    Decided& out = entry.out;
    out.tenant = tenants_.find(entry.tenant);
    out.own_keys = !entry.is_forget;
    out.from_memory = true;
    Reply& reply = out.reply;
    reply.verdict = remembered.outcome.verdict;
    reply.reason = remembered.outcome.reason;
    reply.would_deny = remembered.outcome.would_deny;
    reply.granted = remembered.granted;
    reply.seq = remembered.seq;
    reply.replayed = true;
    reply.at = entry.occasion.now;
    reply.state = rules_->state(out.command, out.tenant, entry.occasion.now);
    if (reply.verdict == Verdict::deny || reply.would_deny) {
        reply.policy_rev = policy_rev_;
    }
    ++counts_.replayed;
}

// Whether the tenant is there, or may be made room for.
bool Governor::check_place(Entry& entry) {
    Decided& out = entry.out;
    out.tenant = tenants_.find(entry.tenant);
    if (out.tenant != no_tenant || entry.is_forget) {
        return true;
    }
    if (!settings_.auto_enroll && !entry.admin_op) {
        out.judgement.verdict = Verdict::deny;
        out.judgement.reason = Reason::unknown_tenant;
        settle(entry);
        return false;
    }
    if (out.command.look || tenants_.size() < settings_.max_tenants) {
        return true;
    }
    if (place_to_take(entry.occasion.now)) {
        return true;
    }
    return refuse(entry, Reason::tenant_limit, "tenant",
                  "a tenant that this governor knows; it has no room for another (max_tenants)");
}

std::optional<TenantIndex> Governor::place_to_take(Instant now) {
    // Further ahead than one interval: an operator has turned governor time back since.
    if (now < next_search_ && next_search_ - now <= search_interval) {
        return std::nullopt;
    }
    for (TenantIndex tenant = 0; tenant < tenants_.end(); ++tenant) {
        if (tenants_.in_use(tenant) && tenants_.auto_enrolled(tenant) &&
            rules_->at_defaults(tenant, now) &&
            !ids_.remembers(ids_.tenant_tag(tenants_.name(tenant)))) {
            return tenant;
        }
    }
    next_search_ = now + search_interval;
    return std::nullopt;
}

void Governor::judge(Entry& entry) {
    if (entry.is_forget) {
        forget(entry);
        return;
    }
    Decided& out = entry.out;
    out.judgement = rules_->judge(out.command, out.tenant, entry.occasion.now, effect_);
    if (out.judgement.verdict == Verdict::error) {
        refuse(entry, out.judgement.reason, out.judgement.field, out.judgement.expected);
        return;
    }
    const bool changes = !effect_.empty() || (entry.admin_op && !out.command.look);
    if (changes && !entry.request.dry_run) {
        enrol(entry);
        if (!effect_.empty()) {
            const bool applied = rules_->apply(out.tenant, effect_.after());
            expects(applied, "an image that judge() made applies");
        }
        out.changed = true;
    }
    settle(entry);
}

void Governor::enrol(Entry& entry) {
    Decided& out = entry.out;
    if (out.tenant != no_tenant) {
        return;
    }
    if (tenants_.size() >= settings_.max_tenants) {
        const auto taken = place_to_take(entry.occasion.now);
        expects(taken.has_value(), "check_place() found a place");
        rules_->erase(*taken);
        events_.blank(*taken);
        tenants_.remove(*taken);
    }
    out.tenant = tenants_.add(entry.tenant, !entry.admin_op);
    rules_->enrol(out.tenant);
}

void Governor::forget(Entry& entry) {
    Decided& out = entry.out;
    out.judgement.verdict = Verdict::ok;
    if (!entry.request.dry_run && out.tenant != no_tenant) {
        rules_->erase(out.tenant);
        events_.blank(out.tenant);
        tenants_.remove(out.tenant);
        out.tenant = no_tenant;
        out.changed = true;
    }
    settle(entry);
}

// Numbers the decision, counts it, and puts it where it is remembered.
void Governor::settle(Entry& entry) {
    Decided& out = entry.out;
    const Judgement& judgement = out.judgement;
    Reply& reply = out.reply;
    const bool denied = judgement.verdict == Verdict::deny;
    reply.would_deny = denied && settings_.mode == Mode::observe;
    reply.verdict = reply.would_deny ? Verdict::allow : judgement.verdict;
    reply.reason = judgement.reason;
    reply.retry_after_ms = judgement.retry_after_ms;
    reply.granted = judgement.granted;
    reply.seq = ++seq_;
    reply.at = entry.occasion.now;
    const bool known_state = !judgement.state.empty() && !reply.dry_run;
    reply.state =
        known_state ? judgement.state : rules_->state(out.command, out.tenant, entry.occasion.now);
    out.own_keys = !entry.is_forget;
    if (denied) {
        reply.policy_rev = policy_rev_;
    }
    if (reply.dry_run) {
        return;
    }
    if (denied) {
        ++counts_.deny;
        ++counts_.denied[static_cast<std::size_t>(judgement.reason)];
    } else {
        ++counts_.allow;
    }
    if (!out.command.look) {
        remember(entry);
    }
}

void Governor::remember(Entry& entry) {
    const Decided& out = entry.out;
    const Outcome outcome{out.reply.verdict, out.reply.reason, out.reply.would_deny};
    events_.add({.seq = seq_,
                 .at = entry.occasion.now,
                 .tenant = out.tenant,
                 .outcome = outcome,
                 .amount = out.judgement.amount});
    const bool waiting_cures = out.reply.retry_after_ms.has_value();
    if (!entry.remembers || waiting_cures) {
        return;
    }
    const RememberedId remembered{.key = entry.id_key,
                                  .fingerprint = fingerprint(out.command),
                                  .seq = seq_,
                                  .at = entry.occasion.now,
                                  .outcome = outcome,
                                  .granted = out.judgement.granted};
    ids_.add(remembered, ids_.tenant_tag(entry.tenant));
}

std::size_t Governor::memory_bytes() const {
    return sizeof(*this) + tenants_.memory_bytes() + events_.memory_bytes() + ids_.memory_bytes() +
           rules_->memory_bytes() + title_.capacity() + policy_rev_.capacity() +
           op_names_.capacity() * sizeof(op_names_[0]);
}

Tree Governor::configuration() const {
    const auto number = [](auto value) { return Tree(static_cast<std::int64_t>(value)); };
    const Tree own = rules_->settings();
    expects(own.map() != nullptr, "a type's settings are a map");
    Tree::Map all = *own.map();
    all.insert_or_assign("mode", settings_.mode == Mode::observe ? "observe" : "enforce");
    all.insert_or_assign("auto_enroll", settings_.auto_enroll);
    all.insert_or_assign("max_tenants", number(settings_.max_tenants));
    all.insert_or_assign("id_window_ms", number(settings_.id_window.count()));
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
    settings_ = settings;
    events_.set_capacity(settings.ring_capacity);
    ids_.configure(settings.ids_capacity, settings.id_window);
    return restarted;
}

}  // namespace flyball
