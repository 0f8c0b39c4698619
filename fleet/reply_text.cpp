#include "fleet/reply_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "fleet/ops.h"
#include "fleet/suggest.h"

namespace flyball {
namespace {

// Told in the first lines, so not again in the table.
constexpr std::array told{"decision", "allowed", "reason", "message", "would"};

std::string text_at(const Json& map, const char* key) {
    const auto found = map.find(key);
    return found == map.end() ? std::string() : value_text(*found);
}

bool array_of_maps(const Json& value) {
    return value.is_array() && !value.empty() &&
           std::ranges::all_of(value, [](const Json& item) { return item.is_object(); });
}

std::string list_text(const Json& array) {
    std::string text;
    for (const Json& item : array) {
        text += (text.empty() ? "" : ", ") + value_text(item);
    }
    return text.empty() ? "(none)" : text;
}

bool map_of_maps(const Json& value) {
    return value.is_object() && !value.empty() &&
           std::ranges::all_of(value, [](const Json& item) { return item.is_object(); });
}

// A part of an admit: decided by a governor of its own.
bool is_part(const Json& value) {
    const auto governor = value.is_object() ? value.find("governor") : value.end();
    return value.is_object() && governor != value.end() && governor->is_string();
}

// A value in a table: a date where it is one, a map in a few words; --json has all of it.
std::string cell_text(const std::string& name, const Json& value) {
    constexpr std::size_t columns_max = 16;  // of a text in a map: a hash is known by its beginning
    if (!value.is_object()) {
        const bool dated = value.is_number() && (name == "at" || name.ends_with("_at"));
        const std::string date = dated ? remark_on(name, value) : std::string();
        return date.empty() ? value_text(value) : date;
    }
    std::string text;
    for (const auto& [key, inner] : value.items()) {
        const std::string words = value_text(inner);
        const bool cut = inner.is_string() && columns_of(words) > columns_max;
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", printable(key),
                            cut ? words.substr(0, columns_max) : words, cut ? "..." : "");
    }
    return text.empty() ? "-" : printable(text);
}

std::string rows_text(const std::string& key, const Json& rows, const Style& style) {
    std::vector<std::string> header;
    for (const Json& row : rows) {
        for (const auto& [name, value] : row.items()) {
            if (std::ranges::find(header, printable(name)) == header.end()) {
                header.push_back(printable(name));
            }
        }
    }
    const bool named = header.size() > 1 && header[0] == "type" && header[1] == "name";
    Table table(header, named ? 2 : 1);
    for (const Json& row : rows) {
        std::vector<std::string> cells(header.size());
        for (const auto& [name, value] : row.items()) {
            const auto column = std::ranges::find(header, printable(name)) - header.begin();
            cells[static_cast<std::size_t>(column)] = cell_text(name, value);
        }
        table.add(std::move(cells));
    }
    return fmt::format("\n{}\n{}", paint(style, Tone::strong, key), table.text(style));
}

// Maps by name as the rows of a table, the names in front.
std::string named_rows_text(const std::string& key, const Json& maps, const Style& style) {
    Json rows = Json::array();
    for (const auto& [name, map] : maps.items()) {
        Json row = {{"name", name}};
        row.update(map);
        rows.push_back(std::move(row));
    }
    return rows_text(key, rows, style);
}

// What an amount of money is: "(50.00 USD)".
std::string money_text(const Json& map, const std::string& name, const Json& value) {
    static constexpr std::array amounts{"balance",       "held",           "available", "opening",
                                        "charged_total", "credited_total", "short_by"};
    constexpr std::int64_t scale_max = 9;
    const auto scale = map.find("scale");
    if (std::ranges::find(amounts, name) == amounts.end() || !value.is_number_integer() ||
        !map.contains("currency") || scale == map.end() || !scale->is_number_integer() ||
        *scale < 1 || *scale > scale_max) {
        return {};
    }
    const auto digits = scale->get<std::size_t>();
    std::string text = json_text(value);
    const bool negative = text.starts_with('-');
    text.erase(0, negative ? 1 : 0);
    text.insert(0, text.size() > digits ? 0 : digits + 1 - text.size(), '0');
    text.insert(text.size() - digits, ".");
    return (negative ? "-" : "") + text + " " + text_at(map, "currency");
}

std::string part_text(const Json& part, const Style& style);

// Maps become dotted keys; maps of maps, arrays of maps and parts of an admit follow below.
void flatten(const std::string& prefix, const Json& map, Pairs& pairs, std::string& below,
             const Style& style) {
    for (const auto& [name, value] : map.items()) {
        const std::string key = prefix + printable(name);
        if (is_part(value)) {
            below += part_text(value, style);
        } else if (map_of_maps(value)) {
            below += named_rows_text(key, value, style);
        } else if (value.is_object() && !value.empty()) {
            flatten(key + ".", value, pairs, below, style);
        } else if (array_of_maps(value)) {
            below += rows_text(key, value, style);
        } else if (value.is_array()) {
            pairs.add(key, list_text(value));
        } else {
            const std::string money = money_text(map, name, value);
            pairs.add(key, value_text(value), money.empty() ? remark_on(name, value) : money);
        }
    }
}

std::string part_text(const Json& part, const Style& style) {
    Json rest = part;
    for (const char* key : {"governor", "decision", "reason", "would"}) {
        rest.erase(key);
    }
    const std::string governor = paint(style, Tone::strong, text_at(part, "governor"));
    // One that answers a repeated id only shows its levels.
    const std::string decided = part.contains("decision") ? "  " + decision_text(part, style) : "";
    return fmt::format("\n{}{}\n{}", governor, decided, details_text(rest, style));
}

std::string request_value(const Json& request, std::string_view path) {
    const Json* at = &request;
    while (true) {
        const std::size_t dot = path.find('.');
        const auto found = at->is_object() ? at->find(path.substr(0, dot)) : at->end();
        if (!at->is_object() || found == at->end()) {
            return {};
        }
        at = &*found;
        if (dot == std::string_view::npos) {
            return at->is_string() ? std::string() : json_text(*at);
        }
        path.remove_prefix(dot + 1);
    }
}

std::string hint_for_supported(const Json& reply, const Json& request) {
    std::vector<std::string> names;
    if (const auto found = reply.find("supported"); found != reply.end() && found->is_array()) {
        for (const Json& name : *found) {
            names.push_back(value_text(name));
        }
    }
    const auto asked = near_names(text_at(request, "op"), names, 1);
    return asked.empty() ? std::string() : fmt::format("did you mean {}?", asked.front());
}

}  // namespace

