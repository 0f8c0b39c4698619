#pragma once
// Contract check that stays on in every build. For our own bugs only: never for anything that a
// peer, a file, a broker or a user controls. Prints its place and aborts. Any thread.

namespace flyball {

[[noreturn]] void contract_broken(const char* what, const char* file, int line) noexcept;

inline void expects(bool condition, const char* what = "expectation failed",
                    const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept {
    if (!condition) [[unlikely]] {
        contract_broken(what, file, line);
    }
}

}  // namespace flyball
