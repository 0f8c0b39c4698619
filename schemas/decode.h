#pragma once
// Bytes from a stranger to a tape of values. Strict: one map or an array of at most `batch`
// entries, nothing behind it, every bound of Limits, texts valid UTF-8. Never throws, never
// crashes, and allocates nothing once its buffers have grown to the largest payload seen.
// One decoder per thread; a Payload is valid until the decoder's next call.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "schemas/limits.h"
#include "schemas/reason.h"
#include "schemas/value.h"

namespace flyball {

enum class Encoding : std::uint8_t { msgpack, json };

struct DecodeFault {
    Reason reason = Reason::none;  // malformed or too_large; none when the payload decoded
    std::size_t offset = 0;        // byte at which decoding stopped
    std::string_view message;      // a sentence for a person; static text
};

struct Payload {
    Encoding encoding = Encoding::json;  // known from the first byte, also when there is a fault
    bool batch = false;                  // an array of entries
    DecodeFault fault;
    const Value* root = nullptr;  // the map or the array; null when there is a fault

    bool good() const { return fault.reason == Reason::none; }
};

// msgpack when the first byte is a msgpack map or array, else JSON.
Encoding encoding_of(std::string_view payload);

class Tape;
class MsgpackReader;
class JsonReader;

class Decoder {
public:
    explicit Decoder(Limits limits = {});
    ~Decoder();
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;

    // `read_maps`: keys of an entry whose value is a map that the op reads (attributes, config
    // ...): a key twice in one of those, at any depth below it, is malformed, as it is in the
    // entry's own map. Maps below other keys may hold anything within the limits.
    Payload decode(std::string_view payload, std::span<const std::string_view> read_maps = {});

    void set_limits(Limits limits);
    std::size_t memory_bytes() const;
    // Gives back what an unusually large payload made the buffers grow to.
    void shrink();

private:
    void read_json(std::string_view payload, std::span<const std::string_view> read_maps,
                   std::size_t& stopped);

    std::unique_ptr<Tape> tape_;
    std::unique_ptr<MsgpackReader> msgpack_;
    std::unique_ptr<JsonReader> json_;  // made by the first JSON payload
};

}  // namespace flyball
