#pragma once
// Messages and their MQTT 5 properties between our words and the broker's. Stateless; the broker's
// thread.

#include <cstdlib>
#include <memory>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/message.h"

struct mosquitto_evt_message;
using mosquitto_property = struct mqtt5__property;

namespace flyball {

// What the broker's property functions copy out belongs to the caller.
struct FreedByC {
    void operator()(void* bytes) const { std::free(bytes); }
};

// The message of an event. Its properties are copies, which is all that the broker gives.
class MosquittoMessage {
public:
    explicit MosquittoMessage(const mosquitto_evt_message& event);
    const Message& view() const { return view_; }

private:
    using Kept = std::unique_ptr<char, FreedByC>;

    void read(const mosquitto_property* property);
    static std::string_view keep_text(const mosquitto_property* property, int identifier,
                                      Kept& kept);
    void read_user_property(const mosquitto_property* property);

    Message view_;
    Kept response_topic_, correlation_data_, content_type_, traceparent_, tracestate_;
};

// Null: out of memory, or there are none (`message` then needs none). The caller frees them, or the
// broker once it has taken them. `text` is room for one.
mosquitto_property* properties_of(const Message& message, ByteBuffer& text);

}  // namespace flyball
