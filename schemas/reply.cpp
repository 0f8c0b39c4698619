#include "schemas/reply.h"

#include <array>
#include <cstring>

#include "schemas/utf8.h"

namespace flyball {

namespace {

// A sentence put together from pieces in a place of its own; what does not fit is left out.
class Sentence {
public:
    Sentence& add(std::string_view piece) {
        const std::size_t room = text_.size() - size_;
        if (piece.size() <= room) {
            std::memcpy(text_.data() + size_, piece.data(), piece.size());
            size_ += piece.size();
        }
        return *this;
    }
    // A name that a stranger chose may be long: its start says enough.
    Sentence& add_name(std::string_view name) {
        constexpr std::size_t bytes_max = 96;
        std::string_view shown = name.substr(0, bytes_max);
        while (!shown.empty() && !valid_utf8(shown)) {
            shown.remove_suffix(1);
        }
        add("`").add(shown);
        return add(shown.size() < name.size() ? "...`" : "`");
    }
    std::string_view text() const { return {text_.data(), size_}; }

private:
    std::array<char, 512> text_;
    std::size_t size_ = 0;
};

struct Advice {
    Reason reason;
    std::string_view text;
};
constexpr std::array advices{
    Advice{Reason::malformed, "the payload is not one well-formed msgpack or JSON value"},
    Advice{Reason::too_large, "the payload exceeds a limit of this node: send less at once"},
    Advice{Reason::missing_field, "a required field is missing"},
    Advice{Reason::bad_field, "a field has a wrong type or value"},
    Advice{Reason::unknown_op, "there is no such op here: use one of those in `supported`"},
    Advice{Reason::not_permitted, "this op is not taken on this topic: use the `admin` topic"},
    Advice{Reason::unknown_governor, "this node has no such governor: use one in `supported`"},
    Advice{Reason::tenant_mismatch,
           "the payload names another tenant than the topic: leave `tenant` out"},
    Advice{Reason::tenant_limit,
           "this governor holds as many tenants as `max_tenants` allows: `forget` one first"},
    Advice{Reason::id_reused,
           "this `id` came before with other content: use a new `id` for each effect"},
    Advice{Reason::bad_reply_topic,
           "the node may not publish to this reply topic: use one below `<prefix>/reply/` or one "
           "that `mqtt.reply_prefixes` allows"},
    Advice{Reason::retained,
           "a retained request is never executed: publish it without the retain flag"},
    Advice{Reason::unsupported, "`must` names something that this node does not know"},
    Advice{Reason::governor_down,
           "the governor has failed: ask again, or send `control` the op `reload`"},
    Advice{Reason::overloaded, "the node has more to do than it can: ask again later"},
    Advice{Reason::clock_unset,
           "the node's clock is not set: set it, or send `control` the op `set_time`"},
};

std::string_view advice(Reason reason) {
    for (const Advice& row : advices) {
        if (row.reason == reason) {
            return row.text;
        }
    }
    return "the request could not be decided";
}

void make_sentence(const Reply& reply, Sentence& sentence) {
    const bool known = !reply.expected.empty();
    if (reply.reason == Reason::missing_field && !reply.field.empty()) {
        sentence.add("field ").add_name(reply.field).add(" is missing");
        if (known) {
            sentence.add(": it must be ").add(reply.expected);
        }
        return;
    }
    if (reply.reason == Reason::bad_field && !reply.field.empty()) {
        sentence.add("field ").add_name(reply.field);
        sentence.add(known ? " must be " : " has a wrong type or value").add(reply.expected);
        return;
    }
    sentence.add(advice(reply.reason));
    if (!reply.field.empty()) {
        sentence.add(" (").add_name(reply.field).add(")");
    }
    if (known) {
        sentence.add("; expected ").add(reply.expected);
    }
}

void write_error(Writer& writer, const Reply& reply) {
    if (reply.message.empty()) {
        Sentence sentence;
        make_sentence(reply, sentence);
        writer.field("message", sentence.text());
    } else {
        writer.field("message", reply.message);
    }
    if (!reply.field.empty()) {
        writer.field("field", reply.field);
    }
    if (!reply.expected.empty()) {
        writer.field("expected", reply.expected);
    }
    if (reply.offset) {
        writer.field("offset", std::uint64_t{*reply.offset});
    }
    if (!reply.supported.empty()) {
        writer.key("supported");
        writer.begin_array();
        for (const std::string_view name : reply.supported) {
            writer.text(name);
        }
        writer.end_array();
    }
}

void write_ids(Writer& writer, const Reply& reply) {
    if (reply.cid.present()) {
        writer.key("cid");
        writer.id(reply.cid);
    }
    if (reply.id.present()) {
        writer.key("id");
        writer.id(reply.id);
    }
}

void write_flags(Writer& writer, const Reply& reply) {
    if (reply.would_deny) {
        writer.field("would", "deny");
    }
    if (reply.replayed) {
        writer.field("replayed", true);
    }
    if (reply.dry_run) {
        writer.field("dry_run", true);
    }
}

bool allowed(const Reply& reply) {
    return reply.verdict == Verdict::allow || reply.verdict == Verdict::ok;
}

void write_reason(Writer& writer, const Reply& reply) {
    if (reply.reason != Reason::none) {
        writer.field("reason", to_text(reply.reason));
    }
}

void open_brief(Writer& writer, const Reply& reply) {
    write_ids(writer, reply);
    writer.fields(Field{"allowed", allowed(reply)}, Field{"decision", to_text(reply.verdict)});
    write_reason(writer, reply);
    if (reply.retry_after_ms) {
        writer.field("retry_after_ms", *reply.retry_after_ms);
    }
    if (reply.granted) {
        writer.field("granted", *reply.granted);
    }
    if (reply.seq) {
        writer.field("seq", *reply.seq);
    }
    write_flags(writer, reply);
}

void write_decision(Writer& writer, const Reply& reply) {
    if (reply.retry_after_ms) {
        writer.field("retry_after_ms", *reply.retry_after_ms);
    }
    if (reply.seq) {
        writer.field("seq", *reply.seq);
    }
    if (reply.at) {
        writer.field("at", to_ms(*reply.at));
    }
    if (!reply.state.empty()) {
        writer.field("state", reply.state);
    }
    if (reply.granted) {
        writer.field("granted", *reply.granted);
    }
    write_flags(writer, reply);
    const bool denied = reply.verdict == Verdict::deny || reply.would_deny;
    if (denied && !reply.policy_rev.empty()) {
        writer.field("policy_rev", reply.policy_rev);
    }
}

void write_ignored(Writer& writer, const Fields::Ignored& ignored) {
    if (ignored.count == 0) {
        return;
    }
    writer.key("ignored");
    writer.begin_array();
    for (std::size_t i = 0; i < ignored.count; ++i) {
        writer.text(ignored.names[i]);
    }
    writer.end_array();
}

}  // namespace

void open_reply(Writer& writer, const Reply& reply) {
    writer.begin_map();
    if (reply.brief) {
        open_brief(writer, reply);
        return;
    }
    write_ids(writer, reply);
    if (!reply.tenant.empty()) {
        writer.field("tenant", reply.tenant);
    }
    writer.fields(Field{"governor", reply.governor}, Field{"decision", to_text(reply.verdict)},
                  Field{"allowed", allowed(reply)});
    write_reason(writer, reply);
    if (reply.verdict == Verdict::error) {
        write_error(writer, reply);
    }
    write_decision(writer, reply);
    write_ignored(writer, reply.ignored);
    if (!reply.traceparent.empty()) {
        writer.field("traceparent", reply.traceparent);
    }
    if (!reply.tracestate.empty()) {
        writer.field("tracestate", reply.tracestate);
    }
}

}  // namespace flyball