Exit exit_of_reply(const Json& reply) {
    const std::string decision = reply.is_object() ? text_at(reply, "decision") : "";
    if (decision == "allow" || decision == "ok") {
        return Exit::done;
    }
    return decision == "deny" ? Exit::missed : Exit::error_reply;
}

Exit exit_of_replies(const Json& replies) {
    if (!replies.is_array()) {
        return exit_of_reply(replies);
    }
    Exit worst = Exit::done;
    for (const Json& reply : replies) {
        worst = std::max(worst, exit_of_reply(reply));
    }
    return worst;
}

std::string decision_text(const Json& reply, const Style& style) {
    const std::string decision = text_at(reply, "decision");
    std::string text = paint(style, tone_of_decision(decision),
                             decision.empty() ? "(a reply without decision)" : decision);
    if (const std::string reason = text_at(reply, "reason"); !reason.empty()) {
        text += " " + paint(style, Tone::strong, reason);
    }
    if (reply.contains("would")) {
        const std::string would = fmt::format("(observe: would {})", text_at(reply, "would"));
        text += " " + paint(style, Tone::warning, would);
    }
    return text;
}

std::string reply_text(const Json& reply, const Style& style) {
    if (!reply.is_object()) {
        return value_text(reply) + "\n";
    }
    std::string text = decision_text(reply, style) + "\n";
    if (const std::string message = text_at(reply, "message"); !message.empty()) {
        text += wrapped(message, style) + "\n";
    }
    Json rest = reply;
    for (const char* key : told) {
        rest.erase(key);
    }
    return text + details_text(rest, style);
}

std::string details_text(const Json& map, const Style& style) {
    Pairs pairs;
    std::string tables;
    flatten("", map, pairs, tables, style);
    return pairs.text(style) + tables;
}

std::string batch_text(const Json& replies, const Style& style) {
    std::string text;
    std::map<std::string, std::size_t> counts;
    std::size_t index = 0;
    for (const Json& reply : replies) {
        const std::string decision = reply.is_object() ? text_at(reply, "decision") : "";
        ++counts[decision.empty() ? "?" : decision];
        text += fmt::format("{:>4}  {}", ++index, decision_text(reply, style));
        for (const char* key : {"tenant", "id", "cid", "seq", "message"}) {
            if (reply.is_object() && reply.contains(key)) {
                text += fmt::format("  {} {}", paint(style, Tone::dim, key), text_at(reply, key));
            }
        }
        text += "\n";
    }
    std::string sum;
    for (const auto& [decision, count] : counts) {
        sum += fmt::format("{}{} {}", sum.empty() ? "" : ", ", count, decision);
    }
    return text + fmt::format("{} answered: {}\n", index, sum.empty() ? "nothing" : sum);
}

std::string hint_for(const Json& reply, const Json& request, std::string_view type) {
    const std::string reason = text_at(reply, "reason");
    const std::string field = text_at(reply, "field");
    const std::string op = text_at(request, "op");
    if (reason == "not_permitted" && type != "control") {
        return "this op goes to the admin topic: add --admin";
    }
    if (reason == "missing_field" && field == "id") {
        return "add --id auto, or id=... to be able to ask again without a second effect";
    }
    if (reason == "missing_field" && field == "tenant") {
        return "add tenant=NAME";
    }
    if (reason == "bad_field") {
        const std::string sent = request_value(request, field);
        const std::string expected = text_at(reply, "expected");
        const bool text_wanted = expected.find("text") != std::string::npos ||
                                 expected.find("string") != std::string::npos || field == "tenant";
        if (text_wanted && !sent.empty()) {
            return fmt::format("{} was sent as JSON; for a text write {}='\"{}\"'", field, field,
                               printable(sent));
        }
    }
    if (reason == "id_reused") {
        return "an id stands for one effect: use a new one for another";
    }
    return reason == "unknown_op" ? hint_for_supported(reply, request) : std::string();
}

}  // namespace flyball
