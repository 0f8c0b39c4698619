#pragma once
// Writes one reply, event or health report into a reused buffer, as msgpack or as JSON, by the same
// calls. Maps and arrays need no size in advance. Allocates nothing once the buffer has grown.
// Misuse (a value where a key is due, an unclosed map) is our own bug and aborts.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/decode.h"
#include "schemas/request.h"
#include "schemas/value.h"

namespace flyball {

class Writer {
public:
    explicit Writer(Encoding encoding = Encoding::json) : encoding_(encoding) {}

    // Starts a new document; what was written is gone, its memory stays.
    void restart(Encoding encoding);
    Encoding encoding() const { return encoding_; }

    void begin_map();
    void end_map();
    void begin_array();
    void end_array();

    // `name` must need no escape in JSON when it is a literal of ours; others are escaped.
    void key(std::string_view name);
    void integer(std::int64_t number);
    void unsigned_integer(std::uint64_t number);
    void boolean(bool flag);
    void text(std::string_view text);
    void real(double number);  // health only: no float enters a decision
    void null();
    void value(const Value& value);  // a decoded value as it came
    void id(const Id& id);

    void field(std::string_view name, std::string_view value) {
        key(name);
        text(value);
    }
    void field(std::string_view name, const char* value) {
        key(name);
        text(value);
    }
    void field(std::string_view name, std::int64_t value) {
        key(name);
        integer(value);
    }
    void field(std::string_view name, int value) {
        key(name);
        integer(value);
    }
    void field(std::string_view name, std::uint64_t value) {
        key(name);
        unsigned_integer(value);
    }
    void field(std::string_view name, bool value) {
        key(name);
        boolean(value);
    }

    // A document written earlier in the same encoding, as one value.
    void raw(std::string_view document);

    std::string_view bytes() const { return buffer_; }
    std::size_t memory_bytes() const { return buffer_.capacity(); }
    // Gives memory back after an unusually large document.
    void shrink(std::size_t bytes_max);

private:
    struct Level {
        std::size_t header;   // where the msgpack size is patched in
        std::uint32_t count;  // keys and values written
        bool map;
    };
    static constexpr std::size_t depth_max = 16;

    // put_...: the value alone, without its place in a map or array.
    void put_integer(std::int64_t number);
    void put_unsigned(std::uint64_t number);
    void put_boolean(bool flag);
    void put_text(std::string_view text);
    void put_real(double number);
    void put_null();
    void put_value(const Value& value);
    void put_bytes(const Value& value);
    void put_container(const Value& value);
    void before_value();
    void open(bool map);
    void close(bool map);

    Encoding encoding_;
    std::string buffer_;
    Level levels_[depth_max] = {};
    std::size_t depth_ = 0;
};

}  // namespace flyball
