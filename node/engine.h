#pragma once
// Decides messages: topic to governor, bytes to requests, replies to bytes. No clock, no thread, no
// socket: the same engine serves the daemon, the broker plugin and a program that links it. One
// thread at a time. Allocates nothing per message once its buffers have grown.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/admit.h"
#include "node/engine_seams.h"
#include "node/registry.h"
#include "node/reply_route.h"
#include "node/supervisor.h"
#include "schemas/decode.h"
#include "schemas/topic.h"
#include "schemas/writer.h"

namespace flyball {

class Engine {
public:
    struct Options {
        Root root;
        Limits limits;
        std::vector<std::string> reply_prefixes;
        bool tenant_topics_only = false;
        std::uint64_t seed = 0;  // keys every hash; random in production
        std::uint64_t instance = 0;
        std::array<std::byte, 32> entropy{};  // of this process; random in production
        bool keeps_records = false;           // `changes` keeps all that is decided, in a journal
        EventSink* events = nullptr;          // hears of what changed; outlives the engine
        ChangeSink* changes = nullptr;        // keeps what changed; likewise
        std::size_t admit_ids_capacity = 8192;
        Span admit_id_window{0};
    };
    explicit Engine(Options options);
    ~Engine();

    // Decides one message and hands the reply to `host`. Messages on other topics are ignored.
    // `now` never runs backwards. May be called from within EngineHost::breathe(). Throws
    // ReplyLost, or std::bad_alloc when there was no memory to begin with and nothing is done. An
    // op of control that has begun counts as done.
    void handle(const Message& message, const Arrival& arrival, Instant now, EngineHost& host);
    // No more than this many handle() calls may be inside one another.
    static constexpr std::size_t depth_max = 4;
    bool can_go_deeper() const { return depth_ < depth_max; }
    // Gives back the buffers that large messages and bursts made grow; the next message makes its
    // own anew. Not while one is in work.
    void release_buffers();

    // Decides one entry that was read elsewhere, under the supervisor; an error governor_down when
    // the governor throws, `overloaded` when there was no memory to decide it.
    void decide(Governor& governor, Request& request, const Occasion& occasion, Decided& decided,
                Effect& effect);

    // The reply to a message that could not be queued. Decides nothing; any thread.
    void refuse_overloaded(const Message& message, EngineHost& host);

    void set_control(ControlDesk* desk) { control_ = desk; }
    void set_watch(StageWatch* watch) { next_watch_ = watch; }  // from the next message on
    // What time alone has changed since, in every governor: a record a step. No more than so many
    // steps, so that whoever has a lock can let others have it; next_due() says whether all is
    // done. Where there is no memory for a step, all of them wait for a second; in next_due() too.
    void pass_time(Instant now, std::size_t steps_max = SIZE_MAX);
    std::optional<Instant> next_due() const;
    void set_limits(const Limits& limits);
    const Limits& limits() const { return options_.limits; }
    Registry& registry() { return registry_; }
    const Registry& registry() const { return registry_; }
    Supervisor& supervisor() { return supervisor_; }
    Admit& admit() { return admit_; }
    const Admit& admit() const { return admit_; }
    const EngineCounts& counts() const { return counts_; }
    std::size_t memory_bytes() const;

    // The features of this build, as `must` may name them and health lists them.
    static std::span<const std::string_view> features();

private:
    struct Workspace;  // buffers of one message in work
    struct Job;        // one message in work
    class Depth;
    class Watched;

    Workspace& workspace();
    bool find_address(Job& job) const;
    bool takes(const Topic& topic) const;
    bool check_message(Job& job);
    bool find_governor(Job& job);
    bool expired(const Job& job) const;
    void decide_all(Job& job);
    void breathe(Job& job);
    void leave_out(Job& job);
    bool decide_entry(Job& job, const Value& entry, bool alone);
    static void echo(const Request& request, Reply& fault);
    void echo_request(Job& job, Reply& fault) const;
    void answer_fault(Job& job, const Reply& fault);
    void answer_one(Job& job, Request& request, const Occasion& occasion);
    ControlDesk::Outcome answer_control(Job& job, const ControlDesk::Call& call);
    void answer_admit(Job& job, Request& request, const Occasion& occasion);
    void count(const Reply& reply);
    void write_error(Job& job, const Reply& error);
    void end_decision() {
        if (options_.changes != nullptr) {
            options_.changes->end_decision();
        }
    }
    Message reply_message(const Job& job) const;
    void send_reply(Job& job);
    void stage_ends(Stage stage) {
        if (watch_ != nullptr) [[unlikely]] {
            watch_->end(stage);
        }
    }
    Reply error_reply(const Job& job, Reason reason) const;

    Options options_;
    ReplyPolicy policy_;
    Registry registry_;
    Supervisor supervisor_;
    Admit admit_;
    EngineCounts counts_;
    ControlDesk* control_ = nullptr;
    StageWatch* watch_ = nullptr;
    StageWatch* next_watch_ = nullptr;
    Effect effect_;            // of time passing
    std::string passed_last_;  // the governor at which that had to end; has room for any title
    Instant passes_from_{};    // once memory has run out over it
    std::array<std::unique_ptr<Workspace>, depth_max> workspaces_;
    std::size_t depth_ = 0;
    Instant newest_{};  // of all messages so far
};

}  // namespace flyball
