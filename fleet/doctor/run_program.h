#pragma once
// Runs another program to its end and keeps what it printed. Bounded: what goes beyond
// `output_bytes_max` is read and dropped; a program that takes too long is ended. Main thread.

#include <string>
#include <vector>

#include "schemas/result.h"
#include "schemas/time.h"

namespace flyball {

inline constexpr std::size_t output_bytes_max = std::size_t{1} << 20U;

struct ProgramRun {
    int status = 0;  // its exit status; 128 and the number of the signal that ended it
    std::string out;
    std::string err;
};

// `words`: the program's path and its arguments; `variables`: NAME=VALUE, beside the environment.
// unavailable: it cannot be started, or was not done in `patience`.
Result<ProgramRun> run_program(const std::vector<std::string>& words,
                               const std::vector<std::string>& variables, Span patience);

}  // namespace flyball
