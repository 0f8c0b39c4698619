#pragma once
// A chain of audit records as those see it who neither make nor check its links: where it is, and
// which of its records are kept. Values; owned by the rules that make the chain.

#include <array>
#include <cstddef>
#include <cstdint>

namespace flyball {

// The head of a chain of records: who keeps a copy can prove a later rewrite.
struct ChainHead {
    std::uint64_t seq = 0;
    std::array<std::byte, 32> hash{};
};

// Which of its records a journal keeps: those that lead from the older of two snapshots to the
// head. Whoever makes the snapshots says so, in the order of the calls here.
class ChainKept {
public:
    // All from the first on; else none are ever kept, whatever is said later.
    void from_the_start() { *this = ChainKept(1); }
    // As a snapshot has it that was taken at this head. 0: none before it.
    void restored(std::uint64_t first_seq, std::uint64_t head_seq) {
        if (first_seq_ != 0) {
            *this = ChainKept(head_seq + 1);
            first_seq_ = saved_first_ = first_seq != 0 ? first_seq : head_seq + 1;
        }
    }
    // None before what that snapshot had: the journal does not reach back to the one before.
    void from_newest_snapshot() { first_seq_ = saved_first_ = behind_newest_; }

    enum class Snapshot : std::uint8_t {
        another,
        again,  // takes the place of the newest
        anew,   // a new journal begins behind it
    };
    void save(Snapshot how, std::uint64_t head_seq) {
        if (first_seq_ != 0) {
            saved_behind_ = head_seq + 1;
            saved_first_ = how == Snapshot::another ? behind_newest_
                           : how == Snapshot::again ? first_seq_
                                                    : saved_behind_;
        }
    }
    // That snapshot is in force. True: what was kept before no longer is.
    bool saved() {
        const bool moves = saved_first_ > first_seq_;
        first_seq_ = saved_first_;
        behind_newest_ = saved_behind_;
        return moves;
    }

    // The oldest; 0: none are kept.
    std::uint64_t first_seq() const { return first_seq_; }
    // What the snapshot says that is being made; 0: none before its head.
    std::uint64_t saved_first(std::uint64_t head_seq) const {
        return saved_first_ <= head_seq ? saved_first_ : 0;
    }

    ChainKept() = default;

private:
    explicit ChainKept(std::uint64_t from)
        : first_seq_(from), behind_newest_(from), saved_first_(from), saved_behind_(from) {}

    std::uint64_t first_seq_ = 0;
    std::uint64_t behind_newest_ = 0;  // the first that the newest snapshot does not have
    std::uint64_t saved_first_ = 0;
    std::uint64_t saved_behind_ = 0;
};

}  // namespace flyball
