// The ops of control that look at where the time of requests goes.

#include "node/control_call.h"

namespace flyball {

namespace {

constexpr std::int64_t for_ms_max = 60'000;
constexpr std::int64_t trace_requests_max = 10'000;

std::string written(const Id& id, Encoding encoding) {
    if (!id.present()) {
        return {};
    }
    Writer writer(encoding);
    writer.restart(encoding);
    writer.id(id);
    return std::string(writer.bytes());
}

}  // namespace

void Control::trace(Call& call) {
    ControlledNode::Trace trace{.governor = {}, .tenant = {}, .for_ms = 10'000, .max = 1'000};
    // `admit` is traced under its own name.
    std::string_view title;
    call.fields.text("governor", 1, 2 * name_bytes_max + 1, title);
    if (!title.empty() && title != "admit" && engine_.registry().find(title) == nullptr) {
        call.fail(Reason::unknown_governor, "governor",
                  "a governor of this node, as type/name, or admit");
    }
    call.fields.integer("for_ms", 1, for_ms_max, trace.for_ms);
    call.fields.integer("max", 1, trace_requests_max, trace.max);
    if (call.fields.fault()) {
        return;
    }
    trace.governor = title;
    trace.tenant = call.asked.request.tenant;
    if (call.done_in_earnest()) {
        node_.trace(std::move(trace));
    }
    call.open();
}

// What is needed to answer later; a batch has no later. False: the call is answered.
bool Control::defer(Call& call, ControlledNode::Deferred& asker) {
    if (call.asked.reply == nullptr) {
        call.fail(Reason::bad_field, "op",
                  "asked by itself: its answer comes later than a batch's");
    }
    if (call.fields.fault()) {
        return false;
    }
    if (!call.done_in_earnest()) {
        call.open();
        return false;
    }
    const Message& reply = *call.asked.reply;
    asker.topic = reply.topic;
    asker.correlation_data = reply.correlation_data;
    asker.traceparent = reply.traceparent;
    asker.tracestate = reply.tracestate;
    asker.payload_traceparent = call.reply.traceparent;
    asker.payload_tracestate = call.reply.tracestate;
    asker.qos = reply.qos;
    asker.encoding = call.asked.encoding;
    asker.id = written(call.asked.request.id, asker.encoding);
    asker.cid = written(call.asked.request.cid, asker.encoding);
    call.answered = false;
    return true;
}

void Control::profile(Call& call) {
    ControlledNode::Deferred asker;
    asker.for_ms = 5'000;
    call.fields.integer("for_ms", 1, for_ms_max, asker.for_ms);
    if (defer(call, asker)) {
        node_.profile(std::move(asker));
    }
}

void Control::snapshot(Call& call) {
    ControlledNode::Deferred asker;
    if (defer(call, asker)) {
        node_.snapshot(std::move(asker));
    }
}

}  // namespace flyball
