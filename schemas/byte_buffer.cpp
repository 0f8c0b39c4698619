#include "schemas/byte_buffer.h"

#include <algorithm>

namespace flyball {

void ByteBuffer::grow(std::size_t bytes) {
    constexpr std::size_t at_first = 256;  // most replies
    storage_.resize(std::max({at_first, 2 * storage_.size(), size_ + bytes}));
}

}  // namespace flyball
