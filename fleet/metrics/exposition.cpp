#include "fleet/metrics/exposition.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <limits>
#include <set>

namespace flyball {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr double us_per_second = 1e6;
constexpr double ms_per_second = 1e3;

ClientMetric labelled(Labels labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    return metric;
}

void add_gauge(MetricFamily& family, Labels labels, double value) {
    ClientMetric metric = labelled(std::move(labels));
    metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
}

void add_counter(MetricFamily& family, Labels labels, std::int64_t value) {
    ClientMetric metric = labelled(std::move(labels));
    metric.counter.value = static_cast<double>(value);
    family.metric.push_back(std::move(metric));
}

Labels of_node(const NodeName& name) {
    return {{"region", name.region}, {"node", name.node}};
}

Labels with(Labels labels, const Labels& more) {
    labels.insert(labels.end(), more.begin(), more.end());
    return labels;
}

// One member a family, in the order in which they are shown.
struct Families {
    MetricFamily up{"flyball_up",
                    "1 while the node's health says online and is fresh, else 0",
                    MetricType::Gauge,
                    {}};
    MetricFamily governor_up{"flyball_governor_up",
                             "1 while the governor is up; of nodes that are there",
                             MetricType::Gauge,
                             {}};
    MetricFamily decisions{"flyball_decisions_total",
                           "Decisions, also of a node's earlier lives; reason: of denials",
                           MetricType::Counter,
                           {}};
    MetricFamily duration{"flyball_request_duration_seconds",
                          "From a request's arrival at the node to its reply",
                          MetricType::Histogram,
                          {}};
    MetricFamily journal_errors{"flyball_journal_errors_total",
                                "Errors of the node's journal that its health has named",
                                MetricType::Counter,
                                {}};
    MetricFamily memory{"flyball_resident_memory_bytes",
                        "Resident memory of the node's process",
                        MetricType::Gauge,
                        {}};
    MetricFamily certificate{"flyball_certificate_not_after_seconds",
                             "When a certificate expires, in seconds since the Unix epoch",
                             MetricType::Gauge,
                             {}};
    MetricFamily build{"flyball_build_info",
                       "How many nodes run this version, by their last report",
                       MetricType::Gauge,
                       {}};
};

void add_health(Families& families, const NodeRow& node) {
    const Labels labels = of_node(node.name);
    const HealthFacts& facts = node.facts;
    add_gauge(families.up, labels, node.health.online() ? 1 : 0);
    if (facts.certificate_not_after_ms) {
        add_gauge(families.certificate, with(labels, {{"certificate", "node"}}),
                  static_cast<double>(*facts.certificate_not_after_ms) / ms_per_second);
    }
    if (facts.ca_not_after_ms) {
        add_gauge(families.certificate, with(labels, {{"certificate", "ca"}}),
                  static_cast<double>(*facts.ca_not_after_ms) / ms_per_second);
    }
    if (!node.alive) {
        return;  // what it used and how its governors were says nothing any more
    }
    if (facts.rss_bytes) {
        add_gauge(families.memory, labels, static_cast<double>(*facts.rss_bytes));
    }
    std::set<std::string> seen;  // a report that names a governor twice must not break the page
    for (const GovernorFacts& governor : facts.governors) {
        if (seen.insert(governor.text()).second) {
            add_gauge(families.governor_up,
                      with(labels, {{"type", governor.type}, {"governor", governor.name}}),
                      governor.status == "up" ? 1 : 0);
        }
    }
}

void add_totals(Families& families, const NodeName& name, const NodeTotals& totals) {
    const Labels labels = of_node(name);
    for (const auto& [decision, count] : totals.decisions()) {
        add_counter(families.decisions,
                    with(labels, {{"type", decision.type},
                                  {"governor", decision.governor},
                                  {"decision", decision.decision},
                                  {"reason", decision.reason}}),
                    count);
    }
    add_counter(families.journal_errors, labels, totals.journal_errors());
    ClientMetric metric = labelled(labels);
    const LatencyTotals latency = totals.latency();
    for (std::size_t i = 0; i < latency.size(); ++i) {
        const double bound = i < latency_bounds_us.size()
                                 ? static_cast<double>(latency_bounds_us[i]) / us_per_second
                                 : std::numeric_limits<double>::infinity();
        metric.histogram.bucket.push_back({static_cast<std::uint64_t>(latency[i]), bound});
    }
    metric.histogram.sample_count = static_cast<std::uint64_t>(latency.back());
    metric.histogram.sample_sum = static_cast<double>(totals.latency_sum_us()) / us_per_second;
    families.duration.metric.push_back(std::move(metric));
}

}  // namespace

void Exposition::hear(const NodeName& name, std::string_view payload, bool retained,
                      Instant arrived) {
    const std::lock_guard lock(mutex_);
    switch (view_.hear(name, payload, retained, arrived)) {
        case FleetView::Heard::taken: break;
        case FleetView::Heard::cleared: totals_.erase(name.text()); return;
        case FleetView::Heard::late:
        case FleetView::Heard::unreadable:
        case FleetView::Heard::refused: return;
    }
    const auto report = decode_payload(payload);
    const auto facts = report ? read_health_facts(*report) : std::nullopt;
    if (facts && facts->at_ms) {
        totals_[name.text()].hear(*facts);
    }
}

std::vector<MetricFamily> Exposition::Collect() const {
    const std::lock_guard lock(mutex_);
    Families families;
    std::map<std::string, double> versions;
    for (const NodeRow& node : view_.nodes(clock_())) {
        add_health(families, node);
        const auto totals = totals_.find(node.name.text());
        if (totals != totals_.end()) {
            add_totals(families, node.name, totals->second);
        }
        if (!node.facts.version.empty()) {
            ++versions[node.facts.version];
        }
    }
    for (const auto& [version, count] : versions) {
        add_gauge(families.build, {{"version", version}}, count);
    }
    std::vector<MetricFamily> shown;
    for (MetricFamily* family :
         {&families.up, &families.governor_up, &families.decisions, &families.duration,
          &families.journal_errors, &families.memory, &families.certificate, &families.build}) {
        if (!family->metric.empty()) {
            shown.push_back(std::move(*family));
        }
    }
    return shown;
}

}  // namespace flyball
