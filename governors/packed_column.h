#pragma once
// A column of numbers that are all about as large: each in as many bits as the largest needs, where
// that is less than a byte or two each (ColumnWriter::put). Times and amounts look like noise to
// LZ4; what it does not find has to go before. First a byte: the bits of a number, or 0 for the
// other form; the first number always has that. Pure.

#include <cstdint>
#include <vector>

#include "governors/column.h"

namespace flyball {

// Written when it ends. Off the hot path: keeps the numbers until then.
class PackedColumnWriter {
public:
    explicit PackedColumnWriter(ByteBuffer& out) : out_(out) {}
    ~PackedColumnWriter();
    PackedColumnWriter(const PackedColumnWriter&) = delete;
    PackedColumnWriter& operator=(const PackedColumnWriter&) = delete;

    void put_signed(std::int64_t number) { numbers_.push_back(zigzag(number)); }
    void put_difference(std::uint64_t number) {
        put_signed(static_cast<std::int64_t>(number - last_));
        last_ = number;
    }

private:
    ByteBuffer& out_;
    std::vector<std::uint64_t> numbers_;
    std::uint64_t last_ = 0;
};

class PackedColumnReader {
public:
    // `may_pack`: false for a column from before there was this form.
    PackedColumnReader(ColumnReader column, bool may_pack);

    std::int64_t take_signed() { return from_zigzag(take()); }
    std::uint64_t take_difference() { return last_ += static_cast<std::uint64_t>(take_signed()); }
    void fail() { column_.fail(); }
    bool good() const { return column_.good(); }
    // Nothing is left but the bits that fill the last byte, which are zero.
    bool ended() const { return column_.ended() && waiting_ == 0; }

private:
    std::uint64_t take();

    ColumnReader column_;
    unsigned width_ = 0;  // bits of a number; 0: not packed
    std::uint64_t waiting_ = 0;
    unsigned waiting_bits_ = 0;
    bool first_ = true;
    std::uint64_t last_ = 0;
};

}  // namespace flyball
