#pragma once
// An in-memory broker and transports over it, for tests: topic filters, retained messages, wills,
// sessions that are taken over, MQTT 5 or 3.1.1. Deterministic: nothing happens but inside
// deliver(), in the order in which it was asked for. One thread; no clock.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transport/transport.h"

namespace flyball {

struct LoopbackOptions {
    std::string client_id;
    std::vector<std::string> filters{};
    int version = 5;                  // 4: no properties, retained messages replayed
    std::size_t outbound_max = 8192;  // published and not yet delivered
};

class Loopback;

class LoopbackBroker {
public:
    LoopbackBroker() = default;
    ~LoopbackBroker();
    LoopbackBroker(const LoopbackBroker&) = delete;
    LoopbackBroker& operator=(const LoopbackBroker&) = delete;

    // The broker must outlive it.
    std::unique_ptr<Loopback> make_endpoint(LoopbackOptions options);

    // Connects who waits for it and hands out messages, until nothing is left to do; at most
    // `messages_max` of them, so that two endpoints that answer each other end a test, not hang
    // it. Returns how many were handed to receivers.
    std::size_t deliver(std::size_t messages_max = 1'000'000);

    // Down: every link is lost, queued messages and wills are gone, retained messages stay.
    void set_up(bool up);
    // Loses one connection, as a cut cable would: its will is published.
    void cut(std::string_view client_id);
    void publish(const Message& message);  // by somebody else
    std::optional<std::string> retained(std::string_view topic) const;

private:
    friend class Loopback;

    // A Message that owns its bytes.
    struct Stored {
        explicit Stored(const Message& message);
        Message view() const;
        std::string topic, payload, response_topic, correlation_data, content_type;
        std::string traceparent, tracestate;
        Message plain;  // what is not text
    };
    struct Queued {
        Stored message;
        Loopback* from = nullptr;
    };

    void accept(const Message& message, Loopback* from);
    bool connect_waiting();
    void replay_retained(Loopback& endpoint);
    std::size_t route(const Queued& queued);
    void remove(Loopback& endpoint);

    std::vector<Loopback*> endpoints_;
    std::deque<Queued> queue_;
    std::map<std::string, Stored, std::less<>> retained_;
    bool up_ = true;
};

class Loopback final : public Transport {
public:
    ~Loopback() override;
    Loopback(const Loopback&) = delete;
    Loopback& operator=(const Loopback&) = delete;

    void start(Receiver& receiver) override;
    Publish publish(const Message& message) noexcept override;
    bool flush(Span timeout) override;  // delivers; true when nothing of this endpoint is left
    void unsubscribe() override;
    void stop() override;
    LinkState link() const override { return state_; }
    TransportCounts counts() const override { return counts_; }
    std::string_view name() const override { return "loopback"; }
    std::string peer() const override { return "loopback"; }
    int protocol_version() const override { return counts_.connects == 0 ? 0 : options_.version; }

private:
    friend class LoopbackBroker;
    Loopback(LoopbackBroker& broker, LoopbackOptions options);

    bool wants(std::string_view topic) const;
    void hand_over(const LoopbackBroker::Stored& stored, bool retained_flag);
    void set_state(LinkState state, std::string_view why);
    void lose(LinkState state, std::string_view why, bool publish_will);

    LoopbackBroker& broker_;
    LoopbackOptions options_;
    Receiver* receiver_ = nullptr;  // null before start() and after stop()
    LinkState state_ = LinkState::down;
    std::optional<Receiver::Will> will_;
    bool subscribed_ = false;
    std::size_t outbound_ = 0;
    TransportCounts counts_;
};

}  // namespace flyball
