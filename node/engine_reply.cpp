// The half of Engine that answers: an entry by its governor or by admit, errors, and all of it on
// its way out.

#include <exception>
#include <new>

#include "node/engine_job.h"
#include "schemas/reply.h"

namespace flyball {

namespace {

constexpr Span memory_retry{1000};  // of a request that there was no memory for

}  // namespace

void Engine::answer_one(Job& job, Request& request, const Occasion& occasion) {
    Workspace& work = job.work;
    if (job.governor == nullptr || job.governor->standing().down) {
        const bool gone = job.governor == nullptr;
        Reply fault = error_reply(job, gone ? Reason::unknown_governor : Reason::governor_down);
        echo(request, fault);
        write_error(job, fault);
        return;
    }
    const Writer::Mark mark = work.writer.mark();
    // The supervisor's edge: what a governor throws ends here and hurts this request only. No
    // memory is no fault of its own: before it is decided it is refused, and after that its reply
    // is lost.
    bool is_decided = false;
    try {
        supervisor_.check_fault(*job.governor);
        job.governor->decide(request, occasion, work.decided, work.effect);
        is_decided = true;
        stage_ends(Stage::decide);
        job.decides = true;
        job.governor->write(work.writer, work.decided, job.now);
        stage_ends(Stage::encode);
    } catch (const std::bad_alloc&) {
        if (is_decided) {
            end_decision();
            throw ReplyLost();
        }
        work.writer.rewind(mark);
        Reply fault = error_reply(job, Reason::overloaded);
        fault.retry_after_ms = memory_retry.count();
        echo(request, fault);
        write_error(job, fault);
        return;
    } catch (const std::exception& failure) {
        work.writer.rewind(mark);
        supervisor_.failed(*job.governor, failure.what(), job.now);
        Reply fault = error_reply(job, Reason::governor_down);
        echo(request, fault);
        write_error(job, fault);
        return;
    }
    count(work.decided.reply);
}

void Engine::decide(Governor& governor, Request& request, const Occasion& occasion,
                    Decided& decided, Effect& effect) {
    ++counts_.requests;
    const auto fail = [&](Reason reason) {
        decided = {};
        decided.reply.verdict = Verdict::error;
        decided.reply.governor = governor.title();
        decided.reply.reason = reason;
        echo(request, decided.reply);
    };
    try {
        supervisor_.check_fault(governor);
        governor.decide(request, occasion, decided, effect);
    } catch (const std::bad_alloc&) {  // nothing is decided, and nothing wrong with it
        fail(Reason::overloaded);
        decided.reply.retry_after_ms = memory_retry.count();
    } catch (const std::exception& failure) {
        supervisor_.failed(governor, failure.what(), occasion.now);
        fail(Reason::governor_down);
    }
    end_decision();
    count(decided.reply);
}

// What there is no memory for once it has begun may be done: its reply is lost.
ControlDesk::Outcome Engine::answer_control(Job& job, const ControlDesk::Call& call) {
    job.decides = true;
    try {
        const auto outcome = control_->answer(call, job.work.writer);
        counts_.errors += outcome == ControlDesk::Outcome::error ? 1 : 0;
        end_decision();
        return outcome;
    } catch (const std::bad_alloc&) {
        end_decision();
        throw;
    }
}

void Engine::answer_admit(Job& job, Request& request, const Occasion& occasion) {
    const Reply& reply = admit_.decide(request, occasion);
    stage_ends(Stage::decide);
    job.decides = true;
    end_decision();  // before the reply, which there may be no memory for
    admit_.write(job.work.writer, job.now);
    stage_ends(Stage::encode);
    count(reply);
}

void Engine::count(const Reply& reply) {
    counts_.errors += reply.verdict == Verdict::error ? 1 : 0;
    counts_.replayed += reply.replayed ? 1 : 0;
    if (watch_ != nullptr) [[unlikely]] {
        watch_->entry(reply);
    }
}

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
