#include "schemas/request.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "schemas/expects.h"
#include "schemas/utf8.h"

namespace flyball {

namespace {

// The keys that every request may have, in the order of checks: of several that are wrong the first
// is answered. Beside a Response Topic nobody looks at reply_to, so it comes last.
enum class Common : std::uint8_t {
    must,
    tenant,
    op,
    id,
    cid,
    ttl_ms,
    dry_run,
    brief,
    reply_to,
    traceparent,
    tracestate,
    none,  // an own field of the op
};

constexpr std::string_view id_form = "a text of 1 to 64 bytes or an unsigned integer";
constexpr std::string_view flag_form = "true or false";
struct Form {
    std::string_view name;
    std::string_view expected;
};
constexpr std::array<Form, 9> forms = {{
    {"must", "an array of texts"},
    {"tenant", "a text of 1 to 64 bytes without control characters"},
    {"op", "a text"},
    {"id", id_form},
    {"cid", id_form},
    {"ttl_ms", "an integer of at least 0"},
    {"dry_run", flag_form},
    {"brief", flag_form},
    {"reply_to", "a text"},
}};

template <std::size_t N>
bool same(const char* bytes, const char (&name)[N]) {
    return std::memcmp(bytes, name, N - 1) == 0;
}

// By length first: most keys need one comparison.
Common common_key(std::string_view key) {
    const char* bytes = key.data();
    const auto only = [bytes](const auto& name, Common common) {
        return same(bytes, name) ? common : Common::none;
    };
    switch (key.size()) {
        case 2: return same(bytes, "op") ? Common::op : only("id", Common::id);
        case 3: return only("cid", Common::cid);
        case 4: return only("must", Common::must);
        case 5: return only("brief", Common::brief);
        case 6: return same(bytes, "tenant") ? Common::tenant : only("ttl_ms", Common::ttl_ms);
        case 7: return only("dry_run", Common::dry_run);
        case 8: return only("reply_to", Common::reply_to);
        case 10: return only("tracestate", Common::tracestate);
        case 11: return only("traceparent", Common::traceparent);
        default: return Common::none;
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

bool read_text(const Value& value, std::string_view& out) {
    if (value.is(Kind::text)) {
        out = value.text();
    }
    return value.is(Kind::text);
}

bool read_flag(const Value& value, bool& out) {
    out = value.is(Kind::boolean) && value.boolean;
    return value.is(Kind::boolean);
}

bool read_ttl(const Value& value, Encoding encoding, Request& out) {
    // A hold and a grant have a field of this name too. Nobody is told that it was ignored.
    out.own.add("ttl_ms", &value);
    out.own.take("ttl_ms");
    const std::optional<std::int64_t> ttl = as_integer(value, encoding);
    if (!ttl || *ttl < 0) {
        return false;
    }
    out.ttl_ms = ttl;
    return true;
}

// Tracing must not break what it traces: one of a wrong form is a key like any unknown one.
bool read_trace(std::string_view name, const Value& value, std::string_view& trace, Fields& own) {
    if (is_text(value, 1, trace_bytes_max)) {
        trace = value.text();
    } else {
        own.add(name, &value);
    }
    return true;
}

// False: it is of a wrong form.
bool read_common(Common common, const Value& value, Encoding encoding, Request& out) {
    switch (common) {
        case Common::must:
            out.must = is_array_of_texts(value) ? &value : nullptr;
            return out.must != nullptr;
        case Common::tenant:
            out.tenant = value.is(Kind::text) && valid_tenant(value.text()) ? value.text()
                                                                            : std::string_view();
            return !out.tenant.empty();
        case Common::op: return read_text(value, out.op);
        case Common::id: return read_id(value, out.id);
        case Common::cid: return read_id(value, out.cid);
        case Common::ttl_ms: return read_ttl(value, encoding, out);
        case Common::dry_run: return read_flag(value, out.dry_run);
        case Common::brief: return read_flag(value, out.brief);
        case Common::reply_to: out.has_reply_to = true; return read_text(value, out.reply_to);
        case Common::traceparent: return read_trace("traceparent", value, out.traceparent, out.own);
        case Common::tracestate: return read_trace("tracestate", value, out.tracestate, out.own);
        case Common::none: break;
    }
    expects(false, "one of the common keys");
    return false;
}

}  // namespace

void read_request(const Value& entry, Encoding encoding, Request& out) {
    expects(entry.is(Kind::map), "a request is a map");
    static_cast<Echoed&>(out) = {};
    out.tenant = {};
    out.op = "check";
    out.reply_to = {};
    out.has_reply_to = false;
    out.ttl_ms.reset();
    out.must = nullptr;
    out.own.clear();
    out.fault = {};
    Common wrong = Common::none;
    const Value* key = entry.first_child();
    for (std::uint32_t i = 0; i < entry.count; ++i) {
        const Value* value = key->next_sibling();
        const Common common = common_key(key->text());
        if (common == Common::none) {
            out.own.add(key->text(), value);
        } else if (!read_common(common, *value, encoding, out)) {
            wrong = std::min(wrong, common);
        }
        key = value->next_sibling();
    }
    if (wrong != Common::none) {
        const Form& form = forms[static_cast<std::size_t>(wrong)];
        out.fault = {Reason::bad_field, form.name, form.expected};
    }
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
    return common_key(name) != Common::none;
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
