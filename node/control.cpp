#include "node/control.h"

#include <algorithm>
#include <array>

#include "node/control_call.h"

namespace flyball {

namespace {

// What `must` may name besides the node's features and the keys of every request.
constexpr std::array<std::string_view, 11> own_keys = {"after",  "max",   "type",     "name",
                                                       "config", "purge", "governor", "last",
                                                       "tenant", "at",    "for_ms"};

constexpr Span disk_retry{1000};  // when the keeper tries the disk again at the earliest

// The first name in `must` that nobody here knows.
const Value* unknown_name(const Value* must) {
    const Value* name = must == nullptr ? nullptr : must->first_child();
    for (std::uint32_t i = 0; must != nullptr && i < must->count; ++i) {
        const auto is_name = [name](std::string_view known) { return known == name->text(); };
        if (!is_common_key(name->text()) && !std::ranges::any_of(own_keys, is_name) &&
            !std::ranges::any_of(Engine::features(), is_name)) {
            return name;
        }
        name = name->next_sibling();
    }
    return nullptr;
}

}  // namespace

struct Control::Op {
    std::string_view name;
    void (Control::*answer)(Call&);
    bool changes = false;  // refused while the disk cannot take it
    bool tells = false;    // of decisions: refused while they may be lost
};

std::span<const Control::Op> Control::ops() {
    static constexpr std::array<Op, 11> table = {
        {{"list", &Control::list, false, true},
         {"add_governor", &Control::add_governor, true},
         {"remove_governor", &Control::remove_governor, true},
         {"history", &Control::history, false, true},
         {"trace", &Control::trace},
         {"profile", &Control::profile},
         {"set_time", &Control::set_time, true},
         {"reload", &Control::reload, true},
         {"snapshot", &Control::snapshot},
         {"drain", &Control::drain},
         {"fault", &Control::fault}}};
    return table;
}

bool Control::permits(std::string_view op) const {
    return std::ranges::any_of(options_.allow, [op](const std::string& allowed) {
        return allowed == "*" || allowed == op;
    });
}

ControlDesk::Outcome Control::answer(const ControlDesk::Call& asked, Writer& writer) {
    const Request& request = asked.request;
    Reply reply;
    reply.echo(request);
    reply.governor = "node";
    reply.verdict = Verdict::ok;
    reply.at = asked.now;
    Call call{.fields = FieldReader(asked.request.own, asked.encoding),
              .reply = reply,
              .writer = writer,
              .asked = asked};
    choose(call, request);
    if (!call.answered) {
        return Outcome::later;
    }
    if (const Fault& fault = call.fields.fault()) {
        reply.verdict = Verdict::error;
        reply.reason = fault.reason;
        reply.field = fault.field;
        reply.expected = fault.expected;
        reply.at.reset();
        call.open();
    }
    writer.end_map();
    return reply.verdict == Verdict::error ? Outcome::error : Outcome::done;
}

void Control::choose(Call& call, const Request& request) {
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> all;
        for (const Op& op : ops()) {
            all.push_back(op.name);
        }
        return all;
    }();
    const auto found = std::ranges::find(ops(), request.op, &Op::name);
    if (const Value* unknown = unknown_name(request.must)) {
        call.fail(Reason::unsupported, unknown->text(), "a key or feature that this node knows");
    } else if (request.fault) {
        call.fail(request.fault.reason, request.fault.field, request.fault.expected);
    } else if (found == ops().end()) {
        call.reply.supported = names;
        call.fail(Reason::unknown_op, "op", "one of the ops in `supported`");
    } else if (!permits(found->name)) {
        call.fail(Reason::not_permitted, "op", "an op that this node's control.allow lists");
    } else if (found->name == "fault" && !options_.allow_faults) {
        call.fail(Reason::not_permitted, "op", "a node with allow_faults = true");
    } else if ((found->changes && !call.asked.keeps) || (found->tells && !call.asked.shows)) {
        call.reply.retry_after_ms = disk_retry.count();
        call.fail(Reason::overloaded, "", "");
    } else {
        call.read = true;
        (this->*found->answer)(call);
    }
}

void Control::Call::fail_by_key(std::string_view prefix, const std::string& sentence) {
    words = std::string(prefix) + sentence;
    const std::size_t colon = words.find(": ");
    const std::string_view whole = words;
    constexpr std::string_view must_be = "must be ";
    std::string_view expected = colon == std::string::npos ? whole : whole.substr(colon + 2);
    if (expected.starts_with(must_be)) {
        expected.remove_prefix(must_be.size());
    } else {
        reply.message = whole;
    }
    fail(Reason::bad_field, whole.substr(0, std::min(colon, whole.size())), expected);
}

Governor* Control::Call::governor(const Registry& registry, bool required) {
    std::string_view title;
    const std::size_t bytes_max = 2 * name_bytes_max + 1;
    const bool there = required ? fields.required_text("governor", 3, bytes_max, title)
                                : fields.text("governor", 3, bytes_max, title);
    if (!there) {
        return nullptr;
    }
    Governor* found = registry.find(title);
    if (found == nullptr) {
        fail(Reason::unknown_governor, "governor", "a governor of this node, as type/name");
    }
    return found;
}

void Control::set_time(Call& call) {
    std::int64_t at_ms = 0;
    // The year 2100 is far beyond any certificate; a larger number is a slip of units.
    constexpr std::int64_t year_2100_ms = 4102444800000;
    if (!call.fields.required_integer("at", 0, year_2100_ms, at_ms)) {
        return;
    }
    if (call.done_in_earnest()) {
        node_.set_time(instant_from_ms(at_ms));
    }
    call.reply.at = instant_from_ms(at_ms);
    call.open();
}

void Control::drain(Call& call) {
    if (call.done_in_earnest()) {
        node_.drain();
    }
    call.open();
}

void Control::reload(Call& call) {
    const ControlledNode::Reloaded reloaded = node_.reload(!call.done_in_earnest());
    if (!reloaded.faults.empty()) {
        call.words = reloaded.faults.front();
        call.reply.message = call.words;
        call.fail(Reason::bad_field, "config", "a configuration without faults; nothing changed");
        return;
    }
    call.open();
    if (call.reply.brief) {
        return;
    }
    call.writer.key("needs_restart");
    call.writer.begin_array();
    for (const std::string& key : reloaded.needs_restart) {
        call.writer.text(key);
    }
    call.writer.end_array();
}

}  // namespace flyball
