// Any bytes: decoded, read as requests, written again in both encodings. What is accepted must
// be what msgpack's own unpack() makes of it, and come back the same. Limits so small that a short
// input reaches each accept no more than the usual ones do.

#define MSGPACK_NO_BOOST
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <msgpack.hpp>
#include <string>
#include <string_view>

#include "schemas/decode.h"
#include "schemas/expects.h"
#include "schemas/request.h"
#include "schemas/writer.h"

namespace {

using flyball::Decoder;
using flyball::Encoding;
using flyball::expects;
using flyball::Kind;
using flyball::Payload;
using flyball::Request;
using flyball::Value;
using flyball::Writer;

constexpr std::array<std::string_view, 3> read_maps{"attributes", "config", "quota"};
constexpr flyball::Limits small{.payload_bytes = 512,
                                .nesting = 3,
                                .string_bytes = 16,
                                .map_keys = 4,
                                .entry_values = 8,
                                .values = 24,
                                .batch = 4};

std::string written(const Value& value, Encoding encoding) {
    Writer writer(encoding);
    writer.value(value);
    return std::string(writer.bytes());
}

void read_fields(flyball::FieldReader& fields) {
    std::int64_t number = 0;
    bool flag = false;
    std::string_view text;
    fields.integer("hits", 0, 100, number);
    fields.boolean("partial", flag);
    fields.text("plan", 0, 3, text);
    fields.required_integer("amount", 1, std::numeric_limits<std::int64_t>::max(), number);
    expects(number >= 0 && text.size() <= 3, "what is read is in its range");
    expects(!fields.fault() || !fields.fault().expected.empty(), "a fault says what was expected");
}

void read_as_request(const Value& entry, Encoding encoding) {
    if (!entry.is(Kind::map)) {
        return;
    }
    static Request request;
    read_request(entry, encoding, request);
    find_reply_to(entry);
    flyball::FieldReader fields(request.own, encoding);
    read_fields(fields);
    flyball::FieldReader afresh(request.own, encoding);  // a fault would hide what comes behind it
    std::string_view text;
    afresh.required_text("resource", 1, 64, text);
    const auto ignored = request.own.ignored();
    expects(ignored.count <= flyball::ignored_names_max);
    for (std::size_t at = 0; at < ignored.count; ++at) {
        expects(!request.own.known(ignored.names[at]), "what nobody read is ignored");
    }
}

void read_parts(const Value& entry, Encoding encoding) {
    const Value* key = entry.first_child();
    for (std::uint32_t i = 0; i < entry.count; ++i) {
        const Value* part = key->next_sibling();
        const bool is_read = std::ranges::find(read_maps, key->text()) != read_maps.end();
        if (key->is(Kind::text) && is_read && part->is(Kind::map)) {
            static flyball::Fields own;
            own.fill(*part);
            flyball::FieldReader fields(own, encoding);
            read_fields(fields);
        }
        key = part->next_sibling();
    }
}

void read_as_requests(const Payload& payload) {
    if (!payload.batch) {
        read_as_request(*payload.root, payload.encoding);
        read_parts(*payload.root, payload.encoding);
        return;
    }
    const Value* entry = payload.root->first_child();
    for (std::uint32_t i = 0; i < payload.root->count; ++i, entry = entry->next_sibling()) {
        read_as_request(*entry, payload.encoding);
    }
}

double as_real(const Value& value) {
    return value.is(Kind::integer) ? static_cast<double>(value.integer) : value.real;
}

bool same(const Value& value, const msgpack::object& object);

bool same_members(const Value& value, const msgpack::object& object) {
    const bool map = object.type == msgpack::type::MAP;
    const std::uint32_t size = map ? object.via.map.size : object.via.array.size;
    if (!value.is(map ? Kind::map : Kind::array) || value.count != size) {
        return false;
    }
    const Value* child = value.first_child();
    for (std::uint32_t i = 0; i < size; ++i, child = child->next_sibling()) {
        if (map) {
            if (!same(*child, object.via.map.ptr[i].key)) {
                return false;
            }
            child = child->next_sibling();
        }
        if (!same(*child, map ? object.via.map.ptr[i].val : object.via.array.ptr[i])) {
            return false;
        }
    }
    return true;
}

// `value` is what the tape has to make of `object`.
bool same(const Value& value, const msgpack::object& object) {
    switch (object.type) {
        case msgpack::type::NIL: return value.is(Kind::null);
        case msgpack::type::BOOLEAN:
            return value.is(Kind::boolean) && value.boolean == object.via.boolean;
        case msgpack::type::POSITIVE_INTEGER:
            return value.is(Kind::integer)
                       ? static_cast<std::uint64_t>(value.integer) == object.via.u64
                       : value.unsigned_integer == object.via.u64;
        case msgpack::type::NEGATIVE_INTEGER: return value.integer == object.via.i64;
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64:
            return as_real(value) == object.via.f64 || object.via.f64 != object.via.f64;
        case msgpack::type::STR:
            return value.is(Kind::text) &&
                   value.text() == std::string_view(object.via.str.ptr, object.via.str.size);
        case msgpack::type::BIN:
            return value.is(Kind::binary) &&
                   value.text() == std::string_view(object.via.bin.ptr, object.via.bin.size);
        case msgpack::type::EXT:
            return value.is(Kind::extension) && value.count == object.via.ext.size + 1;
        case msgpack::type::MAP:
        case msgpack::type::ARRAY: return same_members(value, object);
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Decoder decoder;
    static Decoder second;
    const std::string payload(data, data + size);
    static Decoder narrow(small);
    const bool fits = narrow.decode(payload, read_maps).good();
    const Payload decoded = decoder.decode(payload, read_maps);
    expects(decoded.good() || !fits, "what small limits allow, larger ones do");
    if (!decoded.good()) {
        expects(decoded.root == nullptr && !decoded.fault.message.empty());
        expects(decoded.fault.offset <= size);
        return 0;
    }
    read_as_requests(decoded);
    if (decoded.encoding == Encoding::msgpack) {
        const msgpack::object_handle handle = msgpack::unpack(payload.data(), payload.size());
        expects(same(*decoded.root, handle.get()), "unpack() finds the same");
    }
    const std::string msgpack = written(*decoded.root, Encoding::msgpack);
    const std::string json = written(*decoded.root, Encoding::json);
    const Payload again = second.decode(msgpack, read_maps);
    expects(again.good(), "what was accepted is accepted again");
    expects(written(*again.root, Encoding::msgpack) == msgpack, "and means the same");
    expects(second.decode(json).good(), "our JSON is JSON");
    return 0;
}
