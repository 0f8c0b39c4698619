// The report for machines.

#include "fleet/report/report.h"
#include "fleet/report/sections.h"

namespace flyball {

namespace {

Json histogram_json(const LoadHistogram& histogram) {
    Json buckets = Json::array();
    for (const auto& bucket : histogram.buckets()) {
        buckets.push_back({{"up_to_us", bucket.up_to_us}, {"count", bucket.count}});
    }
    return {{"count", histogram.count()},          {"p50", histogram.percentile(0.5)},
            {"p90", histogram.percentile(0.9)},    {"p99", histogram.percentile(0.99)},
            {"p999", histogram.percentile(0.999)}, {"max", histogram.max_us()},
            {"mean", histogram.mean_us()},         {"buckets", buckets}};
}

Json counts_json(const LoadCounts& counts) {
    return {{"asked", counts.asked},           {"answered", counts.answered},
            {"denied", counts.denied},         {"errors", counts.errors},
            {"unanswered", counts.unanswered}, {"availability", counts.availability()}};
}

Json region_json(const RegionLoad& region) {
    Json seconds = Json::array();
    for (const LoadSecond& second : region.seconds) {
        seconds.push_back({{"second", second.second},
                           {"asked", second.counts.asked},
                           {"answered", second.counts.answered},
                           {"denied", second.counts.denied},
                           {"unanswered", second.counts.unanswered},
                           {"p50_us", second.p50_us},
                           {"p99_us", second.p99_us}});
    }
    return {{"region", region.region},
            {"devices", region.devices},
            {"all", counts_json(region.all)},
            {"calm", counts_json(region.calm)},
            {"latency_us", histogram_json(region.latency_us)},
            {"seconds", seconds},
            {"seconds_left_out", region.seconds_left_out}};
}

Json memory_json(const MemorySample& sample) {
    return {{"at_s", sample.at_s},
            {"nodes_pss_bytes", sample.nodes_pss_bytes},
            {"brokers_pss_bytes", sample.brokers_pss_bytes},
            {"tool_pss_bytes", sample.tool_pss_bytes}};
}

Json targets_json(const std::vector<Target>& targets) {
    Json all = Json::array();
    for (const Target& target : targets) {
        all.push_back({{"name", target.name},
                       {"target", target.target},
                       {"measured", target.measured ? Json(*target.measured) : Json()},
                       {"unit", target.unit},
                       {"met", target.judged ? Json(target.met()) : Json()},
                       {"bound", target.at_least ? "at_least" : "at_most"},
                       {"gate", target.gate},
                       {"how", target.how}});
    }
    return all;
}

Json filled_json(const FilledNode& filled) {
    return {{"raw_bytes", filled.raw_bytes},
            {"snapshot_bytes", filled.snapshot_bytes},
            {"governors", filled.governors},
            {"governor_bytes", filled.governor_bytes},
            {"begun_governor_bytes", filled.begun_governor_bytes},
            {"ring_governor_bytes", filled.ring_governor_bytes},
            {"ring_events", filled.ring_events}};
}

Json fleet_json(const FleetFigures& f) {
    return {{"devices", f.devices},
            {"devices_up", f.devices_up},
            {"governors", f.governors},
            {"governors_up", f.governors_up},
            {"not_up", f.not_up},
            {"fleet_up_s", f.fleet_up_s},
            {"startup_ms", f.startup_ms},
            {"nodes_are", homes_text(f.homes)},
            {"tls", f.tls},
            {"chaos", f.chaos},
            {"faults", f.faults},
            {"seed", f.seed},
            {"broker_dropped", f.broker_dropped}};
}

}  // namespace

Json load_json(const LoadFigures& load) {
    Json regions = Json::array();
    for (const RegionLoad& region : load.regions) {
        regions.push_back(region_json(region));
    }
    return {{"seconds", load.seconds},
            {"rate", load.per_second},
            {"batch", load.batch},
            {"answered_per_second", load.answered_per_second()},
            {"decided_per_second", load.decided_per_second()},
            {"not_sent", load.not_sent},
            {"replies_lost", load.replies_lost},
            {"in_doubt", load.in_doubt},
            {"given_up_forgotten", load.given_up_forgotten},
            {"all", counts_json(load.all())},
            {"calm", counts_json(load.calm())},
            {"latency_us", histogram_json(load.latency_us)},
            {"calm_latency_us", histogram_json(load.calm_latency_us)},
            {"lateness_us", histogram_json(load.lateness_us)},
            {"late_replies", load.late_replies},
            {"retries", load.retries},
            {"retries_answered", load.retries_answered},
            {"by_type", load.by_type},
            {"error_reasons", load.error_reasons},
            {"regions", regions}};
}

Json report_json(const FleetFigures& f, bool strict) {
    const auto targets = targets_of(f);
    Json invariants = Json::array();
    for (const auto& line : f.invariants) {
        invariants.push_back(
            {{"name", line.name}, {"checks", line.checks}, {"violations", line.violations}});
    }
    Json restarts = Json::array();
    for (const Restart& restart : f.restarts) {
        restarts.push_back({{"at_s", restart.at_s},
                            {"node", restart.node},
                            {"cause", restart.cause},
                            {"detect_ms", restart.detect_ms},
                            {"restart_ms", restart.restart_ms}});
    }
    Json samples = Json::array();
    for (const MemorySample& sample : f.memory_samples) {
        samples.push_back(memory_json(sample));
    }
    const Cost cost = cost_of(f);
    Json report{
        {"run", f.run},
        {"version", f.version},
        {"at", to_ms(f.at)},
        {"machine", f.machine},
        {"strict", strict},
        {"missed", missed_of(targets, strict)},
        {"verdict", verdict_text(f, strict)},
        {"targets", targets_json(targets)},
        {"invariants", invariants},
        {"violations", f.violations},
        {"fleet", fleet_json(f)},
        {"load", load_json(f.load)},
        {"throughput", f.throughput ? load_json(*f.throughput) : Json()},
        {"memory", memory_json(f.memory)},
        {"memory_samples", samples},
        {"governor_bytes", f.governor_bytes},
        {"cpu",
         {{"nodes_s", f.cpu.nodes_s}, {"brokers_s", f.cpu.brokers_s}, {"tool_s", f.cpu.tool_s}}},
        {"restarts", restarts},
        {"cost",
         {{"by_memory", cost.by_memory},
          {"by_cpu", cost.by_cpu},
          {"per_machine", cost.per_machine},
          {"machines", cost.machines},
          {"dollars_a_month", cost.dollars_a_month}}}};
    report["filled"] = f.filled ? filled_json(*f.filled) : Json();
    report["other_kind_pss_bytes"] =
        f.other_kind_pss_bytes ? Json(*f.other_kind_pss_bytes) : Json();
    return report;
}

}  // namespace flyball
