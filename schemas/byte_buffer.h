#pragma once
// Bytes of a document while it is written: appended to, never shorter until it is cleared. Memory
// grows by doubling and stays. Unlike a string's, its append is a bound check and a copy, inline
// and without a terminating zero: replies are written in pieces of a few bytes.

#include <cstddef>
#include <string>
#include <string_view>

#include "schemas/short_text.h"

namespace flyball {

class ByteBuffer {
public:
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return storage_.capacity(); }
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
    // These bytes alone and an end, as C wants them; until the next change.
    const char* c_text(std::string_view text) {
        clear();
        char* const at = room(text.size() + 1);
        copy_short(at, text.data(), text.size());
        at[text.size()] = '\0';
        return at;
    }
    // Moves what lies at `at` and behind by `bytes`.
    void open_gap(std::size_t at, std::size_t bytes) {
        room(bytes);
        std::char_traits<char>::move(&storage_[at] + bytes, &storage_[at], size_ - at);
        taken(bytes);
    }
    void truncate(std::size_t bytes) { size_ = bytes; }
    // Swapped: assigned an empty string, another one keeps its memory.
    void release_memory() {
        std::string().swap(storage_);
        size_ = 0;
    }

private:
    void grow(std::size_t bytes);

    std::string storage_;  // its size is the buffer's capacity
    std::size_t size_ = 0;
};

}  // namespace flyball
