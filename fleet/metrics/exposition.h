#pragma once
// The fleet's health as Prometheus' metrics: names and labels of docs/operating.md. A
// tenant is never a label. Fed by the thread that listens to the broker, read by the HTTP server's.

#include <prometheus/collectable.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/metrics/node_totals.h"
#include "fleet/view/fleet_view.h"

namespace flyball {

class Exposition final : public prometheus::Collectable {
public:
    // `clock`: what now is, asked by the server's threads.
    explicit Exposition(std::function<Instant()> clock) : clock_(std::move(clock)) {}

    void hear(const NodeName& name, std::string_view payload, bool retained, Instant arrived);
    // A node's series vanish when its health is cleared (flyball retire), not before.
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    std::function<Instant()> clock_;
    mutable std::mutex mutex_;  // guards what follows
    FleetView view_;
    std::map<std::string, NodeTotals> totals_;  // by region/node, of those in view_
};

}  // namespace flyball
