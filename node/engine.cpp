#include "node/engine.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include "schemas/expects.h"
#include "schemas/reply.h"

namespace flyball {

namespace {

constexpr std::array<std::string_view, 6> feature_names = {"batch",   "tenant-topics", "brief",
                                                           "dry-run", "observe",       "id-window"};

// Maps that some op reads as a whole: a key twice in one of them is malformed.
constexpr std::array<std::string_view, 2> read_map_names = {"attributes", "config"};

constexpr std::size_t supported_max = 8;              // names listed with unknown_governor
constexpr std::size_t buffer_bytes_kept = 64 * 1024;  // what a workspace keeps between messages

bool is_request_channel(const Topic& topic) {
    return topic.channel == Channel::request || topic.channel == Channel::admin ||
           topic.channel == Channel::control;
}

// An error too says whose request it answers, and is as short as it was asked to be.
void echo(const Request& request, Reply& fault) {
    fault.id = request.id;
    fault.cid = request.cid;
    fault.brief = request.brief;
    fault.dry_run = request.dry_run;
    if (fault.tenant.empty()) {
        fault.tenant = request.tenant;
    }
    fault.traceparent = request.traceparent;
    fault.tracestate = request.tracestate;
}

}  // namespace

struct Engine::Workspace {
    Workspace(const Root& root, const ReplyPolicy& policy, const Limits& limits)
        : parser(root), decoder(limits), route(root, policy) {}

