#pragma once
// Writes and reads the bytes of images: numbers little-endian, texts with their size in front.
// A reader never goes beyond its bytes: what is missing reads as nothing and spoils `good`. Pure.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/byte_order.h"
#include "schemas/time.h"

namespace flyball {

// No instant that is kept is further from 1970 (285,000 years): far from where the difference of
// two has no room in 64 bits, and from any that the node's clock can reach.
inline constexpr std::int64_t stored_ms_max = std::int64_t{1} << 53U;
// Of a decision's number. What remembers decisions holds numbers below 2^47: as many again are left
// to give out, and no device decides so often.
inline constexpr std::uint64_t stored_seq_max = std::uint64_t{1} << 46U;

class ImageWriter {
public:
    // Replaces what is in `out`.
    explicit ImageWriter(ByteBuffer& out) : out_(out) { out_.clear(); }

    template <std::unsigned_integral Number>
    void put(Number number) {
        store_little_endian(out_.room(sizeof(number)), number);
        out_.taken(sizeof(number));
    }
    void put_signed(std::int64_t number) { put(static_cast<std::uint64_t>(number)); }
    void put_text(std::string_view text) {  // at most 65,535 bytes
        put(static_cast<std::uint16_t>(text.size()));
        out_.append(text);
    }
    std::span<const std::byte> bytes() const {
        const std::string_view text = out_.bytes();
        return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
    }

private:
    ByteBuffer& out_;
};

class ImageReader {
public:
    explicit ImageReader(std::span<const std::byte> from) : from_(from) {}

    template <std::unsigned_integral Number>
    Number take() {
        good_ = good_ && from_.size() >= sizeof(Number);
        if (!good_) {
            return 0;
        }
        const auto number = load_little_endian<Number>(from_.data());
        from_ = from_.subspan(sizeof(Number));
        return number;
    }
    std::int64_t take_signed() { return static_cast<std::int64_t>(take<std::uint64_t>()); }
    Instant take_instant() {
        const std::int64_t ms = take_signed();
        good_ = good_ && ms >= -stored_ms_max && ms <= stored_ms_max;
        return instant_from_ms(good_ ? ms : 0);
    }
    std::string_view take_text() {
        const std::size_t size = take<std::uint16_t>();
        good_ = good_ && from_.size() >= size;
        if (!good_) {
            return {};
        }
        const std::string_view text{reinterpret_cast<const char*>(from_.data()), size};
        from_ = from_.subspan(size);
        return text;
    }
    void fail() { good_ = false; }
    bool good() const { return good_; }
    bool ended() const { return good_ && from_.empty(); }

private:
    std::span<const std::byte> from_;
    bool good_ = true;
};

}  // namespace flyball
