#pragma once
// The daemon: an engine between a transport and a clock. A request is decided on the transport's
// own thread when nothing else waits (measured: a hand-over to another thread costs more than the
// decision), else it waits in the inbox for the node's thread. One lock says who owns the engine.
// Bounded by the inbox; what does not fit is answered `overloaded`.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "node/config.h"
#include "node/control.h"
#include "node/engine.h"
#include "node/event_queue.h"
#include "node/governor_clock.h"
#include "node/histogram.h"
#include "node/keeper_thread.h"
#include "node/node_options.h"
#include "node/node_parts.h"
#include "node/refusals.h"
#include "node/reply_gate.h"
#include "node/settings.h"
#include "node/stage_meter.h"
#include "node/waiter.h"
#include "transport/inbox.h"
#include "transport/transport.h"

namespace flyball {

class Node : private Receiver,
             private EngineHost,
             private EventSink,
             private ControlledNode,
             private Keeper::Owner {
public:
    using Options = NodeOptions;
    // Reads the state folder, makes the governors; an error names the key or the file at fault.
    static Result<std::unique_ptr<Node>> make(Options options);
    ~Node() override;

    // As a program, with `waiter` as its waker: until SIGTERM, SIGINT or control's `drain`.
    int run(Waiter& waiter, ServiceReport& service);
    // In somebody else's loop, on one thread: start(), turns when woken or due, finish() to end.
    void start();
    // How long until the next turn is due; nothing when another thread has the engine just now.
    std::optional<Span> try_turn();
    bool drains() const { return draining_; }
    bool allows(const GovernedAct& act);  // of a client of the same broker; the thread of the turns
    bool governs_subscriptions() const { return governed_.governs_subscriptions(); }
    void reread_configuration();  // as SIGHUP does
    void finish();                // keeps and answers what has arrived, says goodbye, disconnects

private:
    Node(Options options, std::unique_ptr<Keeper> keeper, const StateIdentity& identity);
    void on_message(const Message& message) noexcept override;
    void on_link(LinkState state, std::string_view why) noexcept override;
    void on_room() noexcept override { waker_.wake(); }
    std::optional<Will> will() noexcept override;
    void send(const Message& message) override;
    void send_at_once(const Message& message) override;
    void breathe() override;
    void reply_topic_refused(std::string_view topic) override;
    void raise(const Event& event) override;
    void send_events();
    void with_engine(const std::function<void(Engine&)>& use) override;
    void keeping_changed() noexcept override { waker_.wake(); }
    NodeChange node_change() override;
    std::vector<KeptEvent> kept_events() override;
    void turn_wanted() noexcept override;
    Result<void> recover(const ClockSample& started);
    void take_up(Recovery& recovery, const StateStore::Recovered& recovered);
    void watch_keeping();
    void let_late_events_leave();
    void release_replies();
    void keep_time(std::int64_t now_us);
    void drain() override;
    void set_time(Instant at) override;
    Reloaded reload(bool check_only) override;
    void governors_changed() override;
    void trace(Trace trace) override;
    void profile(Deferred asker) override;
    void snapshot(Deferred asker) override;
    void decide(const Message& message, std::int64_t arrived_us, const ClockSample& begun);
    void decide(const Message&, std::int64_t arrived_us, const ClockSample& begun, EngineHost&);
    void decide_waiting();
    void decide_the_rest(std::int64_t until_us);
    bool holds_back() const { return gate_.full() || !transport_->has_room(); }
    void refuse(const Message& message);
    void look_at_own_health(const Message& message);
    void end_stages_when_due(std::int64_t now_us);
    void announce();
    void answer_profile();
    void answer_snapshots();
    void answer_later(const Deferred& asker, const std::function<void(Writer&)>& own_keys);
    void publish_trace(std::string_view line);
    void take_link_change();
    void watch_clock();
    void publish_health_when_due(std::int64_t now_us);
    void publish_health(std::string_view status);
    void write_health_report(std::string_view status);
    std::string_view status() const;
    Span until_next_duty(std::int64_t now_us) const;
    void take_signal(int signal, ServiceReport& service);
    Span turn();
    std::uint64_t session() const;
    Instant now();

    NodeSettings settings_;
    Log& log_;
    Waker& waker_;
    std::unique_ptr<Transport> transport_;
    std::string root_text_, health_topic_, trace_topic_;
    std::function<Config()> reread_;
    const std::size_t inline_bytes_;

    // Whoever holds this owns everything below it, up to the next remark.
    std::mutex owner_;
    std::unique_ptr<Keeper> keeper_;
    EventQueue events_;
    Engine engine_;
    Control control_;
    StageMeter stages_;
    Profiling profiling_;
    GovernorClock clock_;
    Latency latency_;
    Decoder health_decoder_;
    GovernedTopics governed_;
    std::array<Inbox::Waiting, Engine::depth_max> waitings_;
    TurnPace turn_;
    HealthPace health_;
    std::string policy_rev_;
    ReplyGate gate_;
    KeepingWatch keeping_;
    std::atomic<bool> stopping_{false}, draining_{false};
    // Safe from any thread.
    Inbox inbox_;
    std::atomic<std::uint64_t> connects_{0};
    Refusals refusals_;
    LinkNews link_news_;
    NodeLife life_;
    std::unique_ptr<KeeperPace> pace_;  // the last: its thread uses all of the above
};

}  // namespace flyball
