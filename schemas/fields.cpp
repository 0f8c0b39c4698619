// Typed reads of a request's own fields, and the sentences that name what a field should be.

#include "schemas/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::int64_t integer_min = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t whole_max = 9007199254740992;  // 2^53: up to here JSON numbers are exact

// Faults carry static text only, so the ranges that the protocol has are spelt out here; a range
// that is not is described, not lost.
struct IntegerRange {
    std::int64_t min;
    std::int64_t max;
    std::string_view text;
};
constexpr std::array integer_ranges{
    IntegerRange{integer_min, integer_max, "an integer"},
    IntegerRange{-1, integer_max, "an integer of at least -1"},
    IntegerRange{0, integer_max, "an integer of at least 0"},
    IntegerRange{1, integer_max, "an integer greater than 0"},
    IntegerRange{1, 200, "an integer from 1 to 200"},
    IntegerRange{1, 1024, "an integer from 1 to 1024"},
    IntegerRange{1, 10000, "an integer from 1 to 10000"},
    IntegerRange{1, 60000, "an integer from 1 to 60000"},
    IntegerRange{1, 1000000, "an integer from 1 to 1000000"},
    IntegerRange{0, 1000000000, "an integer from 0 to 1000000000"},
    IntegerRange{1, 2592000000, "an integer from 1 to 2592000000 (30 days in ms)"},
    IntegerRange{0, 4102444800000, "milliseconds since 1970, up to the year 2100"},
    IntegerRange{0, 253402300799999, "milliseconds since 1970, up to the year 9999"},
    IntegerRange{1, 253402300799999, "an integer from 1 to 253402300799999 (ms)"},
};

struct TextRange {
    std::size_t min;
    std::size_t max;
    std::string_view text;
};
constexpr std::array text_ranges{
    TextRange{0, 64, "a text of at most 64 bytes"},
    TextRange{1, 63, "a text of 1 to 63 bytes"},
    TextRange{1, 64, "a text of 1 to 64 bytes"},
    TextRange{1, 127, "a text of 1 to 127 bytes"},
    TextRange{1, 128, "a text of 1 to 128 bytes"},
    TextRange{1, 256, "a text of 1 to 256 bytes"},
    TextRange{0, 1024, "a text of at most 1024 bytes"},
    TextRange{1, 1024, "a text of 1 to 1024 bytes"},
};

std::string_view expected_integer(std::int64_t min, std::int64_t max) {
    for (const IntegerRange& range : integer_ranges) {
        if (range.min == min && range.max == max) {
            return range.text;
        }
    }
    return "an integer in this field's range";
}

std::string_view expected_text(std::size_t min, std::size_t max) {
    for (const TextRange& range : text_ranges) {
        if (range.min == min && range.max == max) {
            return range.text;
        }
    }
    return "a text of an allowed length";
}

std::optional<std::int64_t> digits(std::string_view text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    // Leading zeros would be a second spelling of the same number; the bound rules out the rest.
    const bool padded = text.starts_with("0") || text.starts_with("-0");
    if (padded || (number >= -whole_max && number <= whole_max)) {
        return std::nullopt;
    }
    return number;
}

}  // namespace

void Fields::add(std::string_view key, const Value* value) {
    expects(size_ < fields_.size(), "a map has at most as many keys as its limit");
    // Member by member: a whole Field copied from the stack waits for its own stores.
    Field& field = fields_[size_++];
    field.key = key;
    field.value = value;
    field.read = false;
}

void Fields::fill(const Value& map) {
    clear();
    const Value* key = map.first_child();
    for (std::uint32_t i = 0; i < map.count; ++i) {
        const Value* value = key->next_sibling();
        add(key->text(), value);
        key = value->next_sibling();
    }
}

void Fields::find_ignored(Ignored& ignored) const {
    ignored.count = 0;
    for (std::size_t i = 0; i < size_ && ignored.count < ignored.names.size(); ++i) {
        if (!fields_[i].read && !fields_[i].key.starts_with("x_")) {
            ignored.names[ignored.count++] = fields_[i].key;
        }
    }
}

bool Fields::known(std::string_view key) const {
    return std::any_of(fields_.begin(), fields_.begin() + static_cast<std::ptrdiff_t>(size_),
                       [key](const Field& field) { return field.read && field.key == key; });
}

std::optional<std::int64_t> as_integer(const Value& value, Encoding encoding) {
    if (value.is(Kind::integer)) {
        return value.integer;
    }
    if (encoding == Encoding::json && value.is(Kind::text)) {
        return digits(value.text());
    }
    return std::nullopt;
}

bool FieldReader::accept_integer(std::string_view key, const Value& value, std::int64_t min,
                                 std::int64_t max, std::int64_t& out) {
    if (fault_) {
        return false;
    }
    const std::optional<std::int64_t> number = as_integer(value, encoding_);
    if (!number || *number < min || *number > max) {
        fail(Reason::bad_field, key, expected_integer(min, max));
        return false;
    }
    out = *number;
    return true;
}

bool FieldReader::accept_boolean(std::string_view key, const Value& value, bool& out) {
    if (fault_) {
        return false;
    }
    if (!value.is(Kind::boolean)) {
        fail(Reason::bad_field, key, "true or false");
        return false;
    }
    out = value.boolean;
    return true;
}

bool FieldReader::accept_text(std::string_view key, const Value& value, std::size_t bytes_min,
                              std::size_t bytes_max, std::string_view& out) {
    if (fault_) {
        return false;
    }
    if (!value.is(Kind::text) || value.count < bytes_min || value.count > bytes_max) {
        fail(Reason::bad_field, key, expected_text(bytes_min, bytes_max));
        return false;
    }
    out = value.text();
    return true;
}

bool FieldReader::required_integer(std::string_view key, std::int64_t min, std::int64_t max,
                                   std::int64_t& out) {
    const Value* value = fields_.take(key);
    if (value == nullptr) {
        fail(Reason::missing_field, key, expected_integer(min, max));
        return false;
    }
    return accept_integer(key, *value, min, max, out);
}

bool FieldReader::required_text(std::string_view key, std::size_t bytes_min, std::size_t bytes_max,
                                std::string_view& out) {
    const Value* value = fields_.take(key);
    if (value == nullptr) {
        fail(Reason::missing_field, key, expected_text(bytes_min, bytes_max));
        return false;
    }
    return accept_text(key, *value, bytes_min, bytes_max, out);
}

void FieldReader::fail(Reason reason, std::string_view field, std::string_view expected) {
    if (!fault_) {
        fault_ = {reason, field, expected};
    }
}

}  // namespace flyball
