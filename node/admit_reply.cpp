// The half of Admit that tells what was decided.

#include "node/admit.h"

namespace flyball {

void Admit::write(Writer& writer, Instant now) {
    try {
        write_reply(writer, now);
    } catch (...) {
        take_back_after_write();
        throw;
    }
    take_back_after_write();
}

void Admit::take_back_after_write() noexcept {
    if (undo_after_write_) {
        take_back(judged_, true);
        undo_after_write_ = false;
    }
}

void Admit::write_reply(Writer& writer, Instant now) const {
    open_reply(writer, reply_);
    if (!reply_.brief && reply_.verdict != Verdict::error) {
        if (denier_ != nullptr) {
            writer.field("denied_by", denier_->governor->title());
            if (denier_->in_array) {
                writer.field("denied_index", std::uint64_t{denier_->index});
            }
        }
        // Which part denied is not remembered: a repeated denial tells of no part.
        if (!from_memory_ || reply_.verdict == Verdict::allow) {
            write_lines(writer, now);
        }
    }
    writer.end_map();
}

}  // namespace flyball
