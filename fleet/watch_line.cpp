#include "fleet/watch_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "schemas/topic.h"

namespace flyball {
namespace {

// In the line's own columns, or said by the decision; anything else follows as key=value.
constexpr std::array in_columns{"governor", "tenant", "decision", "allowed",
                                "reason",   "event",  "at",       "would"};
constexpr std::size_t value_columns_max = 60;

std::string text_at(const Json& map, const char* key) {
    const auto found = map.find(key);
    return found == map.end() ? std::string() : value_text(*found);
}

std::string_view channel_text(Channel channel) {
    switch (channel) {
        case Channel::decision: return "decision";
        case Channel::event: return "event";
        case Channel::control_reply: return "control";
        case Channel::request:
        case Channel::admin:
        case Channel::control:
        case Channel::health:
        case Channel::trace:
        case Channel::tick:
        case Channel::wake: return "";
    }
    return "";
}

void take_from_message(Seen& seen) {
    if (!seen.message || !seen.message->is_object()) {
        return;
    }
    const Json& map = *seen.message;
    if (std::string governor = text_at(map, "governor"); !governor.empty()) {
        seen.governor = std::move(governor);
    }
    if (std::string tenant = text_at(map, "tenant"); !tenant.empty()) {
        seen.tenant = std::move(tenant);
    }
    if (const auto at = map.find("at"); at != map.end() && at->is_number_integer()) {
        seen.at = instant_from_ms(at->get<std::int64_t>());
    }
}

std::string short_value(const Json& value) {
    std::string text = value_text(value);
    if (columns_of(text) > value_columns_max) {
        text = value.is_structured() ? fmt::format("({} values)", value.size())
                                     : text.substr(0, value_columns_max) + "...";
    }
    return printable(text);  // the cut may have gone through a character
}

// On a terminal as many as its line takes, so that each decision stays on one.
void add_other_keys(std::string& line, const Json& map, const Style& style) {
    constexpr std::size_t mark_columns = 4;
    for (const auto& [key, value] : map.items()) {
        if (std::ranges::find(in_columns, key) != in_columns.end()) {
            continue;
        }
        const std::string pair =
            fmt::format(" {}={}", paint(style, Tone::dim, printable(key)), short_value(value));
        const std::size_t columns = columns_of(line) + columns_of(pair) + mark_columns;
        if (style.width != 0 && columns > style.width) {
            line += paint(style, Tone::dim, " ...");
            return;
        }
        line += pair;
    }
}

}  // namespace

std::vector<Seen> seen_in(const Arrived& arrived, const std::string& prefix) {
    const auto node = node_of_topic(arrived.topic, prefix);
    if (!node) {
        return {};
    }
    TopicParser parser(Root{prefix, node->region, node->node});
    const auto topic = parser.parse(arrived.topic);
    if (!topic || channel_text(topic->channel).empty()) {
        return {};
    }
    Seen first;
    first.node = node->text();
    first.channel = channel_text(topic->channel);
    first.governor = topic->channel == Channel::control_reply ? "node" : std::string(topic->type);
    if (!topic->name.empty()) {
        first.governor += "/" + std::string(topic->name);
    }
    first.governor = printable(first.governor);
    first.tenant = printable(topic->tenant);
    first.at = arrived.at;
    first.bytes = arrived.payload.size();
    std::optional<Json> payload = decode_payload(arrived.payload);
    std::vector<Seen> all;
    if (payload && payload->is_array()) {
        for (Json& entry : *payload) {
            all.push_back(first);
            all.back().message = std::move(entry);
        }
    } else {
        first.message = std::move(payload);
        all.push_back(std::move(first));
    }
    std::ranges::for_each(all, take_from_message);
    return all;
}

std::string line_for_people(const Seen& seen, const Style& style) {
    std::string line = fmt::format("{} {} {} ", paint(style, Tone::dim, clock_text(seen.at)),
                                   seen.node, paint(style, Tone::strong, seen.governor));
    line += seen.tenant.empty() ? "" : seen.tenant + " ";
    if (!seen.message) {
        const auto what = fmt::format("({} bytes, neither msgpack nor JSON)", seen.bytes);
        return line + paint(style, Tone::warning, what);
    }
    if (!seen.message->is_object()) {
        return line + value_text(*seen.message);
    }
    const Json& map = *seen.message;
    const std::string event = text_at(map, "event");
    const std::string decision = text_at(map, "decision");
    line += event.empty() ? paint(style, tone_of_decision(decision), decision)
                          : paint(style, Tone::warning, event);
    if (const std::string reason = text_at(map, "reason"); !reason.empty()) {
        line += " " + reason;
    }
    if (map.contains("would")) {
        line += " " + paint(style, Tone::warning, "would=" + text_at(map, "would"));
    }
    add_other_keys(line, map, style);
    return line;
}

std::string line_for_machines(const Seen& seen) {
    Json line = {{"node", seen.node},
                 {"channel", seen.channel},
                 {"governor", seen.governor},
                 {"tenant", seen.tenant},
                 {"at", to_ms(seen.at)}};
    if (seen.message) {
        line["message"] = *seen.message;
    } else {
        line["undecodable_bytes"] = seen.bytes;
    }
    return json_text(line);
}

std::vector<std::string> watch_filters(const std::string& prefix, const NodeName& node) {
    const Root root{prefix, node.region, node.node};
    const auto topic = [&](Channel channel, std::string_view type, std::string_view name) {
        std::string text;
        append_topic(text, root, Topic{.channel = channel, .type = type, .name = name});
        return text;
    };
    return {
        topic(Channel::decision, "+", "+") + "/#",  // also matches the level above
        topic(Channel::decision, "admit", "") + "/#",
        topic(Channel::event, "+", "+"),
        topic(Channel::control_reply, "", ""),
    };
}

}  // namespace flyball
