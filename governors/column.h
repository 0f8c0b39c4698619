#pragma once
// Columns of numbers and bytes, in which a governor's state lies in a snapshot: each its size (4
// bytes, little-endian) and its values, small numbers in few bytes. A reader never goes beyond its
// bytes: what is missing or too long reads as nothing and spoils `good`, and then nothing is left,
// so that whoever reads until nothing is left comes to an end. Pure.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/byte_order.h"
#include "schemas/expects.h"

namespace flyball {

// Signed numbers near zero as small ones: 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
constexpr std::uint64_t zigzag(std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    return bits << 1 ^ (number < 0 ? ~std::uint64_t{0} : 0);
}
constexpr std::int64_t from_zigzag(std::uint64_t number) {
    return static_cast<std::int64_t>(number >> 1 ^ ((number & 1) != 0 ? ~std::uint64_t{0} : 0));
}

// Appends one column to `out`; it ends with its writer.
class ColumnWriter {
public:
    explicit ColumnWriter(ByteBuffer& out) : out_(out), begin_(out.size()) {
        put_word(std::uint32_t{0});
    }
    ~ColumnWriter() {
        const std::size_t size = out_.size() - begin_ - sizeof(std::uint32_t);
        expects(size <= UINT32_MAX, "a column below 4 GiB");
        store_little_endian(&out_[begin_], static_cast<std::uint32_t>(size));
    }
    ColumnWriter(const ColumnWriter&) = delete;
    ColumnWriter& operator=(const ColumnWriter&) = delete;

    // Seven bits a byte, the lowest first; the top bit says that more follow.
    void put(std::uint64_t number) {
        for (; number > 0x7F; number >>= 7) {
            out_.push_back(static_cast<char>(number | 0x80));
        }
        out_.push_back(static_cast<char>(number));
    }
    void put_signed(std::int64_t number) { put(zigzag(number)); }
    // What it is more than the last one that was put so.
    void put_difference(std::uint64_t number) {
        put_signed(static_cast<std::int64_t>(number - last_));
        last_ = number;
    }
    template <std::unsigned_integral Number>
    void put_word(Number number) {
        store_little_endian(out_.room(sizeof(number)), number);
        out_.taken(sizeof(number));
    }
    void put_bytes(std::string_view bytes) { out_.append(bytes); }

private:
    ByteBuffer& out_;
    std::size_t begin_;
    std::uint64_t last_ = 0;
};

class ColumnReader {
public:
    explicit ColumnReader(std::span<const std::byte> from) : from_(from) {}

    std::uint64_t take();
    std::int64_t take_signed() { return from_zigzag(take()); }
    std::uint64_t take_difference() { return last_ += static_cast<std::uint64_t>(take_signed()); }
    template <std::unsigned_integral Number>
    Number take_word() {
        const std::string_view word = take_bytes(sizeof(Number));
        return good_ ? load_little_endian<Number>(word.data()) : Number{0};
    }
    std::string_view take_bytes(std::uint64_t size);

    void fail() {
        good_ = false;
        from_ = {};
    }
    std::size_t left() const { return from_.size(); }
    bool good() const { return good_; }
    bool ended() const { return good_ && from_.empty(); }

private:
    std::span<const std::byte> from_;
    std::uint64_t last_ = 0;
    bool good_ = true;
};

// The columns of `from`, one after another. One that is not there, or not whole, is no good.
class ColumnsReader {
public:
    explicit ColumnsReader(std::span<const std::byte> from) : all_(from) {}
    ColumnReader next();
    bool ended() const { return all_.ended(); }

private:
    ColumnReader all_;
};

}  // namespace flyball
