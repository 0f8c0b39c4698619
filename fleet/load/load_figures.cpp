#include "fleet/load/load_figures.h"

namespace flyball {

void LoadCounts::add(const LoadCounts& other) {
    asked += other.asked;
    answered += other.answered;
    denied += other.denied;
    errors += other.errors;
    unanswered += other.unanswered;
}

double LoadCounts::availability() const {
    return asked == 0 ? 1 : static_cast<double>(answered) / static_cast<double>(asked);
}

LoadCounts LoadFigures::all() const {
    LoadCounts sum;
    for (const RegionLoad& region : regions) {
        sum.add(region.all);
    }
    return sum;
}

LoadCounts LoadFigures::calm() const {
    LoadCounts sum;
    for (const RegionLoad& region : regions) {
        sum.add(region.calm);
    }
    return sum;
}

double LoadFigures::decided_per_second() const {
    const LoadCounts counts = all();
    return seconds <= 0 ? 0 : static_cast<double>(counts.answered - counts.errors) / seconds;
}

double LoadFigures::answered_per_second() const {
    return seconds <= 0 ? 0 : static_cast<double>(all().answered) / seconds;
}

}  // namespace flyball
