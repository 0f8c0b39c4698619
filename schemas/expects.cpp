#include "schemas/expects.h"

#include <cstdio>
#include <cstdlib>

namespace flyball {

void contract_broken(const char* what, const char* file, int line) noexcept {
    std::fprintf(stderr, "<0>flyball: %s at %s:%d (a bug in Flyball)\n", what, file, line);
    std::abort();
}

}  // namespace flyball
