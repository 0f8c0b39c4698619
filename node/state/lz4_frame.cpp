#include "node/state/lz4_frame.h"

#include <lz4frame.h>

#include <memory>
#include <string>

#include "schemas/size_within.h"

namespace flyball {

namespace {

constexpr int slow_level = 9;
constexpr std::size_t ratio_max = 255;  // of the format: no frame holds more

LZ4F_preferences_t preferences(std::size_t bytes) {
    LZ4F_preferences_t wanted{};
    wanted.frameInfo.blockSizeID = LZ4F_max64KB;
    wanted.frameInfo.blockMode = LZ4F_blockIndependent;
    wanted.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    wanted.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
    wanted.frameInfo.contentSize = bytes;
    wanted.compressionLevel = bytes <= slow_compression_bytes_max ? slow_level : 0;
    return wanted;
}

bool has_our_form(const LZ4F_frameInfo_t& info) {
    return info.frameType == LZ4F_frame && info.blockSizeID == LZ4F_max64KB &&
           info.blockMode == LZ4F_blockIndependent && info.dictID == 0 &&
           info.contentChecksumFlag == LZ4F_contentChecksumEnabled &&
           info.blockChecksumFlag == LZ4F_blockChecksumEnabled;
}

Error damaged(const char* what) {
    return {ErrorCode::damaged, std::string("an LZ4 frame is damaged: ") + what};
}

struct FreeContext {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

}  // namespace

Result<void> compress_frame(std::span<const std::byte> content, FrameBytes& frame) {
    const LZ4F_preferences_t wanted = preferences(content.size());
    frame.resize(LZ4F_compressFrameBound(content.size(), &wanted));
    const std::size_t size =
        LZ4F_compressFrame(frame.data(), frame.size(), content.data(), content.size(), &wanted);
    if (LZ4F_isError(size) != 0) {
        frame.clear();
        return Error{ErrorCode::internal,
                     std::string("cannot compress: ") + LZ4F_getErrorName(size)};
    }
    frame.resize(size);
    return {};
}

Result<void> decompress_frame(std::span<const std::byte> frame, std::size_t bytes_max,
                              FrameBytes& content) {
    content.clear();
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0) {
        return Error{ErrorCode::internal, "no memory to decompress an LZ4 frame"};
    }
    const std::unique_ptr<LZ4F_dctx, FreeContext> context(made);
    LZ4F_frameInfo_t info{};
    std::size_t used = frame.size();
    const std::size_t hint = LZ4F_getFrameInfo(made, &info, frame.data(), &used);
    if (LZ4F_isError(hint) != 0) {
        return damaged(LZ4F_getErrorName(hint));
    }
    if (!has_our_form(info)) {
        return damaged("its header");
    }
    const auto size = size_within(info.contentSize, bytes_max);
    if (!size) {
        return Error{ErrorCode::usage, "an LZ4 frame declares " + std::to_string(info.contentSize) +
                                           " bytes, the limit is " + std::to_string(bytes_max)};
    }
    if (*size / ratio_max > frame.size()) {
        return damaged("more content than it can hold");
    }
    content.resize(*size);
    frame = frame.subspan(used);
    std::size_t filled = 0;
    for (;;) {
        std::byte nowhere{};
        std::size_t room = content.size() - filled;
        std::size_t taken = frame.size();
        const std::size_t left =
            LZ4F_decompress(made, room == 0 ? &nowhere : content.data() + filled, &room,
                            frame.data(), &taken, nullptr);
        if (LZ4F_isError(left) != 0) {
            return damaged(LZ4F_getErrorName(left));
        }
        filled += room;
        frame = frame.subspan(taken);
        if (left == 0) {
            return filled == content.size() && frame.empty() ? Result<void>()
                                                             : damaged("it is not all of it");
        }
        if (room == 0 && taken == 0) {
            return damaged("it ends too early");
        }
    }
}

}  // namespace flyball
