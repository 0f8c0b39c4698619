#pragma once
// What an engine and its owner are to each other: whom it sends by, who answers for the node, who
// looks on, and how a message came. Called only during Engine::handle, on its thread.

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include "schemas/decode.h"
#include "schemas/message.h"
#include "schemas/reply.h"
#include "schemas/request.h"
#include "schemas/time.h"
#include "schemas/writer.h"

namespace flyball {

// What was asked for is done, as far as it could be, and there is no memory for its reply. The
// caller asks again with the same id, as after any reply that got lost.
struct ReplyLost final : std::bad_alloc {};

// What the engine needs of whoever runs it. Called only during Engine::handle.
class EngineHost {
public:
    virtual ~EngineHost() = default;
    virtual void send(const Message& message) = 0;
    // A reply that tells nothing of the state: it need not wait for the disk.
    virtual void send_at_once(const Message& message) { send(message); }
    // Between slices of a large batch: decide what else waits, by calling handle() again.
    virtual void breathe() = 0;
    virtual void reply_topic_refused(std::string_view topic) = 0;
};

// Answers requests on the `control` topic; the daemon's business (node/control.h).
class ControlDesk {
public:
    virtual ~ControlDesk() = default;
    struct Call {
        Request& request;
        Encoding encoding;
        Instant now;
        // The message that will carry the reply, without its payload; null in a batch.
        const Message* reply;
        bool keeps = true;  // as in Occasion
        bool shows = true;
    };
    enum class Outcome : std::uint8_t { done, error, later };
    // Writes the whole reply as one value, but for `later`, which is only when `reply` is there.
    virtual Outcome answer(const Call& call, Writer& writer) = 0;
};

enum class Stage : std::uint8_t { receive, decode, decide, encode, publish };
inline constexpr std::size_t stage_count = 5;

// Looks on while a message is in work (node/stage_meter.h). What it notes is worth no decision:
// what there is no memory for it leaves out.
class StageWatch {
public:
    virtual ~StageWatch() = default;
    virtual void begin(std::int64_t waited_us) noexcept = 0;
    virtual void end(Stage stage) noexcept = 0;  // the stage that was under way
    virtual void entry(const Reply& reply) noexcept = 0;
    virtual void finish() noexcept = 0;
};

// How a message came to be handled.
struct Arrival {
    std::int64_t waited_us = 0;  // since it arrived in this process
    bool live_retain =
        true;  // MQTT 5 with Retain As Published: the flag means the publisher set it
    bool clock_known = true;  // false: governor time is not a date yet
};

struct EngineCounts {
    std::uint64_t requests = 0;  // entries, not messages
    std::uint64_t errors = 0;
    std::uint64_t expired = 0;
    std::uint64_t replayed = 0;
    std::uint64_t retained = 0;
};

}  // namespace flyball
