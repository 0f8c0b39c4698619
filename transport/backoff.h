#pragma once
// How long to wait before the next attempt to connect: nothing before the first, then a random time
// between zero and a bound that doubles (full jitter, so that a fleet whose broker came back does
// not arrive all at once). Pure: the random source is handed in. One thread.

#include <cstdint>
#include <functional>

#include "schemas/time.h"

namespace flyball {

class Backoff {
public:
    struct Limits {
        Span first = Span{1000};
        Span max = Span{60'000};
    };
    // Any number from 0 to `bound`, both included.
    using Random = std::function<std::uint64_t(std::uint64_t bound)>;

    Backoff(Limits limits, Random random);

    Span next();
    void reset();  // the next attempt is the first again

private:
    Limits limits_;
    Random random_;
    Span bound_{0};
};

}  // namespace flyball
