#pragma once
// The seam between a node and whatever carries its messages: Paho over TCP, TLS or websockets
// (transport/paho.h), the Mosquitto plugin, or an in-memory loopback for tests
// (transport/loopback.h). Knows bytes, topics and MQTT properties; never what a payload means.
//
// Threads: a Receiver is called from the transport's own threads: on_message() from one, one call
// at a time, on_link() and will() from one, which over Paho is another: they may overlap. It must
// not throw, and on_message() must never wait for a lock that someone holds while publishing: both
// may need the library's own lock (try, and leave the message in an inbox). publish() may be called
// from any thread, also from inside a Receiver's call, and never blocks: being full is an answer.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/message.h"
#include "schemas/result.h"
#include "schemas/time.h"

namespace flyball {

enum class Publish : std::uint8_t {
    accepted,       // handed to the transport; not yet delivered
    not_connected,  // dropped: replies are worthless later, state is published again at connect
    full,           // dropped: as much as may wait to leave does
    failed,         // dropped: the transport's library refused it; counted there
};

enum class LinkState : std::uint8_t {
    down,  // no connection; the transport tries again by itself
    connecting,
    up,          // connected and every subscription acknowledged
    name_taken,  // the broker ended the session because another one uses this client id (0x8E)
};

class Receiver {
public:
    virtual ~Receiver() = default;
    // The message's views are valid for this call only.
    virtual void on_message(const Message& message) noexcept = 0;
    // `why`: a sentence for the log, empty when there is nothing to say. Called on every change.
    virtual void on_link(LinkState state, std::string_view why) noexcept = 0;
    // has_room() was false and is true again. From any of the transport's threads.
    virtual void on_room() noexcept {}
    // Asked before each attempt to connect: the last will of that session.
    struct Will {
        std::string topic;
        std::string payload;
        Qos qos = Qos::at_least_once;
        bool retain = true;
    };
    virtual std::optional<Will> will() noexcept = 0;
};

// When the certificates in the connection's files end; nothing: there is none.
struct CertificateEnds {
    std::optional<Instant> not_after{};     // our own
    std::optional<Instant> ca_not_after{};  // the last one of the authorities' file
    bool operator==(const CertificateEnds&) const = default;
};

struct TransportCounts {
    std::uint64_t received = 0;
    std::uint64_t published = 0;
    std::uint64_t publish_full = 0;
    std::uint64_t publish_failed = 0;
    std::uint64_t connects = 0;
};

class Transport {
public:
    virtual ~Transport() = default;

    // Starts connecting and returns at once; tries for ever (at once, then after a random time up
    // to 1, 2, 4 ... 60 s, full jitter), subscribes after every connect, reads the SUBACK's codes.
    virtual void start(Receiver& receiver) = 0;
    // `expiry` and the other properties of `message` are sent where the protocol has them.
    virtual Publish publish(const Message& message) noexcept = 0;
    // False while so much waits to leave that what is published next would only fill memory: a slow
    // reader is to slow down those who ask. What is published is taken all the same.
    virtual bool has_room() const { return true; }
    // Waits until what was accepted has left (QoS 1: was acknowledged) or the time is over.
    virtual bool flush(Span timeout) = 0;
    // Somebody else uses this client id, as the node found out by itself: the next loss of the
    // connection is treated as the broker's 0x8E would be. Mosquitto 2.0.11 just closes the old
    // one.
    virtual void name_disputed() {}
    // Takes the subscriptions back; what the broker sent before it knew of that still arrives.
    virtual void unsubscribe() = 0;
    // Waits until it knows, or the time is over: what it sent has arrived then. True at once where
    // there is no connection to hear more from. One thread: that which unsubscribes.
    virtual bool await_unsubscribed(Span) { return true; }
    // Disconnects in order (the will is not sent); after it returns the receiver is not called.
    virtual void stop() = 0;

    // The connection's files may have been replaced: if they were, it is made anew with them.
    virtual void reread_files() {}
    // As of the last attempt to connect, or of a later look. Any thread.
    virtual CertificateEnds certificates() const { return {}; }

    virtual LinkState link() const = 0;
    virtual TransportCounts counts() const = 0;
    virtual std::string_view name() const = 0;  // health's `transport`: paho, mosquitto, loopback
    virtual std::string peer() const = 0;       // health's `broker`: "tcp://localhost:1883"
    virtual int protocol_version() const = 0;   // 5 or 4 (3.1.1); 0 before the first connect
};

}  // namespace flyball
