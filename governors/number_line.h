#pragma once
// Decision numbers: 1, 2, 3 ... never given twice, also after a crash. Looks take one and leave no
// record, so numbers are reserved on disk ahead of use (docs/design/state.md). Pure value.

#include <algorithm>
#include <cstdint>

namespace flyball {

class NumberLine {
public:
    static constexpr std::uint64_t ahead = 65'536;

    std::uint64_t last() const { return last_; }
    std::uint64_t reserved() const { return reserved_; }
    // True: half of what is reserved is used, renew() and tell the disk.
    [[nodiscard]] bool take() {
        ++last_;
        return reserved_ <= last_ + ahead / 2;
    }
    std::uint64_t renew() { return reserved_ = last_ + ahead; }

    // Recovery.
    void seen(std::uint64_t number) {
        last_ = std::max(last_, number);
        reserved_ = std::max(reserved_, number);
    }
    void seen_reserved(std::uint64_t number) { reserved_ = std::max(reserved_, number); }
    // After an end that may have lost records. Nothing is reserved then: renew() before the next.
    void skip_reserved() { last_ = reserved_; }

private:
    std::uint64_t last_ = 0;
    std::uint64_t reserved_ = ahead;
};

}  // namespace flyball
