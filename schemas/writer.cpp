#include "schemas/writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "schemas/json_text.h"

namespace flyball {

namespace {

template <typename Number>
void append_number(ByteBuffer& out, Number number) {
    constexpr std::size_t bytes_max = 32;  // the longest double in its shortest form takes 24
    char* at = out.room(bytes_max);
    const auto [end, error] = std::to_chars(at, at + bytes_max, number);
    expects(error == std::errc{}, "a number fits its buffer");
    out.taken(static_cast<std::size_t>(end - at));
}

}  // namespace

void Writer::restart(Encoding encoding) {
    encoding_ = encoding;
    due_ = Due::document;
    depth_ = 0;
    buffer_.clear();
}

void Writer::before_element() {
    if (due_ == Due::document) {
        due_ = Due::nothing;
        return;
    }
    expects(due_ == Due::element, "a value in a map follows its key, and a document is one value");
    if (encoding_ == Encoding::json && count_ > 0) {
        buffer_.push_back(',');
    }
    ++count_;
}

void Writer::open(bool map) {
    before_value();
    expects(depth_ < depth_max, "a document is nested at most depth_max deep");
    levels_[depth_++] = {.header = header_, .count = count_, .due = due_};
    header_ = buffer_.size();
    count_ = 0;
    due_ = map ? Due::key : Due::element;
    // In msgpack a place for the size.
    buffer_.push_back(map ? '{' : '[');
}

void Writer::close(bool map) {
    expects(depth_ > 0, "only what was opened is closed");
    expects(due_ == (map ? Due::key : Due::element),
            "a map is closed as a map when every key has its value, an array as an array");
    if (encoding_ == Encoding::json) {
        buffer_.push_back(map ? '}' : ']');
    } else if (count_ <= msgpack_form::fix_container_max) [[likely]] {
        buffer_[header_] = msgpack_form::fix_container(map, count_);
    } else {
        const msgpack_form::Header header = msgpack_form::container(map, count_);
        buffer_.open_gap(header_ + 1, header.size - 1);
        std::copy_n(header.bytes, header.size, &buffer_[header_]);
    }
    const Level& level = levels_[--depth_];
    header_ = level.header;
    count_ = level.count;
    due_ = level.due;
}

void Writer::begin_map() {
    open(true);
}
void Writer::end_map() {
    close(true);
}
void Writer::begin_array() {
    open(false);
}
void Writer::end_array() {
    close(false);
}

void Writer::key(std::string_view name) {
    before_key();
    put_text(name);
    if (encoding_ == Encoding::json) {
        buffer_.push_back(':');
    }
}

void Writer::put_json(std::int64_t number) {
    append_number(buffer_, number);
}

void Writer::put_json(std::string_view text) {
    append_json_text(buffer_, text);
}

void Writer::put_json(std::uint64_t number) {
    append_number(buffer_, number);
}

void Writer::boolean(bool flag) {
    before_value();
    put_boolean(flag);
}

void Writer::put_boolean(bool flag) {
    if (encoding_ == Encoding::json) {
        buffer_.append(flag ? "true" : "false");
    } else {
        buffer_.push_back(msgpack_form::boolean(flag));
    }
}

void Writer::real(double number) {
    before_value();
    put_real(number);
}

void Writer::put_real(double number) {
    if (!std::isfinite(number)) {
        put_null();
    } else if (encoding_ == Encoding::json) {
        const std::size_t start = buffer_.size();
        append_number(buffer_, number);
        // Digits alone would come back as an integer, and beyond 2^53 as another number.
        if (buffer_.bytes().find_first_of(".e", start) == std::string_view::npos) {
            buffer_.append(".0");
        }
    } else {
        msgpack_form::append_real(buffer_, number);
    }
}

void Writer::null() {
    before_value();
    put_null();
}

void Writer::put_null() {
    if (encoding_ == Encoding::json) {
        buffer_.append("null");
    } else {
        buffer_.push_back(msgpack_form::nil);
    }
}

void Writer::id(const Id& id) {
    switch (id.form) {
        case Id::Form::absent: null(); break;
        case Id::Form::number: unsigned_integer(id.number); break;
        case Id::Form::text: text(id.text); break;
    }
}

void Writer::value(const Value& value) {
    before_value();
    put_value(value);
}

// Not by begin_map() and its like: how deep a peer's value goes is not ours to bound here.
void Writer::put_value(const Value& value) {
    switch (value.kind) {
        case Kind::null: put_null(); break;
        case Kind::boolean: put_boolean(value.boolean); break;
        case Kind::integer: put_integer(value.integer); break;
        case Kind::unsigned_integer: put_unsigned(value.unsigned_integer); break;
        case Kind::real: put_real(value.real); break;
        case Kind::text: put_text(value.text()); break;
        case Kind::binary:
        case Kind::extension: put_bytes(value); break;
        case Kind::array:
        case Kind::map: put_container(value); break;
    }
}

void Writer::put_bytes(const Value& value) {
    if (encoding_ == Encoding::json) {
        put_null();  // JSON has no such kind
    } else {
        msgpack_form::append_bytes(buffer_, value);
    }
}

void Writer::put_container(const Value& value) {
    const bool map = value.is(Kind::map);
    const Value* child = value.first_child();
    if (encoding_ == Encoding::msgpack) {
        const msgpack_form::Header header = msgpack_form::container(map, value.count);
        buffer_.append({header.bytes, header.size});
        for (std::uint32_t i = 0; i < (map ? 2 : 1) * value.count; ++i) {
            put_value(*child);
            child = child->next_sibling();
        }
        return;
    }
    buffer_.push_back(map ? '{' : '[');
    for (std::uint32_t i = 0; i < value.count; ++i) {
        if (i > 0) {
            buffer_.push_back(',');
        }
        if (map) {
            // msgpack's keys may be anything, JSON's are texts.
            put_text(child->is(Kind::text) ? child->text() : kind_name(child->kind));
            buffer_.push_back(':');
            child = child->next_sibling();
        }
        put_value(*child);
        child = child->next_sibling();
    }
    buffer_.push_back(map ? '}' : ']');
}

void Writer::raw(std::string_view document) {
    expects(!document.empty(), "a document is not empty");
    before_value();
    buffer_.append(document);
}

Writer::Mark Writer::mark() const {
    return {.bytes = buffer_.size(),
            .header = header_,
            .depth = depth_,
            .count = count_,
            .due = static_cast<std::uint8_t>(due_)};
}

void Writer::rewind(const Mark& mark) {
    expects(mark.bytes <= buffer_.size(), "a mark lies behind");
    buffer_.truncate(mark.bytes);
    header_ = mark.header;
    depth_ = mark.depth;
    count_ = mark.count;
    due_ = static_cast<Due>(mark.due);
}

void Writer::shrink(std::size_t bytes_max) {
    if (buffer_.capacity() > bytes_max) {
        buffer_.release_memory();
    }
}

}  // namespace flyball
