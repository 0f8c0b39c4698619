#include "schemas/request.h"

#include <algorithm>
#include <cstring>

#include "schemas/expects.h"
#include "schemas/utf8.h"

namespace flyball {

namespace {

constexpr std::string_view expected_name = "a text of 1 to 64 bytes without control characters";
constexpr std::string_view expected_id = "a text of 1 to 64 bytes or an unsigned integer";
constexpr std::string_view expected_flag = "true or false";

// The common keys of an entry as they were found; null where absent.
struct Found {
    const Value* must = nullptr;
    const Value* tenant = nullptr;
    const Value* op = nullptr;
    const Value* id = nullptr;
    const Value* cid = nullptr;
    const Value* reply_to = nullptr;
    const Value* ttl_ms = nullptr;
    const Value* dry_run = nullptr;
    const Value* brief = nullptr;
    const Value* traceparent = nullptr;
    const Value* tracestate = nullptr;
};

template <std::size_t N>
bool same(const char* bytes, const char (&name)[N]) {
    return std::memcmp(bytes, name, N - 1) == 0;
}

// Where `key` belongs; null for an own field. By length first: most keys need one comparison.
const Value** slot(Found& found, std::string_view key) {
    const char* bytes = key.data();
    switch (key.size()) {
        case 2:
            if (same(bytes, "op")) {
                return &found.op;
            }
            return same(bytes, "id") ? &found.id : nullptr;
        case 3: return same(bytes, "cid") ? &found.cid : nullptr;
        case 4: return same(bytes, "must") ? &found.must : nullptr;
        case 5: return same(bytes, "brief") ? &found.brief : nullptr;
        case 6:
            if (same(bytes, "tenant")) {
                return &found.tenant;
            }
            return same(bytes, "ttl_ms") ? &found.ttl_ms : nullptr;
        case 7: return same(bytes, "dry_run") ? &found.dry_run : nullptr;
        case 8: return same(bytes, "reply_to") ? &found.reply_to : nullptr;
        case 10: return same(bytes, "tracestate") ? &found.tracestate : nullptr;
        case 11: return same(bytes, "traceparent") ? &found.traceparent : nullptr;
        default: return nullptr;
    }
}

Found find_common(const Value& entry, Fields& own) {
    Found found;
    const Value* key = entry.first_child();
    for (std::uint32_t i = 0; i < entry.count; ++i) {
        const Value* value = key->next_sibling();
        const Value** place = slot(found, key->text());
        if (place != nullptr) {
            *place = value;
        } else {
            own.add(key->text(), value);
        }
        key = value->next_sibling();
    }
    return found;
}

// The first fault is the one that is answered.
void note(Request& out, std::string_view field, std::string_view expected) {
    if (!out.fault) {
        out.fault = {Reason::bad_field, field, expected};
    }
}

bool is_text(const Value& value, std::size_t bytes_min, std::size_t bytes_max) {
    return value.is(Kind::text) && value.count >= bytes_min && value.count <= bytes_max;
}

bool is_array_of_texts(const Value& value) {
    if (!value.is(Kind::array)) {
        return false;
    }
    const Value* element = value.first_child();
    for (std::uint32_t i = 0; i < value.count; ++i, element = element->next_sibling()) {
        if (!element->is(Kind::text)) {
            return false;
        }
    }
    return true;
}

bool read_id(const Value& value, Id& out) {
    if (is_text(value, 1, id_bytes_max)) {
        out = {.form = Id::Form::text, .number = 0, .text = value.text()};
        return true;
    }
    if (value.is(Kind::integer) && value.integer >= 0) {
        out = {.form = Id::Form::number,
               .number = static_cast<std::uint64_t>(value.integer),
               .text = {}};
        return true;
    }
    if (value.is(Kind::unsigned_integer)) {
        out = {.form = Id::Form::number, .number = value.unsigned_integer, .text = {}};
        return true;
    }
    return false;
}

void read_who_and_what(const Found& found, Request& out) {
    if (found.must != nullptr) {
        out.must = is_array_of_texts(*found.must) ? found.must : nullptr;
        if (out.must == nullptr) {
            note(out, "must", "an array of texts");
        }
    }
    if (found.tenant != nullptr) {
        if (found.tenant->is(Kind::text) && valid_tenant(found.tenant->text())) {
            out.tenant = found.tenant->text();
        } else {
            note(out, "tenant", expected_name);
        }
    }
    if (found.op != nullptr) {
        if (found.op->is(Kind::text)) {
            out.op = found.op->text();
        } else {
            note(out, "op", "a text");
        }
    }
    if (found.id != nullptr && !read_id(*found.id, out.id)) {
        note(out, "id", expected_id);
    }
    if (found.cid != nullptr && !read_id(*found.cid, out.cid)) {
        note(out, "cid", expected_id);
    }
}

void read_flag(const Value* value, std::string_view name, bool& flag, Request& out) {
    if (value == nullptr) {
        return;
    }
    if (value->is(Kind::boolean)) {
        flag = value->boolean;
    } else {
        note(out, name, expected_flag);
    }
}

void read_how(const Found& found, Encoding encoding, Request& out) {
    if (found.ttl_ms != nullptr) {
        const std::optional<std::int64_t> ttl = as_integer(*found.ttl_ms, encoding);
        if (ttl && *ttl >= 0) {
            out.ttl_ms = ttl;
        } else {
            note(out, "ttl_ms", "an integer of at least 0");
        }
        // A hold and a grant have a field of this name too. Nobody is told that it was ignored.
        out.own.add("ttl_ms", found.ttl_ms);
        out.own.take("ttl_ms");
    }
    read_flag(found.dry_run, "dry_run", out.dry_run, out);
    read_flag(found.brief, "brief", out.brief, out);
    // The last to be found wrong: beside a Response Topic nobody looks at it.
    if (found.reply_to != nullptr) {
        out.has_reply_to = true;
        if (found.reply_to->is(Kind::text)) {
            out.reply_to = found.reply_to->text();
        } else {
            note(out, "reply_to", "a text");
        }
    }
}

// Tracing must not break what it traces: one of a wrong form is a key like any unknown one.
void read_trace(const Value* value, std::string_view name, std::string_view& trace, Fields& own) {
    if (value == nullptr) {
        return;
    }
    if (is_text(*value, 1, trace_bytes_max)) {
        trace = value->text();
    } else {
        own.add(name, value);
    }
}

}  // namespace

void read_request(const Value& entry, Encoding encoding, Request& out) {
    expects(entry.is(Kind::map), "a request is a map");
    out.tenant = {};
    out.op = "check";
    out.id = {};
    out.cid = {};
    out.reply_to = {};
    out.has_reply_to = false;
    out.ttl_ms.reset();
    out.dry_run = false;
    out.brief = false;
    out.must = nullptr;
    out.traceparent = {};
    out.tracestate = {};
    out.own.clear();
    out.fault = {};
    const Found found = find_common(entry, out.own);
    read_who_and_what(found, out);
    read_how(found, encoding, out);
    read_trace(found.traceparent, "traceparent", out.traceparent, out.own);
    read_trace(found.tracestate, "tracestate", out.tracestate, out.own);
}

const Value* find_reply_to(const Value& entry) {
    if (!entry.is(Kind::map)) {
        return nullptr;
    }
    const Value* key = entry.first_child();
    for (std::uint32_t i = 0; i < entry.count; ++i) {
        const Value* value = key->next_sibling();
        if (key->is(Kind::text) && key->text() == "reply_to") {
            return value->is(Kind::text) ? value : nullptr;
        }
        key = value->next_sibling();
    }
    return nullptr;
}

bool is_common_key(std::string_view name) {
    Found found;
    return slot(found, name) != nullptr;
}

bool valid_tenant(std::string_view tenant) {
    if (tenant.empty() || tenant.size() > tenant_bytes_max) {
        return false;
    }
    return is_printable_ascii(tenant) || (valid_utf8(tenant) && !has_control_character(tenant));
}

bool valid_name(std::string_view name) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= name_bytes_max && plain(name[0]) &&
           std::all_of(name.begin(), name.end(),
                       [plain](char c) { return plain(c) || c == '_' || c == '-'; });
}

}  // namespace flyball
