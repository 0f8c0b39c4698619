#include "transport/backoff.h"

#include <algorithm>
#include <utility>

#include "schemas/expects.h"

namespace flyball {

Backoff::Backoff(Limits limits, Random random) : limits_(limits), random_(std::move(random)) {
    expects(limits_.first.count() > 0 && limits_.first <= limits_.max, "backoff limits in order");
}

Span Backoff::next() {
    const Span bound = bound_;
    bound_ = bound.count() == 0 ? limits_.first : std::min(bound * 2, limits_.max);
    if (bound.count() == 0) {
        return Span{0};
    }
    const auto most = static_cast<std::uint64_t>(bound.count());
    return Span{static_cast<std::int64_t>(std::min(random_(most), most))};
}

void Backoff::reset() {
    bound_ = Span{0};
}

}  // namespace flyball
