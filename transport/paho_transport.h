#pragma once
// The Transport behind make_paho(): an mqtt::async_client, and one thread of our own, the link,
// that connects, subscribes, ticks and reconnects. The client belongs to the link thread; publish()
// sees it through `active_` and is counted while it uses it, so that no lock of ours is ever held
// over a call into Paho (its callbacks run with a process-wide mutex held, and publishing takes
// it).

#include <mqtt/async_client.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "transport/backoff.h"
#include "transport/broker_address.h"
#include "transport/paho.h"
#include "transport/paho_events.h"
#include "transport/subscription_copies.h"

namespace flyball {

class PahoTransport final : public Transport {
public:
    PahoTransport(PahoOptions options, BrokerAddress address);
    ~PahoTransport() override;
    PahoTransport(const PahoTransport&) = delete;
    PahoTransport& operator=(const PahoTransport&) = delete;

    void start(Receiver& receiver) override;
    Publish publish(const Message& message) noexcept override;
    bool has_room() const override { return outbound_.has_room(); }
    bool flush(Span timeout) override;
    void name_disputed() override { disputed_.store(true); }
    void reread_files() override { reread_.store(true); }
    CertificateEnds certificates() const override;
    void unsubscribe() override;
    bool await_unsubscribed(Span timeout) override;
    void stop() override;
    LinkState link() const override { return state_.load(); }
    TransportCounts counts() const override;
    std::string_view name() const override { return "paho"; }
    std::string peer() const override { return address_.text; }
    int protocol_version() const override { return version_seen_.load(); }

private:
    using Clock = std::chrono::steady_clock;

    // Holds the client still while a thread other than the link's calls into it.
    class Use;

    // The link thread (paho_link.cpp).
    void run();
    bool bring_up(std::string& why);
    bool connect(std::string& why);
    // Why there is no connection, in words that say what to do; `outcome` is Paho's word for it
    // (paho_refusal.cpp).
    std::string refusal(const mqtt::token* token, std::string_view outcome);
    void set_certificates(const CertificateEnds& ends);
    bool look_at_files();
    std::vector<std::string> wanted_filters() const;
    bool subscribe(std::string& why);
    void hold();  // ticks until the connection is lost or stop() was called
    void tick();
    bool is_half_open();
    void take_down();
    void set_state(LinkState state, std::string_view why);
    void make_client();
    void drop_client();

    // Paho's threads.
    void set_callbacks(mqtt::async_client& client);
    void on_message(const mqtt::message& message) noexcept;

    const PahoOptions options_;
    const BrokerAddress address_;
    PahoEvents events_;
    Outbound outbound_;
    Backoff backoff_;
    unsigned failures_ = 0;  // to connect, one after the other
    Receiver* receiver_ = nullptr;

    std::unique_ptr<mqtt::async_client> client_;  // the link thread's
    std::atomic<mqtt::async_client*> active_{};   // what publish() may use; null when down
    std::atomic<int> users_{0};                   // threads inside a Use
    const SubscriptionCopies copies_;
    bool identified_ = false;              // this broker takes Subscription Identifiers
    int version_ = MQTTVERSION_5;          // asked for next; falls back and remembers
    std::atomic<bool> properties_{false};  // the connection speaks MQTT 5
    std::atomic<bool> wanted_{true};       // false after unsubscribe()
    // Of the thread that unsubscribes and waits for it.
    mqtt::token_ptr unsubscribing_;
    std::uint64_t seen_ = 0;  // of received_
    Clock::time_point seen_since_{};
    std::atomic<bool> disputed_{false};  // by name_disputed(), until the connection is lost
    std::atomic<bool> reread_{false};    // by reread_files(), until the link has looked
    Clock::time_point next_look_{};      // at the files, by the link thread
    std::string connected_with_;         // their fingerprint at the last attempt to connect
    mutable std::mutex certificates_mutex_;
    CertificateEnds certificates_;
    std::atomic<LinkState> state_{LinkState::down};
    std::atomic<int> version_seen_{0};
    // Steady clock: when something last arrived, or a tick left; and when something last arrived.
    std::atomic<std::int64_t> heard_ms_{0};
    std::atomic<std::int64_t> alive_ms_{0};
    std::atomic<bool> ticks_return_{false};  // one has, since the last half-open connection
    std::int64_t ticked_ms_ = 0;             // the link thread's, with the next one
    int ticks_unheard_ = 0;

    std::atomic<std::uint64_t> received_{0};
    std::atomic<std::uint64_t> published_{0};
    std::atomic<std::uint64_t> publish_full_{0};
    std::atomic<std::uint64_t> publish_failed_{0};
    std::atomic<std::uint64_t> connects_{0};

    std::thread thread_;
};

}  // namespace flyball
