#include "fleet/payload.h"

#include <cstdint>
#include <vector>

namespace flyball {
namespace {

// Only looks: is the nesting bearable? nlohmann's msgpack reader recurses, and so does its writer.
class DepthProbe {
public:
    using number_integer_t = Json::number_integer_t;
    using number_unsigned_t = Json::number_unsigned_t;
    using number_float_t = Json::number_float_t;
    using string_t = Json::string_t;
    using binary_t = Json::binary_t;

    bool null() { return true; }
    bool boolean(bool) { return true; }
    bool number_integer(number_integer_t) { return true; }
    bool number_unsigned(number_unsigned_t) { return true; }
    bool number_float(number_float_t, const string_t&) { return true; }
    bool string(string_t&) { return true; }
    bool binary(binary_t&) { return true; }
    bool key(string_t&) { return true; }
    bool start_object(std::size_t) { return deeper(); }
    bool start_array(std::size_t) { return deeper(); }
    bool end_object() { return higher(); }
    bool end_array() { return higher(); }
    bool parse_error(std::size_t, const std::string&, const Json::exception&) { return false; }

private:
    bool deeper() { return ++depth_ <= payload_nesting_max; }
    bool higher() {
        --depth_;
        return true;
    }
    int depth_ = 0;
};

bool looks_like_msgpack(std::string_view bytes) {
    const auto first = static_cast<std::uint8_t>(bytes.front());
    const bool fixed = first >= 0x80 && first <= 0x9f;  // fixmap, fixarray
    return fixed || (first >= 0xdc && first <= 0xdf);   // array 16/32, map 16/32
}

std::optional<Json> kept(Json document) {
    if (document.is_discarded()) {
        return std::nullopt;
    }
    return document;
}

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
    DepthProbe probe;
    try {
        if (!Json::sax_parse(text, &probe)) {
            return std::nullopt;
        }
        return kept(Json::parse(text, nullptr, false));
    } catch (const Json::exception&) {
        return std::nullopt;  // nlohmann still throws for a number out of a double's range
    }
}

std::optional<Json> decode_payload(std::string_view bytes) {
    if (bytes.empty()) {
        return std::nullopt;
    }
    if (!looks_like_msgpack(bytes)) {
        return parse_json(bytes);
    }
    DepthProbe probe;
    try {
        if (!Json::sax_parse(bytes, &probe, Json::input_format_t::msgpack)) {
            return std::nullopt;
        }
        return kept(Json::from_msgpack(bytes, true, false));
    } catch (const Json::exception&) {
        return std::nullopt;  // e.g. a declared length beyond what a vector can hold
    }
}

Result<std::string> encode_payload(const Json& document, WireFormat format) {
    try {
        const std::string text = document.dump();  // also the check that every text is UTF-8
        if (format == WireFormat::json) {
            return text;
        }
        std::string bytes;
        Json::to_msgpack(document, bytes);
        return bytes;
    } catch (const Json::exception&) {
        return Error{ErrorCode::usage, "a text in the request is not UTF-8"};
    }
}

std::string json_text(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace flyball
