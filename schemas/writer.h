#pragma once
// Writes one reply, event or health report into a reused buffer, as msgpack or as JSON, by the same
// calls. Maps and arrays need no size in advance. Allocates nothing once the buffer has grown.
// Misuse (a value where a key is due, an unclosed map) is our own bug and aborts.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/decode.h"
#include "schemas/request.h"
#include "schemas/value.h"

namespace flyball {

// A key that is a literal, and its value.
template <std::size_t n, typename T>
struct Field {
    const char (&name)[n];
    const T& value;
};
template <std::size_t n, typename T>
Field(const char (&)[n], const T&) -> Field<n, T>;

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
    void key(const char (&name)[n]);
    void key(std::string_view name);  // any text; in JSON it is escaped
    void integer(std::int64_t number);
    void text(std::string_view text);
    void unsigned_integer(std::uint64_t number);
    void boolean(bool flag);
    void real(double number);  // health only: no float enters a decision
    void null();
    void value(const Value& value);  // a decoded value as it came
    void id(const Id& id);

    // Keys and their values (a bool, an integer, a text): in msgpack with one bound check for all.
    template <typename... F>
    void fields(const F&... all);  // of Field
    template <std::size_t n, typename T>
    [[gnu::always_inline]] void field(const char (&name)[n], const T& value) {
        fields(Field{name, value});
    }
    template <typename T>
    void field(std::string_view name, const T& value);

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

    void before_value();
    void before_key();
    void expects_key();
    void put_next(bool flag) { boolean(flag); }
    void put_next(std::uint64_t number) { unsigned_integer(number); }
    void put_next(std::int64_t number) { integer(number); }
    void put_next(std::string_view content) { text(content); }
    template <typename T>
    void json_field(std::string_view name, T value);
    // put_...: the value alone, without its place in a map or array.
    void put_integer(std::int64_t number);
    void put_text(std::string_view text);
    void put_unsigned(std::uint64_t number);
    void put_json(std::int64_t number);
    void put_json(std::uint64_t number);
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

#include "schemas/writer_inline.h"
