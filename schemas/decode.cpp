#include "schemas/decode.h"

#include <algorithm>

#include "schemas/decode_json.h"
#include "schemas/decode_msgpack.h"
#include "schemas/tape.h"

namespace flyball {

namespace {

bool msgpack_map_or_array(char c) {
    const unsigned byte = static_cast<unsigned char>(c);
    return (byte >= 0x80 && byte <= 0x9F) || (byte >= 0xDC && byte <= 0xDF);
}

// The first byte that is not JSON's white space.
std::size_t first_visible(std::string_view payload) {
    return std::min(payload.find_first_not_of(" \t\n\r"), payload.size());
}

}  // namespace

Encoding encoding_of(std::string_view payload) {
    return !payload.empty() && msgpack_map_or_array(payload[0]) ? Encoding::msgpack
                                                                : Encoding::json;
}

Decoder::Decoder(Limits limits)
    : tape_(std::make_unique<Tape>(limits)), msgpack_(std::make_unique<MsgpackReader>(*tape_)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Payload Decoder::decode(std::string_view payload, std::span<const std::string_view> read_maps) {
    Payload result;
    result.encoding = encoding_of(payload);
    tape_->start(payload, read_maps);
    std::size_t stopped = 0;
    if (payload.size() > tape_->limits().payload_bytes) {
        stopped = tape_->limits().payload_bytes;
        tape_->fail(Reason::too_large, "the payload is longer than this node's limit");
    } else if (result.encoding == Encoding::msgpack) {
        msgpack_->read(payload, stopped);
    } else {
        read_json(payload, read_maps, stopped);
    }
    result.fault.reason = tape_->reason();
    if (!result.good()) {
        result.fault.message = tape_->message();
        result.fault.offset = tape_->offset() == Tape::no_offset ? stopped : tape_->offset();
        return result;
    }
    result.batch = tape_->batch();
    result.root = tape_->root();
    return result;
}

void Decoder::read_json(std::string_view payload, std::span<const std::string_view> read_maps,
                        std::size_t& stopped) {
    stopped = first_visible(payload);
    if (stopped == payload.size()) {
        tape_->fail(Reason::malformed, "the payload is empty");
        return;
    }
    if (payload[stopped] != '{' && payload[stopped] != '[') {
        tape_->fail(Reason::malformed,
                    "the payload is neither a map nor an array, in msgpack or in JSON");
        return;
    }
    if (!json_) {
        json_ = std::make_unique<JsonReader>();
    }
    json_->read(payload, read_maps, *tape_, stopped);
}

void Decoder::set_limits(Limits limits) {
    tape_->set_limits(limits);
}

std::size_t Decoder::memory_bytes() const {
    return tape_->memory_bytes() + (json_ ? json_->memory_bytes() : 0);
}

void Decoder::shrink() {
    tape_->shrink();
    json_.reset();
}

}  // namespace flyball
