#pragma once
// Writes one reply, event or health report into a reused buffer, as msgpack or as JSON, by the same
// calls. Maps and arrays need no size in advance. Allocates nothing once the buffer has grown.
// Misuse (a value where a key is due, an unclosed map) is our own bug and aborts.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/decode.h"
#include "schemas/expects.h"
#include "schemas/msgpack_form.h"
#include "schemas/request.h"
#include "schemas/value.h"

namespace flyball {

class Writer {
public:
    explicit Writer(Encoding encoding = Encoding::json) : encoding_(encoding) {}

    void restart(Encoding encoding);  // a new document; what was written is gone, its memory stays
    Encoding encoding() const { return encoding_; }

    void begin_map();
    void end_map();
    void begin_array();
    void end_array();

    // A literal: its size is known, so that its bytes are copied without a loop or a call.
    template <std::size_t n>
    void key(const char (&name)[n]) {
        static_assert(n - 1 <= msgpack_form::short_text_max);
        before_key();
        if (encoding_ == Encoding::msgpack) {
            msgpack_form::append_short_text(buffer_, {name, n - 1});
        } else {
            put_json({name, n - 1});
            buffer_.push_back(':');
        }
    }
    void key(std::string_view name);  // any text; in JSON it is escaped
    void integer(std::int64_t number) {
        before_value();
        put_integer(number);
    }
    void text(std::string_view text) {
        before_value();
        put_text(text);
    }
    void unsigned_integer(std::uint64_t number);
    void boolean(bool flag);
    void real(double number);  // health only: no float enters a decision
    void null();
    void value(const Value& value);  // a decoded value as it came
    void id(const Id& id);

    template <typename Name, typename T>
    void field(const Name& name, T value) {
        key(name);
        if constexpr (std::same_as<T, bool>) {
            boolean(value);
        } else if constexpr (std::unsigned_integral<T>) {
            unsigned_integer(value);
        } else if constexpr (std::integral<T>) {
            integer(value);
        } else {
            text(value);
        }
    }

    void raw(std::string_view document);  // one written earlier in the same encoding, as a value

    // So that what follows can be taken back, while the container open at the mark stays open.
    struct Mark {
        std::size_t bytes, header, depth;
        std::uint32_t count;
        std::uint8_t due;
    };
    Mark mark() const;
    void rewind(const Mark& mark);

    std::string_view bytes() const { return buffer_.bytes(); }
    std::size_t memory_bytes() const { return buffer_.capacity(); }
    void shrink(std::size_t bytes_max);  // gives memory back after an unusually large document

private:
    // What may come next. `element`: in an array, or its end.
    enum class Due : std::uint8_t { document, key, value, element, nothing };
    struct Level {  // of the container around the open one
        std::size_t header;
        std::uint32_t count;
        Due due;
    };
    static constexpr std::size_t depth_max = 16;

    void before_value() {
        if (due_ == Due::value) [[likely]] {
            due_ = Due::key;
        } else {
            before_element();
        }
    }
    void before_key() {
        expects(due_ == Due::key, "a key belongs in a map, behind a value");
        due_ = Due::value;
        if (count_++ > 0 && encoding_ == Encoding::json) {
            buffer_.push_back(',');
        }
    }
    // put_...: the value alone, without its place in a map or array.
    void put_integer(std::int64_t number) {
        if (encoding_ == Encoding::msgpack) {
            msgpack_form::append_integer(buffer_, number);
        } else {
            put_json(number);
        }
    }
    void put_text(std::string_view text) {
        if (encoding_ == Encoding::msgpack) {
            msgpack_form::append_text(buffer_, text);
        } else {
            put_json(text);
        }
    }
    void put_unsigned(std::uint64_t number);
    void put_json(std::int64_t number);
    void put_json(std::string_view text);
    void put_boolean(bool flag);
    void put_real(double number);
    void put_null();
    void put_value(const Value& value);
    void put_bytes(const Value& value);
    void put_container(const Value& value);
    void before_element();
    void open(bool map);
    void close(bool map);

    Encoding encoding_;
    Due due_ = Due::document;
    std::uint32_t count_ = 0;  // keys or elements of the open container
    std::size_t header_ = 0;   // where its msgpack size is patched in
    std::size_t depth_ = 0;
    ByteBuffer buffer_;
    Level levels_[depth_max] = {};
};

}  // namespace flyball
