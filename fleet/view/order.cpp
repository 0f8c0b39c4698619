#include "fleet/view/order.h"

#include <algorithm>
#include <array>

namespace flyball {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

bool shown(const NodeRow& node, std::string_view filter) {
    const bool inverse = filter.starts_with('!');
    const std::string part = lower(filter.substr(inverse ? 1 : 0));
    if (part.empty()) {
        return true;
    }
    const bool found = lower(node.name.text()).find(part) != std::string::npos ||
                       node.health.status.find(part) != std::string::npos ||
                       lower(node.facts.version).find(part) != std::string::npos;
    return found != inverse;
}

// What is to come first is the smaller.
double weight(const NodeRow& node, SortKey key) {
    switch (key) {
        case SortKey::name: return 0;
        case SortKey::status: return severity_of(node.health.status);
        case SortKey::rate: return -node.per_second;
        case SortKey::latency: return node.alive ? -static_cast<double>(node.facts.p99_us) : 0;
        case SortKey::memory:
            return node.alive ? -static_cast<double>(node.facts.memory_bytes()) : 0;
        case SortKey::denials: return -node.denied_per_second;
        case SortKey::uptime: return node.alive ? static_cast<double>(node.facts.uptime_s) : 0;
    }
    return 0;
}

}  // namespace

int severity_of(std::string_view status) {
    constexpr std::array<std::string_view, 7> worst_first{
        "lost", "missing", "offline", "unreadable", "degraded", "draining", "online"};
    const auto found = std::ranges::find(worst_first, status);
    return static_cast<int>(found - worst_first.begin());
}

std::vector<NodeRow> arranged(std::vector<NodeRow> nodes, const Order& order) {
    std::erase_if(nodes, [&](const NodeRow& node) { return !shown(node, order.filter); });
    std::ranges::stable_sort(nodes, [&](const NodeRow& a, const NodeRow& b) {
        if (order.key == SortKey::name) {
            return order.reversed && b.name.text() < a.name.text();
        }
        const double left = weight(a, order.key);
        const double right = weight(b, order.key);
        return order.reversed ? right < left : left < right;
    });
    return nodes;
}

}  // namespace flyball
