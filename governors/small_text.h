#pragma once
// A text of a name's length in 16 bytes, where a std::string has 32: up to 15 bytes inside, longer
// ones outside. For what there is one of for each tenant. Not changed in place, only replaced.

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace flyball {

class SmallText {
public:
    SmallText() = default;
    // Up to 4 GiB. Throws std::bad_alloc.
    explicit SmallText(std::string_view text) {
        char* to = bytes_;
        if (text.size() > inside_max) {
            to = new char[text.size()];
            const auto size = static_cast<std::uint32_t>(text.size());
            std::memcpy(bytes_, &to, sizeof(to));
            std::memcpy(bytes_ + size_at, &size, sizeof(size));
        }
        bytes_[mark_at] = text.size() > inside_max ? outside : static_cast<char>(text.size());
        if (!text.empty()) {
            std::memcpy(to, text.data(), text.size());
        }
    }
    SmallText(const SmallText& other) : SmallText(other.view()) {}
    SmallText(SmallText&& other) noexcept { swap(other); }
    SmallText& operator=(SmallText other) noexcept {
        swap(other);
        return *this;
    }
    ~SmallText() {
        if (is_outside()) {
            delete[] view().data();
        }
    }

    std::string_view view() const {
        if (!is_outside()) {
            return {bytes_, static_cast<std::size_t>(bytes_[mark_at])};
        }
        const char* text = nullptr;
        std::uint32_t size = 0;
        std::memcpy(&text, bytes_, sizeof(text));
        std::memcpy(&size, bytes_ + size_at, sizeof(size));
        return {text, size};
    }
    bool operator==(const SmallText& other) const { return view() == other.view(); }
    // Beside its own 16.
    std::size_t memory_bytes() const { return is_outside() ? view().size() : 0; }

private:
    static constexpr std::size_t mark_at = 15;
    static constexpr std::size_t size_at = 8;
    static constexpr std::size_t inside_max = mark_at;
    static constexpr char outside = 16;

    bool is_outside() const { return bytes_[mark_at] == outside; }
    void swap(SmallText& other) noexcept { std::swap(bytes_, other.bytes_); }

    alignas(8) char bytes_[16] = {};
};
static_assert(sizeof(SmallText) == 16);

}  // namespace flyball
