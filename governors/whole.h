#pragma once
// For what must not be left half done.

namespace flyball {

// What has begun is done whole: whatever is thrown, and no memory is all that is known to be, ends
// the process, and the next one starts from the disk.
template <typename Rest>
void done_whole(const Rest& rest) noexcept {
    rest();
}

}  // namespace flyball
