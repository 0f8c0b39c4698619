#include "governors/column.h"

#include "schemas/size_within.h"

namespace flyball {

std::uint64_t ColumnReader::take() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto byte = take_word<std::uint8_t>();
        const std::uint64_t bits = byte & 0x7F;
        const bool lost_bits = bits << shift >> shift != bits;
        const bool needless = byte == 0 && shift > 0;  // each number has one form
        if (!good_ || lost_bits || needless) {
            break;
        }
        number |= bits << shift;
        if (byte == bits) {
            return number;
        }
    }
    fail();
    return 0;
}

std::string_view ColumnReader::take_bytes(std::uint64_t size) {
    const auto fits = good_ ? size_within(size, from_.size()) : std::nullopt;
    if (!fits) {
        fail();
        return {};
    }
    const std::string_view bytes{reinterpret_cast<const char*>(from_.data()), *fits};
    from_ = from_.subspan(*fits);
    return bytes;
}

ColumnReader ColumnsReader::next() {
    const std::string_view bytes = all_.take_bytes(all_.take_word<std::uint32_t>());
    ColumnReader column(std::as_bytes(std::span(bytes)));
    if (!all_.good()) {
        column.fail();
    }
    return column;
}

}  // namespace flyball
