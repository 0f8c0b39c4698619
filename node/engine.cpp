#include "node/engine.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <new>
#include <utility>

#include "node/engine_job.h"
#include "schemas/expects.h"
#include "schemas/reply.h"

namespace flyball {

namespace {

constexpr std::array<std::string_view, 8> feature_names = {
    "batch", "admit", "admit-array", "tenant-topics", "brief", "dry-run", "observe", "id-window"};

constexpr Span time_retry{1000};  // of a step in time that there was no memory for

constexpr std::size_t buffer_bytes_kept = 64 * 1024;  // what a workspace keeps between messages

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
              .changes = options_.changes}) {
    passed_last_.reserve(2 * name_bytes_max + 1);
}

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

// Whoever looks on hears of the end of each beginning, also when memory runs out between.
class Engine::Watched {
public:
    Watched(StageWatch* watch, std::int64_t waited_us) : watch_(watch) {
        if (watch_ != nullptr) [[unlikely]] {
            watch_->begin(waited_us);
        }
    }
    ~Watched() {
        if (watch_ != nullptr) [[unlikely]] {
            watch_->finish();
        }
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

private:
    StageWatch* watch_;
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
    const Watched watched(watch_, arrival.waited_us);
    if (check_message(job) && find_governor(job)) {
        stage_ends(Stage::decode);
        try {
            decide_all(job);
        } catch (const std::bad_alloc&) {
            if (job.decides) {
                throw ReplyLost();
            }
            throw;
        }
        stage_ends(Stage::publish);
    }
    if (job.work.decoder.memory_bytes() > buffer_bytes_kept) {
        job.work.decoder.shrink();
    }
    job.work.writer.shrink(buffer_bytes_kept);
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
        const auto outcome = answer_control(job, {.request = request,
                                                  .encoding = job.payload.encoding,
                                                  .now = job.now,
                                                  .reply = alone ? &reply : nullptr,
                                                  .keeps = keeps,
                                                  .shows = shows});
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

void Engine::pass_time(Instant now, std::size_t steps_max) {
    // Further ahead than that: an operator has turned governor time back since.
    if (now < passes_from_ && passes_from_ - now <= time_retry) {
        return;
    }
    const auto pass = [&](Governor& governor) {
        try {
            steps_max -= governor.pass_time(now, effect_, steps_max);
        } catch (const std::bad_alloc&) {
            passes_from_ = now + time_retry;
            return false;
        } catch (const std::exception& failure) {
            supervisor_.failed(governor, failure.what(), now);
            end_decision();
        }
        return steps_max > 0;
    };
    registry_.each_due(now, passed_last_, std::ref(pass));  // what it captures takes no memory
}

std::optional<Instant> Engine::next_due() const {
    const auto due = registry_.next_due();
    return due ? std::optional(std::max(*due, passes_from_)) : due;
}

}  // namespace flyball
