#include "governors/id_shares.h"

#include <algorithm>

#include "schemas/expects.h"

namespace flyball {

namespace {

// Spreads a tag over the index: tags are 16 bits, its cells may be more.
constexpr std::uint64_t spread(std::uint16_t tag) {
    return tag * std::uint64_t{0x9E3779B97F4A7C15} >> 32;
}

}  // namespace

void IdShares::grow(std::size_t slots) {
    if (slots <= lines_.size()) {
        return;
    }
    // All memory first: grown whole or not at all.
    lines_.reserve(slots);
    index_.reset(slots);
    for (std::uint32_t row = 0; row < rows_.size(); ++row) {
        index_.insert(spread(rows_[row].tag), row);
    }
    lines_.resize(slots);
}

// Rows come with tenants, who are fewer than ids: by a quarter, as they come.
void IdShares::make_room() {
    const std::size_t rows = rows_.size() + 1;
    if (rows > rows_.capacity() || rows > heap_.capacity()) {
        const std::size_t more = rows + std::max<std::size_t>(7, rows / 4);
        rows_.reserve(more);
        heap_.reserve(more);
    }
}

void IdShares::append(std::uint32_t slot, std::uint16_t tag) {
    const std::uint32_t known = row_of(tag);
    const std::uint32_t row = known == SlotIndex::none ? new_row(tag) : known;
    Row& tenant = rows_[row];
    lines_[slot] = {stamps_++, SlotIndex::none};
    if (tenant.count == 0) {
        tenant.oldest = slot;
    } else {
        lines_[tenant.newest].next = slot;
    }
    tenant.newest = slot;
    ++tenant.count;
    rise(tenant.place);  // more ids, and its oldest is what it was: never down
}

std::uint32_t IdShares::first_to_go() const {
    expects(!heap_.empty(), "a ring that is full has a first slot to give up");
    return rows_[heap_.front()].oldest;
}

void IdShares::drop_first_to_go() {
    const std::uint32_t slot = first_to_go();
    const std::uint32_t row = heap_.front();
    Row& tenant = rows_[row];
    tenant.oldest = lines_[slot].next;
    --tenant.count;
    if (tenant.count == 0) {
        remove_row(row);
    } else {
        sink(0);
    }
}

bool IdShares::holds(std::uint16_t tag) const {
    return row_of(tag) != SlotIndex::none;
}

std::size_t IdShares::memory_bytes() const {
    return lines_.capacity() * sizeof(Line) + rows_.capacity() * sizeof(Row) +
           heap_.capacity() * sizeof(std::uint32_t) + index_.memory_bytes();
}

std::uint32_t IdShares::row_of(std::uint16_t tag) const {
    return index_.find(spread(tag), [&](std::uint32_t row) { return rows_[row].tag == tag; });
}

std::uint32_t IdShares::new_row(std::uint16_t tag) {
    const auto row = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back({});
    rows_[row].tag = tag;
    rows_[row].place = static_cast<std::uint32_t>(heap_.size());
    heap_.push_back(row);
    index_.insert(spread(tag), row);
    return row;
}

// The last row takes its number, so that rows stay dense. A row goes from the top of the heap only.
void IdShares::remove_row(std::uint32_t row) {
    const auto hash_of = [this](std::uint32_t at) { return spread(rows_[at].tag); };
    const auto last = static_cast<std::uint32_t>(rows_.size() - 1);
    index_.erase(row, hash_of);
    place_row(0, heap_.back());
    heap_.pop_back();
    if (row != last) {
        index_.erase(last, hash_of);
        rows_[row] = rows_[last];
        index_.insert(spread(rows_[row].tag), row);
        heap_[rows_[row].place] = row;
    }
    rows_.pop_back();
    if (!heap_.empty()) {
        sink(0);
    }
}

bool IdShares::goes_before(std::uint32_t left, std::uint32_t right) const {
    const Row& a = rows_[left];
    const Row& b = rows_[right];
    return a.count != b.count ? a.count > b.count : lines_[a.oldest].stamp < lines_[b.oldest].stamp;
}

void IdShares::place_row(std::size_t place, std::uint32_t row) {
    heap_[place] = row;
    rows_[row].place = static_cast<std::uint32_t>(place);
}

void IdShares::rise(std::size_t place) {
    while (place > 0 && goes_before(heap_[place], heap_[(place - 1) / 2])) {
        const std::uint32_t row = heap_[place];
        place_row(place, heap_[(place - 1) / 2]);
        place = (place - 1) / 2;
        place_row(place, row);
    }
}

void IdShares::sink(std::size_t place) {
    for (;;) {
        std::size_t first = place;
        for (const std::size_t child : {2 * place + 1, 2 * place + 2}) {
            if (child < heap_.size() && goes_before(heap_[child], heap_[first])) {
                first = child;
            }
        }
        if (first == place) {
            return;
        }
        const std::uint32_t row = heap_[place];
        place_row(place, heap_[first]);
        place_row(first, row);
        place = first;
    }
}

}  // namespace flyball
