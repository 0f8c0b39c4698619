// The half of Engine that answers: errors, and whatever was decided, on their way out.

#include "node/engine_job.h"
#include "schemas/reply.h"

namespace flyball {

// An error too says whose request it answers, and is as short as it was asked to be.
void Engine::echo(const Request& request, Reply& fault) {
    fault.echo(request);
    if (fault.tenant.empty()) {
        fault.tenant = request.tenant;
    }
}

// Who asked, for an error of the message as a whole that a single request gets.
void Engine::echo_request(Job& job, Reply& fault) const {
    const Value& root = *job.payload.root;
    if (root.is(Kind::map)) {
        read_request(root, job.payload.encoding, job.work.request);
        echo(job.work.request, fault);
    }
}

Reply Engine::error_reply(const Job& job, Reason reason) const {
    Reply reply;
    reply.verdict = Verdict::error;
    reply.reason = reason;
    std::string& title = job.work.title;
    title.assign(job.topic.channel == Channel::control ? "node" : job.topic.type);
    if (!job.topic.name.empty()) {
        title.append("/").append(job.topic.name);
    }
    reply.governor = title;
    if (job.topic.has_tenant && job.topic.tenant_canonical) {
        reply.tenant = job.topic.tenant;
    }
    return reply;
}

void Engine::write_error(Job& job, const Reply& error) {
    ++counts_.errors;
    open_reply(job.work.writer, error);
    job.work.writer.end_map();
}

// One error map in place of any other answer.
void Engine::answer_fault(Job& job, const Reply& fault) {
    ++counts_.requests;
    job.work.writer.restart(job.payload.encoding);
    write_error(job, fault);
    send_reply(job);
}

Message Engine::reply_message(const Job& job) const {
    const bool json = job.payload.encoding == Encoding::json;
    return {.topic = job.work.route.target(),
            .qos = job.message.qos,
            .correlation_data = job.message.correlation_data,
            .content_type = json ? "application/json" : "application/vnd.msgpack",
            .traceparent = job.message.traceparent,
            .tracestate = job.message.tracestate,
            .utf8_payload = json};
}

void Engine::send_reply(Job& job) {
    Message reply = reply_message(job);
    reply.payload = job.work.writer.bytes();
    if (job.tells) {
        job.host.send(reply);
    } else {
        job.host.send_at_once(reply);
    }
}

void Engine::refuse_overloaded(const Message& message, EngineHost& host) {
    TopicParser parser(options_.root);
    const auto topic = parser.parse(message.topic);
    if (!topic || !takes(*topic) || message.retain) {
        return;
    }
    Workspace work(options_.root, policy_, Limits{});  // nothing is decoded
    const Arrival arrival;
    Job job{.work = work, .message = message, .arrival = arrival, .now = {}, .host = host};
    job.topic = *topic;
    job.payload.encoding = encoding_of(message.payload);
    if (!work.route.begin(message, job.topic)) {
        return;
    }
    Reply fault = error_reply(job, Reason::overloaded);
    fault.tenant = {};
    work.writer.restart(job.payload.encoding);
    open_reply(work.writer, fault);
    work.writer.end_map();
    send_reply(job);
}

}  // namespace flyball
