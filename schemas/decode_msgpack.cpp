#include "schemas/decode_msgpack.h"

namespace flyball {

bool MsgpackReader::read(std::string_view payload, std::size_t& stopped) {
    init();
    stopped = 0;
    msgpack::parse_return outcome = msgpack::PARSE_PARSE_ERROR;
    try {
        outcome = execute(payload.data(), payload.size(), stopped);
    } catch (const std::exception&) {
        // Only an extension of 2^32 - 1 bytes on a 32-bit machine throws: no payload is that long.
        return tape_.fail(Reason::malformed, "the payload ends before its last value does");
    }
    switch (outcome) {
        case msgpack::PARSE_SUCCESS: break;
        case msgpack::PARSE_EXTRA_BYTES: break;
        case msgpack::PARSE_CONTINUE:
            return tape_.fail(Reason::malformed, "the payload ends before its last value does");
        case msgpack::PARSE_PARSE_ERROR:
            return tape_.fail(Reason::malformed, "a byte that msgpack does not use (0xc1)");
        case msgpack::PARSE_STOP_VISITOR: return false;
    }
    if (stopped != payload.size()) {
        return tape_.fail(Reason::malformed, "there are bytes behind the end of the value");
    }
    return true;
}

}  // namespace flyball
