// The part of Engine that comes before deciding: whom a message is for, and what can be wrong with
// it as a whole.

#include <new>
#include <span>
#include <type_traits>

#include "node/engine_job.h"
#include "schemas/reply.h"

namespace flyball {

namespace {

// Maps that some op reads as a whole: a key twice in one of them is malformed.
constexpr std::array<std::string_view, 2> read_map_names = {"attributes", "config"};
constexpr std::array<std::string_view, 6> admit_map_names = {
    "attributes", "entitlement", "subscription", "compliance", "quota", "billing"};

constexpr std::size_t supported_max = 8;  // names listed with unknown_governor

bool is_request_channel(const Topic& topic) {
    return topic.channel == Channel::request || topic.channel == Channel::admin ||
           topic.channel == Channel::control;
}

}  // namespace

// False: the topic is none of ours. Nearly every one is that of requests to a governor that is
// there, and who is known by his title needs no parsing.
bool Engine::find_address(Job& job) const {
    const std::string_view title = job.work.parser.asked_title(job.message.topic);
    job.governor = title.empty() ? nullptr : registry_.find(title);
    if (job.governor == nullptr) {
        return job.work.parser.parse(job.message.topic, job.topic);
    }
    const std::size_t type_bytes = job.governor->type().size();
    job.topic.channel = Channel::request;
    job.topic.type = title.substr(0, type_bytes);
    job.topic.name = title.substr(type_bytes + 1);
    job.topic.title = title;
    return true;
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
    const std::span<const std::string_view> maps =
        job.admit() ? std::span<const std::string_view>(admit_map_names) : read_map_names;
    // In place: to assign it is to wait for its own stores.
    static_assert(std::is_trivially_destructible_v<Payload>);
    new (&job.payload) Payload(job.work.decoder.decode(message.payload, maps));
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
        counts_.expired += job.payload.root->is(Kind::array) ? job.payload.root->count : 1;
        return false;
    }
    return true;
}

// Message Expiry Interval, or ttl_ms of the first entry, against the time spent in this process.
bool Engine::expired(const Job& job) const {
    if (job.message.expiry_s &&
        job.arrival.waited_us > std::int64_t{*job.message.expiry_s} * 1'000'000) {
        return true;
    }
    const std::int64_t waited_ms = job.arrival.waited_us / 1'000;
    if (waited_ms <= 0) {
        return false;  // no ttl_ms has run out: nobody need look for one
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
    return ttl_ms && waited_ms > *ttl_ms;
}

bool Engine::find_governor(Job& job) {
    if (job.control() || job.admit()) {
        return true;
    }
    if (job.governor == nullptr) {
        job.governor = registry_.find(job.topic.title);
    }
    if (job.governor != nullptr && !job.governor->standing().down) {
        return true;
    }
    const bool down = job.governor != nullptr;
    Reply fault = error_reply(job, down ? Reason::governor_down : Reason::unknown_governor);
    const auto titles = registry_.titles(down ? 0 : supported_max);
    fault.supported = titles;
    echo_request(job, fault);
    answer_fault(job, fault);
    return false;
}

}  // namespace flyball
