#include "governors/due_queue.h"

namespace flyball {

void DueQueue::move(TenantIndex tenant, std::optional<Instant> due) {
    if (!due) {
        remove(places_[tenant]);
        return;
    }
    if (tenant >= places_.size()) {
        places_.resize(std::size_t{tenant} + 1, nowhere);
    }
    const Line line{*due, tenant};
    if (places_[tenant] == nowhere) {
        heap_.push_back(line);
        rise(heap_.size() - 1, line);
        return;
    }
    const std::size_t place = places_[tenant];
    if (before(line, heap_[place])) {
        rise(place, line);
    } else {
        sink(place, line);
    }
}

void DueQueue::put(std::size_t place, const Line& line) {
    heap_[place] = line;
    places_[line.tenant] = static_cast<std::uint32_t>(place);
}

void DueQueue::rise(std::size_t place, const Line& line) {
    while (place > 0 && before(line, heap_[(place - 1) / 2])) {
        put(place, heap_[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(place, line);
}

void DueQueue::sink(std::size_t place, const Line& line) {
    for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
        if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) {
            ++child;
        }
        if (!before(heap_[child], line)) {
            break;
        }
        put(place, heap_[child]);
        place = child;
    }
    put(place, line);
}

void DueQueue::remove(std::size_t place) {
    places_[heap_[place].tenant] = nowhere;
    const Line last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) {
        return;
    }
    if (place > 0 && before(last, heap_[(place - 1) / 2])) {
        rise(place, last);
    } else {
        sink(place, last);
    }
}

std::size_t DueQueue::memory_bytes() const {
    return heap_.capacity() * sizeof(Line) + places_.capacity() * sizeof(places_[0]);
}

}  // namespace flyball