    TopicParser parser;
    Decoder decoder;
    ReplyRoute route;
    Writer writer;
    Request request;
    Decided decided;
    Effect effect;
    std::string title;  // "type/name" of a governor that is not there
};

struct Engine::Job {
    Workspace& work;
    const Message& message;
    const Arrival& arrival;
    Instant now;
    EngineHost& host;
    Topic topic{};
    Payload payload{};
    Governor* governor = nullptr;
};

Engine::Engine(Options options)
    : options_(std::move(options)),
      policy_(options_.root, options_.reply_prefixes),
      registry_(options_.seed) {}

Engine::~Engine() = default;

std::span<const std::string_view> Engine::features() {
    return feature_names;
}

Engine::Workspace& Engine::workspace() {
    auto& slot = workspaces_[depth_];
    if (slot == nullptr) {
        slot = std::make_unique<Workspace>(options_.root, policy_, options_.limits);
    }
    return *slot;
}

void Engine::set_limits(const Limits& limits) {
    options_.limits = limits;
    for (auto& slot : workspaces_) {
        if (slot != nullptr) {
            slot->decoder.set_limits(limits);
        }
    }
}

std::size_t Engine::memory_bytes() const {
    std::size_t bytes = sizeof(*this);
    for (const auto& slot : workspaces_) {
        if (slot != nullptr) {
            bytes += sizeof(*slot) + slot->decoder.memory_bytes() + slot->writer.memory_bytes() +
                     slot->effect.memory_bytes();
        }
    }
    registry_.each([&bytes](const Governor& governor) { bytes += governor.memory_bytes(); });
    return bytes;
}

void Engine::handle(const Message& message, const Arrival& arrival, Instant now, EngineHost& host) {
    expects(can_go_deeper(), "messages in work stay within the engine's depth");
    Job job{.work = workspace(), .message = message, .arrival = arrival, .now = now, .host = host};
    const auto topic = job.work.parser.parse(message.topic);
    if (!topic || !takes(*topic)) {
        return;
    }
    job.topic = *topic;
    ++depth_;
    if (check_message(job) && find_governor(job)) {
        decide_all(job);
    }
    --depth_;
    if (job.work.decoder.memory_bytes() > buffer_bytes_kept) {
        job.work.decoder.shrink();
    }
    job.work.writer.shrink(buffer_bytes_kept);
}

bool Engine::takes(const Topic& topic) const {
    const bool closed =
        options_.tenant_topics_only && topic.channel == Channel::request && !topic.has_tenant;
    return is_request_channel(topic) && !closed;
}

// What can be wrong with the message as a whole, in the order of docs/protocol.md.
bool Engine::check_message(Job& job) {
    const Message& message = job.message;
    if (message.retain && message.payload.empty()) {
        return false;  // clears a retained message: no request
    }
    if (message.retain && !job.arrival.live_retain) {
        ++counts_.retained;  // 3.1.1: the broker replays what somebody left there
        return false;
    }
    job.payload.encoding = encoding_of(message.payload);
    if (!job.work.route.begin(message, job.topic)) {
        job.host.reply_topic_refused(job.work.route.refused());
        answer_fault(job, error_reply(job, Reason::bad_reply_topic));
        return false;
    }
    if (message.retain) {
        ++counts_.retained;
        answer_fault(job, error_reply(job, Reason::retained));
        return false;
    }
    job.payload = job.work.decoder.decode(message.payload, read_map_names);
    if (!job.payload.good()) {
        Reply fault = error_reply(job, job.payload.fault.reason);
        fault.message = job.payload.fault.message;
        if (fault.reason == Reason::malformed) {
            fault.offset = job.payload.fault.offset;
        }
        answer_fault(job, fault);
        return false;
    }
    if (!job.work.route.take_reply_to(*job.payload.root)) {
        job.host.reply_topic_refused(job.work.route.refused());
        Reply fault = error_reply(job, Reason::bad_reply_topic);
        echo_request(job, fault);
        answer_fault(job, fault);
        return false;
    }
    if (expired(job)) {
        ++counts_.expired;
        return false;
    }
    return true;
}

// Message Expiry Interval, or ttl_ms of the first entry, against the time spent in this process.
bool Engine::expired(const Job& job) const {
    if (job.arrival.waited.count() <= 0) {
        return false;
    }
    if (job.message.expiry_s && job.arrival.waited > std::chrono::seconds(*job.message.expiry_s)) {
        return true;
    }
    const Value* entry = job.payload.root;
    if (entry->is(Kind::array)) {
        if (entry->count == 0) {
            return false;
        }
        entry = entry->first_child();
    }
    if (!entry->is(Kind::map)) {
        return false;
    }
    read_request(*entry, job.payload.encoding, job.work.request);
    const auto ttl_ms = job.work.request.ttl_ms;
    return ttl_ms && job.arrival.waited.count() > *ttl_ms;
}

bool Engine::find_governor(Job& job) {
    if (job.topic.channel == Channel::control) {
        return true;
    }
    job.governor = registry_.find(job.topic.type, job.topic.name);
    if (job.governor != nullptr) {
        return true;
    }
    const auto titles = registry_.titles(supported_max);
    Reply fault = error_reply(job, Reason::unknown_governor);
    fault.supported = titles;
    echo_request(job, fault);
    answer_fault(job, fault);
    return false;
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

void Engine::decide_all(Job& job) {
    job.work.writer.restart(job.payload.encoding);
    const Value& root = *job.payload.root;
    if (root.is(Kind::map)) {
        decide_entry(job, root);
        send_reply(job);
        return;
    }
    job.work.writer.begin_array();
    const Value* entry = root.first_child();
    for (std::uint32_t i = 0; i < root.count; ++i, entry = entry->next_sibling()) {
        if (i != 0 && i % batch_slice == 0) {
            job.host.breathe();
        }
        decide_entry(job, *entry);
    }
    job.work.writer.end_array();
    send_reply(job);
}

void Engine::decide_entry(Job& job, const Value& entry) {
    ++counts_.requests;
    if (!entry.is(Kind::map)) {
        Reply fault = error_reply(job, Reason::malformed);
        fault.message = "an entry of a batch must be a map";
        write_error(job, fault);
        return;
    }
    Request& request = job.work.request;
    read_request(entry, job.payload.encoding, request);
    if (job.message.has_response_topic && request.fault.field == "reply_to") {
        request.fault = {};  // beside a Response Topic it is not looked at
    }
    if (job.topic.channel == Channel::control) {
        expects(control_ != nullptr, "whoever subscribes to control answers it");
        control_->answer(request, job.payload.encoding, job.now, job.work.writer);
        return;
    }
    if (job.topic.has_tenant && !job.topic.tenant_canonical) {
        Reply fault = error_reply(job, Reason::bad_field);
        fault.field = "tenant";
        fault.expected =
            "a tenant in the topic, with exactly / + # % and a first $ percent-encoded";
        echo(request, fault);
        write_error(job, fault);
        return;
    }
    const Occasion occasion{.now = job.now,
                            .encoding = job.payload.encoding,
                            .admin = job.topic.channel == Channel::admin,
                            .on_tenant_topic = job.topic.has_tenant,
                            .topic_tenant = job.topic.tenant,
                            .features = feature_names};
    answer_one(job, request, occasion);
}

void Engine::answer_one(Job& job, Request& request, const Occasion& occasion) {
    Workspace& work = job.work;
    // The supervisor's edge: what a governor throws ends here and hurts this request only.
    try {
        if (faulty_ == job.governor) {
            faulty_ = nullptr;
            throw std::runtime_error("a fault that control armed");
        }
        job.governor->decide(request, occasion, work.decided, work.effect);
    } catch (const std::exception&) {
        Reply fault = error_reply(job, Reason::governor_down);
        echo(request, fault);
        write_error(job, fault);
        return;
    }
    const Reply& reply = work.decided.reply;
    counts_.errors += reply.verdict == Verdict::error ? 1 : 0;
    counts_.replayed += reply.replayed ? 1 : 0;
    job.governor->write(work.writer, work.decided, job.now);
}

void Engine::send_reply(Job& job) {
    const bool json = job.payload.encoding == Encoding::json;
    Message reply;
    reply.topic = job.work.route.target();
    reply.payload = job.work.writer.bytes();
    reply.qos = job.message.qos;
    reply.correlation_data = job.message.correlation_data;
    reply.content_type = json ? "application/json" : "application/vnd.msgpack";
    reply.utf8_payload = json;
    reply.traceparent = job.message.traceparent;
    reply.tracestate = job.message.tracestate;
    job.host.send(reply);
}

void Engine::refuse_overloaded(const Message& message, EngineHost& host) {
    TopicParser parser(options_.root);
    const auto topic = parser.parse(message.topic);
    if (!topic || !takes(*topic) || message.retain) {
        return;
    }
    Workspace work(options_.root, policy_, options_.limits);
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
