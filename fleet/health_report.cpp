#include "fleet/health_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/render.h"
#include "schemas/request.h"

namespace flyball {
namespace {

constexpr std::int64_t interval_default_s = 60;
constexpr std::int64_t intervals_until_lost = 3;

std::optional<std::int64_t> integer_at(const Json& map, const char* key) {
    const auto found = map.find(key);
    if (found == map.end() || !found->is_number_integer()) {
        return std::nullopt;
    }
    return found->get<std::int64_t>();
}

// A stored report says when it was made in governor time. Where the node's clock is not sane that
// is not the time of day, and its system clock may be right (it is when we run on that device): the
// smaller of the two ages counts, so that a wrong clock alone does not make a node lost.
std::optional<Span> age_of(const HealthReport& health, Instant now) {
    const auto at = integer_at(health.report, "at");
    if (!at) {
        return std::nullopt;
    }
    if (!health.retained) {
        return std::max(now - health.arrived, Span::zero());
    }
    const std::int64_t offset = integer_at(health.report, "clock_offset_ms").value_or(0);
    const auto ago = [&](std::int64_t then) {
        return std::max(now - instant_from_ms(then), Span::zero());
    };
    constexpr std::int64_t sane = std::int64_t{1} << 53;  // what JSON's other readers keep exact
    if (*at < -sane || *at > sane || offset < -sane || offset > sane) {
        return std::nullopt;
    }
    return std::min(ago(*at), ago(*at - offset));
}

std::string clock_note(const Json& report) {
    const auto clock = report.find("clock");
    if (clock == report.end() || !clock->is_string() || *clock == "ok") {
        return {};
    }
    return fmt::format("clock {}", value_text(*clock));
}

}  // namespace

HealthView judge(const HealthReport& health, Instant now, std::optional<Span> max_age) {
    HealthView view;
    const Json& report = health.report;
    if (report.is_null()) {
        return {"missing", std::nullopt, "no health report"};
    }
    const auto status = report.is_object() ? report.find("status") : report.end();
    if (!report.is_object() || status == report.end() || !status->is_string()) {
        return {"unreadable", std::nullopt, "its health is not a report"};
    }
    view.status = printable(status->get_ref<const std::string&>());
    view.age = age_of(health, now);
    view.note = clock_note(report);
    if (view.status == "offline") {
        return view;
    }
    const std::int64_t interval =
        std::clamp<std::int64_t>(integer_at(report, "interval_s").value_or(interval_default_s), 1,
                                 std::int64_t{366} * 86'400);
    const Span limit = max_age.value_or(Span(interval * intervals_until_lost * 1000));
    if (!view.age || *view.age > limit) {
        view.note =
            fmt::format("said {}{}{}", view.status, view.note.empty() ? "" : ", ", view.note);
        view.status = "lost";
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
    if (!valid_name(region) || !valid_name(node) || region == "reply" || region == "policy") {
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
