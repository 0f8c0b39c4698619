#pragma once
// What saving and loading a governor's columns have in common: the numbers, the tenants' names, the
// images of the rules, the outcomes that occur, the history, the ids; everything from oldest to
// newest. Version 2: times and amounts are packed (governors/packed_column.h). Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "governors/column.h"
#include "governors/packing.h"

namespace flyball::governor_columns {

inline constexpr std::uint8_t version = 2;
inline constexpr std::uint8_t version_unpacked = 1;
// A place of the table of tenants.
enum PlaceMark : std::uint8_t { is_free = 0, by_admin = 1, automatic = 2 };
// A remembered id's tenant that is not enrolled any more; its tag follows. Others are their place
// and 1.
inline constexpr std::uint64_t unknown_tenant = 0;

// The images lie as columns too: those of one size one below the other, first all their first
// bytes, then all their second ones. Most bytes of a balance or a date are like their neighbours'.
template <typename Visit>
void each_in_columns(std::span<const std::uint32_t> sizes, const Visit& visit) {
    std::map<std::uint32_t, std::vector<std::size_t>> begins;
    std::size_t begin = 0;
    for (const std::uint32_t size : sizes) {
        begins[size].push_back(begin);
        begin += size;
    }
    for (const auto& [size, rows] : begins) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const std::size_t row : rows) {
                visit(row + at);
            }
        }
    }
}

// The few outcomes that occur, so that each decision's is one byte.
class OutcomeTable {
public:
    void add(const Outcome& outcome) {
        auto& place = places_[pack_outcome(outcome)];
        if (place == 0) {
            outcomes_.push_back(outcome);
            place = static_cast<std::uint16_t>(outcomes_.size());
        }
    }
    std::size_t place(const Outcome& outcome) const { return places_[pack_outcome(outcome)] - 1U; }
    void save(ByteBuffer& out) const {
        ColumnWriter column(out);
        for (const Outcome& outcome : outcomes_) {
            column.put_word(static_cast<std::uint8_t>(outcome.reason));
            column.put_word(static_cast<std::uint8_t>(static_cast<unsigned>(outcome.verdict) |
                                                      (outcome.would_deny ? would_deny_mark : 0U)));
        }
    }
    bool load(ColumnReader column) {
        while (column.good() && column.left() > 0) {
            Outcome outcome;
            outcome.reason = static_cast<Reason>(column.take_word<std::uint8_t>());
            const auto bits = column.take_word<std::uint8_t>();
            outcome.verdict = static_cast<Verdict>(bits & (would_deny_mark - 1));
            outcome.would_deny = (bits & would_deny_mark) != 0;
            if (bits >= 2 * would_deny_mark ||
                (outcome.reason != Reason::none && to_text(outcome.reason).empty())) {
                return false;
            }
            add(outcome);
        }
        return column.good();
    }
    Outcome take(ColumnReader& column) const {
        const std::uint64_t at = column.take();
        if (at >= outcomes_.size()) {
            column.fail();
            return {};
        }
        return outcomes_[static_cast<std::size_t>(at)];
    }

private:
    static constexpr unsigned would_deny_mark = 4;  // beside the two bits of a verdict
    std::array<std::uint16_t, std::size_t{1} << outcome_bits> places_{};  // from 1
    std::vector<Outcome> outcomes_;
};

}  // namespace flyball::governor_columns
