#pragma once
// LZ4 frames as snapshots hold them: blocks of 64 KB that do not lean on each other, with checksums
// of blocks and content and the content's size, all of which LZ4 leaves out unless told. What a
// frame declares is believed only up to the caller's bound. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "schemas/result.h"

namespace flyball {

using FrameBytes = std::vector<std::byte>;

// Up to here the slow search pays: a tenth to a quarter smaller, at about 30 ms a megabyte.
inline constexpr std::size_t slow_compression_bytes_max = std::size_t{1} << 20;

// Replaces what is in `frame`; its memory stays.
Result<void> compress_frame(std::span<const std::byte> content, FrameBytes& frame);

// Exactly one frame of this form, or an error: `damaged`; `usage` when its content is larger than
// `bytes_max`. Replaces what is in `content`.
Result<void> decompress_frame(std::span<const std::byte> frame, std::size_t bytes_max,
                              FrameBytes& content);

}  // namespace flyball
