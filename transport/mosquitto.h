#pragma once
// The transport inside a Mosquitto broker: what a node subscribes to is taken from the broker's own
// MESSAGE event, what it publishes is handed to the broker, without a socket in between. Up as long
// as the broker runs; no last will, for there is no connection to lose. Everything on the broker's
// thread: its functions may be called from no other.

#include <string>
#include <vector>

#include "schemas/byte_buffer.h"
#include "transport/transport.h"

struct mosquitto_evt_message;

namespace flyball {

class MosquittoTransport : public Transport {
public:
    // `filters`: what a node would subscribe to.
    explicit MosquittoTransport(std::vector<std::string> filters);

    // Hands the message of a MOSQ_EVT_MESSAGE to the receiver when it is for the node.
    void take(const mosquitto_evt_message& event) noexcept;

    void start(Receiver& receiver) override;
    Publish publish(const Message& message) noexcept override;
    bool flush(Span timeout) override;
    void unsubscribe() override;
    void stop() override;
    LinkState link() const override;
    TransportCounts counts() const override { return counts_; }
    std::string_view name() const override { return "mosquitto"; }
    std::string peer() const override { return "in process"; }
    int protocol_version() const override { return counts_.connects == 0 ? 0 : 5; }

private:
    std::vector<std::string> filters_;
    std::string common_;  // what all filters begin with, cut off from them: most other topics
                          // differ within it
    bool subscribed_ = false;
    Receiver* receiver_ = nullptr;  // null before start() and after stop()
    ByteBuffer text_;               // a topic or a property, as C wants it
    TransportCounts counts_;
};

}  // namespace flyball
