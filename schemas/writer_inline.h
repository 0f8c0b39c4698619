#pragma once
// What of the Writer is inline: fields are what replies are made of. Included by schemas/writer.h.

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "schemas/expects.h"
#include "schemas/msgpack_form.h"
#include "schemas/writer.h"

namespace flyball {

inline void Writer::before_value() {
    if (due_ == Due::value) [[likely]] {
        due_ = Due::key;
    } else if (due_ == Due::element && encoding_ == Encoding::msgpack) {
        ++count_;
    } else {
        before_element();
    }
}

inline void Writer::expects_key() {
    expects(due_ == Due::key, "a key belongs in a map, behind a value");
    ++count_;
}

inline void Writer::before_key() {
    expects_key();
    due_ = Due::value;
    if (count_ > 1 && encoding_ == Encoding::json) {
        buffer_.push_back(',');
    }
}

inline void Writer::put_integer(std::int64_t number) {
    if (encoding_ == Encoding::msgpack) {
        msgpack_form::append_integer(buffer_, number);
    } else {
        put_json(number);
    }
}

inline void Writer::put_text(std::string_view text) {
    if (encoding_ == Encoding::msgpack) {
        msgpack_form::append_text(buffer_, text);
    } else {
        put_json(text);
    }
}

inline void Writer::put_unsigned(std::uint64_t number) {
    if (encoding_ == Encoding::msgpack) {
        msgpack_form::append_unsigned(buffer_, number);
    } else {
        put_json(number);
    }
}

inline void Writer::unsigned_integer(std::uint64_t number) {
    before_value();
    put_unsigned(number);
}

inline void Writer::integer(std::int64_t number) {
    before_value();
    put_integer(number);
}

inline void Writer::text(std::string_view text) {
    before_value();
    put_text(text);
}

template <std::size_t n>
void Writer::key(const char (&name)[n]) {
    static_assert(n - 1 <= msgpack_form::short_text_max);
    before_key();
    if (encoding_ == Encoding::msgpack) {
        buffer_.taken_to(msgpack_form::put_short_text(buffer_.room(n), {name, n - 1}));
    } else {
        put_json({name, n - 1});
        buffer_.push_back(':');
    }
}

// What a caller's value is written as.
template <typename T>
auto plain(const T& value) {
    if constexpr (std::same_as<T, bool>) {
        return value;
    } else if constexpr (std::unsigned_integral<T>) {
        return std::uint64_t{value};
    } else if constexpr (std::integral<T>) {
        return std::int64_t{value};
    } else {
        return std::string_view(value);
    }
}

template <std::size_t n, typename T>
[[gnu::always_inline]] inline char* put_field(char* at, const Field<n, T>& field) {
    static_assert(n - 1 <= msgpack_form::short_text_max);
    at = msgpack_form::put_short_text(at, {field.name, n - 1});
    return msgpack_form::put(at, plain(field.value));
}

template <std::size_t n, typename T>
std::size_t room_for(const Field<n, T>& field) {
    return n + msgpack_form::room_for(plain(field.value));
}

// Inline always: then the keys' bytes are constants.
template <typename... F>
[[gnu::always_inline]] inline void Writer::fields(const F&... all) {
    if (encoding_ == Encoding::msgpack) [[likely]] {
        expects(due_ == Due::key, "a key belongs in a map, behind a value");
        count_ += sizeof...(all);
        char* at = buffer_.room((room_for(all) + ...));
        ((at = put_field(at, all)), ...);
        buffer_.taken_to(at);
    } else {
        (json_field(std::string_view(all.name), plain(all.value)), ...);
    }
}

template <typename T>
void Writer::field(std::string_view name, const T& value) {
    key(name);
    put_next(plain(value));
}

template <typename T>
[[gnu::noinline]] void Writer::json_field(std::string_view name, T value) {
    key(name);
    put_next(value);
}

}  // namespace flyball
