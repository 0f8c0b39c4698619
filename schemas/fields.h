#pragma once
// The fields of one map as an op reads them: by name, typed, without allocation. What is read is
// marked, so that the rest can be named in the reply's `ignored`. Views into the payload; one
// thread at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/decode.h"
#include "schemas/limits.h"
#include "schemas/reason.h"
#include "schemas/short_text.h"
#include "schemas/value.h"

namespace flyball {

// Why an entry cannot be decided. `field` is a dotted path that points into the payload or into
// static text; `expected` is static text such as "an integer from 0 to 9223372036854775807".
struct Fault {
    Reason reason = Reason::none;
    std::string_view field;
    std::string_view expected;

    explicit operator bool() const { return reason != Reason::none; }
};

// The keys of one map that no common key claims.
class Fields {
public:
    Fields() = default;
    void clear() { size_ = 0; }
    void add(std::string_view key, const Value* value);
    void fill(
        const Value& map);  // every key of a map whose keys are texts, replacing what was here

    // The value of `key`, marked as read; null when absent.
    const Value* take(std::string_view key) {
        for (std::size_t i = 0; i < size_; ++i) {
            if (same_text(fields_[i].key, key)) {
                fields_[i].read = true;
                return fields_[i].value;
            }
        }
        return nullptr;
    }

    // The names that nobody read and that do not start with x_, at most ignored_names_max.
    struct Ignored {
        std::array<std::string_view, ignored_names_max> names;
        std::size_t count = 0;
    };
    void find_ignored(Ignored& ignored) const;  // into any Ignored
    Ignored ignored() const {
        Ignored all;
        find_ignored(all);
        return all;
    }
    bool known(std::string_view key) const;  // present and read

private:
    struct Field {
        std::string_view key;
        const Value* value;
        bool read;
    };
    std::array<Field, 64> fields_;  // Limits::map_keys is at most 64
    std::size_t size_ = 0;
};

// Typed reads of a map's fields. The first fault sticks; later reads leave their targets alone.
class FieldReader {
public:
    FieldReader(Fields& fields, Encoding encoding) : fields_(fields), encoding_(encoding) {}

    // Each returns true when the key was there and well-formed. An absent optional key leaves
    // `out`. A key is marked as read also after a fault: `ignored` names only what the op has not.
    bool integer(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out) {
        const Value* value = fields_.take(key);
        return value != nullptr && accept_integer(key, *value, min, max, out);
    }
    bool required_integer(std::string_view key, std::int64_t min, std::int64_t max,
                          std::int64_t& out);
    bool boolean(std::string_view key, bool& out) {
        const Value* value = fields_.take(key);
        return value != nullptr && accept_boolean(key, *value, out);
    }
    bool text(std::string_view key, std::size_t bytes_min, std::size_t bytes_max,
              std::string_view& out) {
        const Value* value = fields_.take(key);
        return value != nullptr && accept_text(key, *value, bytes_min, bytes_max, out);
    }
    bool required_text(std::string_view key, std::size_t bytes_min, std::size_t bytes_max,
                       std::string_view& out);

    void fail(Reason reason, std::string_view field, std::string_view expected);
    const Fault& fault() const { return fault_; }
    Encoding encoding() const { return encoding_; }
    Fields& fields() { return fields_; }

private:
    bool accept_integer(std::string_view key, const Value& value, std::int64_t min,
                        std::int64_t max, std::int64_t& out);
    bool accept_boolean(std::string_view key, const Value& value, bool& out);
    bool accept_text(std::string_view key, const Value& value, std::size_t bytes_min,
                     std::size_t bytes_max, std::string_view& out);

    Fields& fields_;
    Encoding encoding_;
    Fault fault_;
};

// An integer as a field accepts it: a whole number, or in JSON a string of digits beyond +-2^53.
std::optional<std::int64_t> as_integer(const Value& value, Encoding encoding);

}  // namespace flyball
