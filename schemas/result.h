#pragma once
// What an operation that can fail returns: a value, or a closed code with a sentence that names the
// thing, the value and the limit. Handle it or return it, never both log and return. Any thread.

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace flyball {

enum class ErrorCode : std::uint8_t {
    usage,        // a flag, an environment variable or a file of the user's is wrong
    unavailable,  // the other side is not there (broker, file system); trying again may help
    refused,      // the other side is there and said no
    damaged,      // stored data does not check out
    state,        // the state folder cannot be used
    internal,     // a library failed in a way that no caller can mend
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
};

// tl::expected is not nodiscard; this class is, and changes nothing else.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
    Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
};

}  // namespace flyball
