#include "governors/packed_column.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace flyball {

namespace {

constexpr unsigned width_max = 56;  // with the rest of a byte it fits a word

std::size_t bytes_of(std::uint64_t number) {
    return (static_cast<std::size_t>(std::bit_width(number | 1U)) + 6) / 7;
}

}  // namespace

PackedColumnWriter::~PackedColumnWriter() {
    std::uint64_t largest = 1;
    std::size_t plain = 0;
    for (std::size_t at = 1; at < numbers_.size(); ++at) {
        largest = std::max(largest, numbers_[at]);
        plain += bytes_of(numbers_[at]);
    }
    const auto width = static_cast<unsigned>(std::bit_width(largest));
    const std::size_t packed = numbers_.empty() ? 0 : ((numbers_.size() - 1) * width + 7) / 8;
    // Where most take one byte anyway, LZ4 finds more in bytes than is won here.
    const bool packs = width <= width_max && packed < plain && 4 * plain > 5 * numbers_.size();
    ColumnWriter column(out_);
    column.put_word(static_cast<std::uint8_t>(packs ? width : 0));
    std::uint64_t waiting = 0;
    unsigned bits = 0;
    for (std::size_t at = 0; at < numbers_.size(); ++at) {
        if (!packs || at == 0) {  // the first is no difference: a date among spans
            column.put(numbers_[at]);
            continue;
        }
        waiting |= numbers_[at] << bits;
        for (bits += width; bits >= 8; bits -= 8, waiting >>= 8) {
            column.put_word(static_cast<std::uint8_t>(waiting));
        }
    }
    if (bits > 0) {
        column.put_word(static_cast<std::uint8_t>(waiting));
    }
}

PackedColumnReader::PackedColumnReader(ColumnReader column, bool may_pack) : column_(column) {
    if (may_pack) {
        width_ = column_.take_word<std::uint8_t>();
        if (width_ > width_max) {
            column_.fail();
            width_ = 0;
        }
    }
}

std::uint64_t PackedColumnReader::take() {
    if (width_ == 0 || std::exchange(first_, false)) {
        return column_.take();
    }
    for (; waiting_bits_ < width_ && column_.good(); waiting_bits_ += 8) {
        waiting_ |= std::uint64_t{column_.take_word<std::uint8_t>()} << waiting_bits_;
    }
    if (!column_.good()) {
        return 0;
    }
    const std::uint64_t number = waiting_ & ((std::uint64_t{1} << width_) - 1);
    waiting_ >>= width_;
    waiting_bits_ -= width_;
    return number;
}

}  // namespace flyball
