#pragma once
// One entry of a payload as its reader sees it: the keys common to every request, and the op's own
// fields (schemas/fields.h), which the governor's type reads by name. Reads in one pass over the
// entry's map, without allocation.

#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/decode.h"
#include "schemas/fields.h"
#include "schemas/value.h"

namespace flyball {

// `id` and `cid`: absent, an unsigned integer, or a string. 42 and "42" differ.
struct Id {
    enum class Form : std::uint8_t { absent, number, text };
    Form form = Form::absent;
    std::uint64_t number = 0;
    std::string_view text;

    bool present() const { return form != Form::absent; }
    bool operator==(const Id&) const = default;
};

// What a reply repeats of its request, or depends on.
struct Echoed {
    Id id;
    Id cid;
    bool dry_run = false;
    bool brief = false;
    std::string_view traceparent;  // in a payload: only with MQTT 3.1.1
    std::string_view tracestate;
};

struct Request : Echoed {
    std::string_view tenant;  // empty: absent (a tenant has at least one byte)
    std::string_view op = "check";
    std::string_view reply_to;
    bool has_reply_to = false;
    std::optional<std::int64_t> ttl_ms;
    const Value* must = nullptr;  // array of texts, checked for form
    Fields own;
    Fault fault;  // first fault among the common keys, in the contract's order of checks
};

// Reads the common keys of `entry` (a map) into `out`, replacing what was there. Faults are ordered
// must, tenant, op, id, then the rest. The tenant's absence is no fault here (tenant topics).
void read_request(const Value& entry, Encoding encoding, Request& out);

// `reply_to` of an entry when it is a text; the rest is not read.
const Value* find_reply_to(const Value& entry);

// Whether `name` is one of the keys that every request has.
bool is_common_key(std::string_view name);
// 1 to 64 bytes of UTF-8 without control characters.
bool valid_tenant(std::string_view tenant);
// [a-z0-9][a-z0-9_-]{0,62}: a region, a node, a governor.
bool valid_name(std::string_view name);

}  // namespace flyball
