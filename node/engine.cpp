#include "node/engine.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "node/engine_job.h"
#include "schemas/expects.h"
#include "schemas/reply.h"

namespace flyball {

namespace {

constexpr std::array<std::string_view, 8> feature_names = {
    "batch", "admit", "admit-array", "tenant-topics", "brief", "dry-run", "observe", "id-window"};

// Maps that some op reads as a whole: a key twice in one of them is malformed.
constexpr std::array<std::string_view, 2> read_map_names = {"attributes", "config"};
constexpr std::array<std::string_view, 6> admit_map_names = {
    "attributes", "entitlement", "subscription", "compliance", "quota", "billing"};

constexpr std::size_t supported_max = 8;              // names listed with unknown_governor
constexpr std::size_t buffer_bytes_kept = 64 * 1024;  // what a workspace keeps between messages

bool is_request_channel(const Topic& topic) {
    return topic.channel == Channel::request || topic.channel == Channel::admin ||
           topic.channel == Channel::control;
}

}  // namespace

Engine::Engine(Options options)
    : options_(std::move(options)),
      policy_(options_.root, options_.reply_prefixes),
      registry_({.seed = options_.seed,
                 .instance = options_.instance,
                 .entropy = options_.entropy,
                 .keeps_records = options_.keeps_records,
                 .events = options_.events,
                 .changes = options_.changes}),
      supervisor_(registry_, options_.events),
      admit_(registry_, supervisor_,
             {.ids_capacity = options_.admit_ids_capacity,
              .id_window = options_.admit_id_window,
              .seed = options_.seed,
              .changes = options_.changes}) {}

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

void Engine::release_buffers() {
    expects(depth_ == 0, "no message is in work");
    workspaces_ = {};
}

std::size_t Engine::memory_bytes() const {
    std::size_t bytes = sizeof(*this) - sizeof(admit_) + admit_.memory_bytes();
    for (const auto& slot : workspaces_) {
        if (slot != nullptr) {
            bytes += sizeof(*slot) + slot->decoder.memory_bytes() + slot->writer.memory_bytes() +
                     slot->effect.memory_bytes();
        }
    }
    registry_.each([&bytes](const Governor& governor) { bytes += governor.memory_bytes(); });
    return bytes;
}

// One more message is in work, also when memory runs out over it.
class Engine::Depth {
public:
    explicit Depth(std::size_t& depth) : depth_(depth) { ++depth_; }
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

private:
    std::size_t& depth_;
};

void Engine::handle(const Message& message, const Arrival& arrival, Instant now, EngineHost& host) {
    expects(can_go_deeper(), "messages in work stay within the engine's depth");
    Job job{.work = workspace(), .message = message, .arrival = arrival, .now = now, .host = host};
    if (!find_address(job) || !takes(job.topic)) {
        return;
    }
    if (depth_ == 0) {
        watch_ = next_watch_;
    }
    const Depth within(depth_);
    newest_ = std::max(newest_, now);
    if (watch_ != nullptr) [[unlikely]] {
        watch_->begin(arrival.waited_us);
    }
    if (check_message(job) && find_governor(job)) {
        stage_ends(Stage::decode);
        decide_all(job);
        stage_ends(Stage::publish);
    }
    if (watch_ != nullptr) [[unlikely]] {
        watch_->finish();
    }
    if (job.work.decoder.memory_bytes() > buffer_bytes_kept) {
        job.work.decoder.shrink();
    }
    job.work.writer.shrink(buffer_bytes_kept);
}

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
    job.payload = job.admit() ? job.work.decoder.decode(message.payload, admit_map_names)
                              : job.work.decoder.decode(message.payload, read_map_names);
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
    if (waited_ms == 0) {
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

void Engine::decide_all(Job& job) {
    job.work.writer.restart(job.payload.encoding);
    const Value& root = *job.payload.root;
    if (root.is(Kind::map)) {
        if (decide_entry(job, root, true)) {
            send_reply(job);
        }
        return;
    }
    job.work.writer.begin_array();
    const std::size_t reply_bytes_max = reply_bytes_of_entry * options_.limits.batch;
    const Value* entry = root.first_child();
    for (std::uint32_t i = 0; i < root.count; ++i, entry = entry->next_sibling()) {
        if (i != 0 && i % batch_slice == 0) {
            breathe(job);
        }
        if (job.work.writer.bytes().size() < reply_bytes_max) {
            decide_entry(job, *entry, false);
        } else {
            leave_out(job);
        }
    }
    job.work.writer.end_array();
    send_reply(job);
}

// The replies before it are as long as those of a batch may be together.
void Engine::leave_out(Job& job) {
    ++counts_.requests;
    Reply fault = error_reply(job, Reason::too_large);
    fault.message = "the replies to this batch are too long together; ask again in smaller ones";
    write_error(job, fault);
}

// Others were served meanwhile: time has gone on, and the governor may be gone.
void Engine::breathe(Job& job) {
    job.host.breathe();
    job.now = std::max(job.now, newest_);
    if (!job.admit() && !job.control()) {
        job.governor = registry_.find(job.topic.title);
    }
}

// False: control answers later.
bool Engine::decide_entry(Job& job, const Value& entry, bool alone) {
    ++counts_.requests;
    if (!entry.is(Kind::map)) {
        Reply fault = error_reply(job, Reason::malformed);
        fault.message = "an entry of a batch must be a map";
        write_error(job, fault);
        return true;
    }
    Request& request = job.work.request;
    read_request(entry, job.payload.encoding, request);
    if (job.message.has_response_topic && request.fault.field == "reply_to") {
        request.fault = {};  // beside a Response Topic it is not looked at
    }
    const bool keeps = options_.changes == nullptr || options_.changes->accepts();
    const bool shows = options_.changes == nullptr || options_.changes->shows();
    job.tells = job.tells || shows;
    if (job.control()) {
        expects(control_ != nullptr, "whoever subscribes to control answers it");
        const Message reply = reply_message(job);
        const auto outcome = control_->answer({.request = request,
                                               .encoding = job.payload.encoding,
                                               .now = job.now,
                                               .reply = alone ? &reply : nullptr,
                                               .keeps = keeps,
                                               .shows = shows},
                                              job.work.writer);
        counts_.errors += outcome == ControlDesk::Outcome::error ? 1 : 0;
        end_decision();
        return outcome != ControlDesk::Outcome::later;
    }
    if (job.topic.has_tenant && !job.topic.tenant_canonical) {
        Reply fault = error_reply(job, Reason::bad_field);
        fault.field = "tenant";
        fault.expected =
            "a tenant in the topic, with exactly / + # % and a first $ percent-encoded";
        echo(request, fault);
        write_error(job, fault);
        return true;
    }
    const Occasion occasion{.now = job.now,
                            .encoding = job.payload.encoding,
                            .admin = job.topic.channel == Channel::admin,
                            .on_tenant_topic = job.topic.has_tenant,
                            .topic_tenant = job.topic.tenant,
                            .features = feature_names,
                            .clock_known = job.arrival.clock_known,
                            .keeps = keeps,
                            .shows = shows};
    if (job.admit()) {
        answer_admit(job, request, occasion);
    } else {
        answer_one(job, request, occasion);
    }
    end_decision();
    return true;
}

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
    // The supervisor's edge: what a governor throws ends here and hurts this request only.
    try {
        supervisor_.check_fault(*job.governor);
        job.governor->decide(request, occasion, work.decided, work.effect);
        stage_ends(Stage::decide);
        job.governor->write(work.writer, work.decided, job.now);
        stage_ends(Stage::encode);
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

bool Engine::decide(Governor& governor, Request& request, const Occasion& occasion,
                    Decided& decided, Effect& effect) {
    ++counts_.requests;
    try {
        supervisor_.check_fault(governor);
        governor.decide(request, occasion, decided, effect);
    } catch (const std::exception& failure) {
        supervisor_.failed(governor, failure.what(), occasion.now);
        decided = {};
        decided.reply.governor = governor.title();
        decided.reply.reason = Reason::governor_down;
        echo(request, decided.reply);
    }
    end_decision();
    count(decided.reply);
    return decided.reply.reason != Reason::governor_down;
}

void Engine::answer_admit(Job& job, Request& request, const Occasion& occasion) {
    const Reply& reply = admit_.decide(request, occasion);
    stage_ends(Stage::decide);
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

void Engine::pass_time(Instant now, std::size_t steps_max) {
    registry_.each_due(now, passed_last_, [&](Governor& governor) {
        try {
            steps_max -= governor.pass_time(now, effect_, steps_max);
        } catch (const std::exception& failure) {
            supervisor_.failed(governor, failure.what(), now);
            end_decision();
        }
        return steps_max > 0;
    });
}

}  // namespace flyball
