#pragma once
// Bytes of a document while it is written: appended to, never shorter until it is cleared. Memory
// grows by doubling and stays. Unlike a string's, its append is a bound check and a copy, inline
// and without a terminating zero: replies are written in pieces of a few bytes.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace flyball {

// Up to sixteen bytes, as nearly every key and word has, in two copies that may overlap: no call.
[[gnu::always_inline]] inline void copy_short(char* to, const char* from, std::size_t size) {
    const auto ends = [&](auto word) {
        auto last = word;
        std::memcpy(&word, from, sizeof(word));
        std::memcpy(&last, from + size - sizeof(last), sizeof(last));
        std::memcpy(to, &word, sizeof(word));
        std::memcpy(to + size - sizeof(last), &last, sizeof(last));
    };
    if (size > 16) {
        std::memcpy(to, from, size);
    } else if (size >= 8) {
        ends(std::uint64_t{0});
    } else if (size >= 4) {
        ends(std::uint32_t{0});
    } else if (size >= 2) {
        ends(std::uint16_t{0});
    } else if (size == 1) {
        *to = *from;
    }
}

class ByteBuffer {
public:
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return storage_.size(); }
    std::string_view bytes() const { return {storage_.data(), size_}; }
    char& operator[](std::size_t at) { return storage_[at]; }

    // Where the next `bytes` bytes may be written; taken() says how many of them were.
    char* room(std::size_t bytes) {
        if (storage_.size() - size_ < bytes) [[unlikely]] {
            grow(bytes);
        }
        return storage_.data() + size_;
    }
    void taken(std::size_t bytes) { size_ += bytes; }
    void taken_to(const char* end) { size_ = static_cast<std::size_t>(end - storage_.data()); }

    void push_back(char c) {
        *room(1) = c;
        taken(1);
    }
    void append(std::string_view bytes) {
        std::char_traits<char>::copy(room(bytes.size()), bytes.data(), bytes.size());
        taken(bytes.size());
    }
    // Moves what lies at `at` and behind by `bytes`.
    void open_gap(std::size_t at, std::size_t bytes) {
        room(bytes);
        std::char_traits<char>::move(&storage_[at] + bytes, &storage_[at], size_ - at);
        taken(bytes);
    }
    void truncate(std::size_t bytes) { size_ = bytes; }
    void release_memory() { *this = ByteBuffer(); }

private:
    void grow(std::size_t bytes);

    std::string storage_;  // its size is the buffer's capacity
    std::size_t size_ = 0;
};

}  // namespace flyball
