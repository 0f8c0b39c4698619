#include "schemas/writer.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "schemas/expects.h"
#include "schemas/json_text.h"
#include "schemas/msgpack_form.h"

namespace flyball {

namespace {

template <typename Number>
void append_number(std::string& out, Number number) {
    char digits[32];  // the longest double in its shortest form takes 24
    const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
    expects(error == std::errc{}, "a number fits its buffer");
    out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

void Writer::restart(Encoding encoding) {
    encoding_ = encoding;
    buffer_.clear();
    depth_ = 0;
}

void Writer::before_value() {
    if (depth_ == 0) {
        expects(buffer_.empty(), "a document is one value");
        return;
    }
    Level& level = levels_[depth_ - 1];
    expects(!level.map || level.count % 2 == 1, "a value in a map follows its key");
    if (encoding_ == Encoding::json && !level.map && level.count > 0) {
        buffer_.push_back(',');
    }
    ++level.count;
}

void Writer::open(bool map) {
    before_value();
    expects(depth_ < depth_max, "a document is nested at most depth_max deep");
    levels_[depth_++] = {.header = buffer_.size(), .count = 0, .map = map};
    if (encoding_ == Encoding::json) {
        buffer_.push_back(map ? '{' : '[');
    } else {
        buffer_.push_back('\0');
    }
}

void Writer::close(bool map) {
    expects(depth_ > 0, "only what was opened is closed");
    const Level level = levels_[--depth_];
    expects(level.map == map, "a map is closed as a map, an array as an array");
    expects(!map || level.count % 2 == 0, "every key has its value");
    if (encoding_ == Encoding::json) {
        buffer_.push_back(map ? '}' : ']');
        return;
    }
    const std::uint32_t count = map ? level.count / 2 : level.count;
    if (count <= msgpack_form::fix_container_max) {
        buffer_[level.header] = msgpack_form::fix_container(map, count);
        return;
    }
    // Rare and late: the short form is right for nearly every reply, so only long ones are moved.
    msgpack_form::Header header = msgpack_form::container(map, count);
    buffer_.replace(level.header, 1, header.bytes, header.size);
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
    expects(depth_ > 0 && levels_[depth_ - 1].map, "a key belongs in a map");
    Level& level = levels_[depth_ - 1];
    expects(level.count % 2 == 0, "a key follows a value");
    if (encoding_ == Encoding::json) {
        if (level.count > 0) {
            buffer_.push_back(',');
        }
        append_json_text(buffer_, name);
        buffer_.push_back(':');
    } else {
        msgpack_form::append_text(buffer_, name);
    }
    ++level.count;
}

void Writer::integer(std::int64_t number) {
    before_value();
    put_integer(number);
}

void Writer::put_integer(std::int64_t number) {
    if (encoding_ == Encoding::json) {
        append_number(buffer_, number);
    } else {
        msgpack_form::append_integer(buffer_, number);
    }
}

void Writer::unsigned_integer(std::uint64_t number) {
    before_value();
    put_unsigned(number);
}

void Writer::put_unsigned(std::uint64_t number) {
    if (encoding_ == Encoding::json) {
        append_number(buffer_, number);
    } else {
        msgpack_form::append_unsigned(buffer_, number);
    }
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

void Writer::text(std::string_view text) {
    before_value();
    put_text(text);
}

void Writer::put_text(std::string_view text) {
    if (encoding_ == Encoding::json) {
        append_json_text(buffer_, text);
    } else {
        msgpack_form::append_text(buffer_, text);
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
        if (buffer_.find_first_of(".e", start) == std::string::npos) {
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
        buffer_.append(header.bytes, header.size);
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

void Writer::shrink(std::size_t bytes_max) {
    if (buffer_.capacity() > bytes_max) {
        buffer_.clear();
        buffer_.shrink_to_fit();
    }
}

}  // namespace flyball
