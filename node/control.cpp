#include "node/control.h"

#include <algorithm>
#include <array>
#include <limits>

#include "node/governor_row.h"

namespace flyball {

namespace {

constexpr std::int64_t list_rows_max = 200;  // about 70 KB of JSON

// What `must` may name besides the node's features.
constexpr std::array<std::string_view, 14> known_keys = {
    "op",   "id",          "cid",        "reply_to", "ttl_ms", "dry_run", "brief",
    "must", "traceparent", "tracestate", "after",    "max",    "at",      "governor"};

// The first name in `must` that nobody here knows.
const Value* unknown_name(const Value* must) {
    const Value* name = must == nullptr ? nullptr : must->first_child();
    for (std::uint32_t i = 0; must != nullptr && i < must->count; ++i) {
        const auto is_name = [name](std::string_view known) { return known == name->text(); };
        if (!std::ranges::any_of(known_keys, is_name) &&
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
};

struct Control::Call {
    FieldReader fields;
    Reply& reply;
    Writer& writer;
    Instant now;

    void fail(Reason reason, std::string_view field, std::string_view expected) {
        fields.fail(reason, field, expected);
    }
    // Opens the reply of an op that was done; its own keys follow unless the reply is brief.
    void open() {
        reply.ignored = fields.fields().ignored();
        open_reply(writer, reply);
    }
};

std::span<const Control::Op> Control::ops() {
    static constexpr std::array<Op, 4> table = {{{"list", &Control::list},
                                                 {"set_time", &Control::set_time},
                                                 {"drain", &Control::drain},
                                                 {"fault", &Control::fault}}};
    return table;
}

bool Control::permits(std::string_view op) const {
    return std::ranges::any_of(options_.allow, [op](const std::string& allowed) {
        return allowed == "*" || allowed == op;
    });
}

void Control::answer(Request& request, Encoding encoding, Instant now, Writer& writer) {
    Reply reply;
    reply.id = request.id;
    reply.cid = request.cid;
    reply.governor = "node";
    reply.verdict = Verdict::ok;
    reply.at = now;
    reply.brief = request.brief;
    reply.dry_run = request.dry_run;
    reply.traceparent = request.traceparent;
    reply.tracestate = request.tracestate;
    Call call{
        .fields = FieldReader(request.own, encoding), .reply = reply, .writer = writer, .now = now};
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
        reply.supported = names;
        call.fail(Reason::unknown_op, "op", "one of the ops in `supported`");
    } else if (!permits(found->name)) {
        call.fail(Reason::not_permitted, "op", "an op that this node's control.allow lists");
    } else {
        (this->*found->answer)(call);
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
}

void Control::list(Call& call) {
    std::string_view after;
    std::int64_t max = list_rows_max;
    call.fields.text("after", 0, 2 * name_bytes_max + 1, after);
    call.fields.integer("max", 1, list_rows_max, max);
    if (call.fields.fault()) {
        return;
    }
    call.open();
    if (call.reply.brief) {
        return;
    }
    call.writer.key("governors");
    call.writer.begin_array();
    engine_.registry().each([&](const Governor& governor) {
        if (max > 0 && governor.title() > after) {
            write_governor_row(call.writer, governor, call.now);
            --max;
        }
    });
    call.writer.end_array();
    call.writer.field("governors_total", static_cast<std::int64_t>(engine_.registry().size()));
}

void Control::set_time(Call& call) {
    std::int64_t at_ms = 0;
    // The year 2100 is far beyond any certificate; a larger number is a slip of units.
    constexpr std::int64_t year_2100_ms = 4102444800000;
    if (!call.fields.required_integer("at", 0, year_2100_ms, at_ms)) {
        return;
    }
    if (!call.reply.dry_run) {
        node_.set_time(instant_from_ms(at_ms));
    }
    call.reply.at = instant_from_ms(at_ms);
    call.open();
}

void Control::drain(Call& call) {
    if (!call.reply.dry_run) {
        node_.drain();
    }
    call.open();
}

void Control::fault(Call& call) {
    std::string_view title;
    if (!options_.allow_faults) {
        call.fail(Reason::not_permitted, "op", "a node with allow_faults = true");
        return;
    }
    if (!call.fields.required_text("governor", 3, 2 * name_bytes_max + 1, title)) {
        return;
    }
    Governor* governor = engine_.registry().find(title);
    if (governor == nullptr) {
        call.fail(Reason::unknown_governor, "governor", "a governor of this node, as type/name");
        return;
    }
    if (!call.reply.dry_run) {
        engine_.supervisor().arm_fault(*governor);
    }
    call.open();
}

}  // namespace flyball
