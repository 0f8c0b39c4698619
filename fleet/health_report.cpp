#include "fleet/health_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/view/health_facts.h"
#include "schemas/region.h"

namespace flyball {
namespace {

constexpr std::int64_t intervals_until_lost = 3;

// A stored report says when it was made in governor time. Where the node's clock is not sane that
// is not the time of day, and its system clock may be right (it is when we run on that device): the
// smaller of the two ages counts, so that a wrong clock alone does not make a node lost.
std::optional<Span> age_of(const Sign& sign, Instant now) {
    if (!sign.at_ms) {
        return std::nullopt;
    }
    if (!sign.retained) {
        return std::max(now - sign.arrived, Span::zero());
    }
    const auto ago = [&](std::int64_t then) {
        return std::max(now - instant_from_ms(then), Span::zero());
    };
    return std::min(ago(*sign.at_ms), ago(*sign.at_ms - sign.clock_offset_ms));
}

}  // namespace

HealthView judge(const Sign& sign, Instant now, std::optional<Span> max_age) {
    HealthView view{sign.status, age_of(sign, now), {}};
    if (!sign.clock.empty() && sign.clock != "ok") {
        view.note = "clock " + sign.clock;
    }
    if (view.status == "offline") {
        return view;
    }
    const Span limit = max_age.value_or(Span(sign.interval_s * intervals_until_lost * 1000));
    if (!view.age || *view.age > limit) {
        view.note =
            fmt::format("said {}{}{}", view.status, view.note.empty() ? "" : ", ", view.note);
        view.status = "lost";
    }
    return view;
}

HealthView judge(const HealthReport& health, Instant now, std::optional<Span> max_age) {
    if (health.report.is_null()) {
        return {"missing", std::nullopt, "no health report"};
    }
    const auto facts = read_health_facts(health.report);
    if (!facts) {
        return {"unreadable", std::nullopt, "its health is not a report"};
    }
    HealthView view = judge(Sign{facts->status, facts->clock, facts->at_ms, facts->clock_offset_ms,
                                 facts->interval_s, health.retained, health.arrived},
                            now, max_age);
    const std::string certificate = certificate_note(*facts);
    if (view.status == facts->status && !certificate.empty()) {
        view.note += (view.note.empty() ? "" : ", ") + certificate;
    }
    return view;
}

std::string topic_of(const BusOptions& options, const NodeName& node, Channel channel) {
    std::string topic;
    append_topic(topic, Root{options.prefix, node.region, node.node}, Topic{.channel = channel});
    return topic;
}

std::optional<NodeName> node_of_topic(std::string_view topic, std::string_view prefix) {
    if (!topic.starts_with(prefix) || topic.substr(prefix.size()).substr(0, 1) != "/") {
        return std::nullopt;
    }
    topic.remove_prefix(prefix.size() + 1);
    const std::size_t first = topic.find('/');
    if (first == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view region = topic.substr(0, first);
    const std::string_view rest = topic.substr(first + 1);
    const std::string_view node = rest.substr(0, rest.find('/'));
    // `reply` and `policy` are no regions: what lies below them belongs to whoever asked.
    if (!valid_region(region) || !valid_name(node)) {
        return std::nullopt;
    }
    return NodeName{std::string(region), std::string(node)};
}

Result<Collected> collect_health(const BusOptions& options, const std::optional<NodeName>& only) {
    const NodeName wanted = only.value_or(NodeName{"+", "+"});
    auto bus = Bus::connect(options, {topic_of(options, wanted, Channel::health)});
    if (!bus) {
        return bus.error();
    }
    std::vector<Arrived> messages;
    Collected collected;
    collected.complete = (*bus)->drain(messages);
    for (Arrived& message : messages) {
        const auto name = node_of_topic(message.topic, options.prefix);
        if (!name) {
            continue;
        }
        if (message.payload.empty()) {
            collected.nodes.erase(name->text());  // its retained report was just cleared
            continue;
        }
        Json report = decode_payload(message.payload).value_or(Json(false));
        collected.nodes.insert_or_assign(
            name->text(), HealthReport{*name, std::move(report), message.retained, message.at});
    }
    return collected;
}

}  // namespace flyball
