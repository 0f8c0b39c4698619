#pragma once
// How every verb of the tool ends; scripts rely on these numbers (docs/protocol.md).

#include <cstdint>

#include "schemas/result.h"

namespace flyball {

enum class Exit : std::uint8_t {
    done = 0,
    missed = 1,       // denied, or a target missed
    error_reply = 2,  // the node answered with an error
    usage = 64,
    unavailable = 69,  // no broker, or no answer in time
    internal = 70,
};

constexpr Exit exit_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::usage: return Exit::usage;
        case ErrorCode::unavailable:
        case ErrorCode::refused: return Exit::unavailable;
        case ErrorCode::damaged:
        case ErrorCode::state:
        case ErrorCode::internal: return Exit::internal;
    }
    return Exit::internal;
}

}  // namespace flyball
