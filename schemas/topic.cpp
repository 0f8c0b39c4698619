#include "schemas/topic.h"

#include <algorithm>
#include <utility>

#include "schemas/expects.h"
#include "schemas/request.h"
#include "schemas/short_text.h"
#include "schemas/utf8.h"

namespace flyball {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool needs_encoding(char c, bool first) {
    return c == '/' || c == '+' || c == '#' || c == '%' || (first && c == '$');
}

// The levels of what follows the root; more than four are none of ours.
struct Levels {
    std::array<std::string_view, 4> level;
    std::size_t count = 0;
};

// False: there are too many. One pass by hand: the levels are so short that a call of find() for
// each takes longer than the rest of parsing.
bool split(std::string_view below, Levels& levels) {
    const char* start = below.data();
    const char* const end = start + below.size();
    for (const char* at = start;; ++at) {
        if (at == end || *at == '/') {
            if (levels.count == levels.level.size()) {
                return false;
            }
            levels.level[levels.count++] = {start, static_cast<std::size_t>(at - start)};
            start = at + 1;
        }
        if (at == end) {
            return true;
        }
    }
}

struct Word {
    std::string_view text;
    Channel channel;
    bool takes_tenant;
};
constexpr std::array<Word, 4> governor_words = {{
    {"request", Channel::request, true},
    {"admin", Channel::admin, false},
    {"decision", Channel::decision, true},
    {"event", Channel::event, false},
}};
constexpr std::array<std::pair<std::string_view, Channel>, 5> node_words = {{
    {"control", Channel::control},
    {"health", Channel::health},
    {"trace", Channel::trace},
    {"_tick", Channel::tick},
    {"_wake", Channel::wake},
}};

std::string_view word_of(Channel channel) {
    switch (channel) {
        case Channel::request: return "request";
        case Channel::admin: return "admin";
        case Channel::decision: return "decision";
        case Channel::event: return "event";
        case Channel::control: return "control";
        case Channel::control_reply: return "control/reply";
        case Channel::health: return "health";
        case Channel::trace: return "trace";
        case Channel::tick: return "_tick";
        case Channel::wake: return "_wake";
    }
    return "";
}

bool below_a_governor(Channel channel) {
    return channel == Channel::request || channel == Channel::admin ||
           channel == Channel::decision || channel == Channel::event;
}

bool node_topic(const Levels& levels, Topic& topic) {
    if (levels.count == 2 && levels.level[0] == "control" && levels.level[1] == "reply") {
        topic.channel = Channel::control_reply;
        return true;
    }
    const auto word = std::ranges::find(node_words, levels.level[0],
                                        &std::pair<std::string_view, Channel>::first);
    if (levels.count != 1 || word == node_words.end()) {
        return false;
    }
    topic.channel = word->second;
    return true;
}

// `tenant`: the level behind the channel's word; null when there is none.
bool governor_topic(std::string_view word, const std::string_view* tenant, Topic& topic) {
    const auto known = std::ranges::find_if(
        governor_words, [word](const Word& one) { return same_text(one.text, word); });
    if (known == governor_words.end() || (tenant != nullptr && !known->takes_tenant)) {
        return false;
    }
    topic.channel = known->channel;
    if (tenant != nullptr) {
        topic.has_tenant = true;
        topic.tenant_level = *tenant;
    }
    return true;
}

bool admit_topic(const Levels& levels, Topic& topic) {
    const std::string_view word = levels.level[1];
    if ((word != "request" && word != "decision") ||
        !governor_topic(word, levels.count == 3 ? &levels.level[2] : nullptr, topic)) {
        return false;
    }
    topic.type = "admit";
    return true;
}

bool classify(const Levels& levels, Topic& topic) {
    const auto& level = levels.level;
    if (levels.count < 3 && node_topic(levels, topic)) {
        return true;
    }
    if (same_text(level[0], "admit") && (levels.count == 2 || levels.count == 3) &&
        admit_topic(levels, topic)) {
        return true;
    }
    // An empty name would pass for admit's own topics, which have none.
    if (levels.count < 3 || (level[0] == "admit" && level[1].empty()) ||
        !governor_topic(level[2], levels.count == 4 ? &level[3] : nullptr, topic)) {
        return false;
    }
    topic.type = level[0];
    topic.name = level[1];
    topic.title = {level[0].data(), level[0].size() + 1 + level[1].size()};
    return true;
}

// Whether `levels` ("a/b/") stands in `topic` at the start of a level; the topic counts as ending
// in a slash, so that its last level is like any other.
bool has_levels(std::string_view topic, std::string_view levels) {
    std::size_t start = 0;
    while (start <= topic.size()) {
        const std::string_view rest = topic.substr(start);
        const bool last =
            !levels.empty() && levels.back() == '/' && rest == levels.substr(0, levels.size() - 1);
        if (last || rest.starts_with(levels)) {
            return true;
        }
        const std::size_t slash = rest.find('/');
        if (slash == std::string_view::npos) {
            return false;
        }
        start += slash + 1;
    }
    return false;
}

bool strictly_below(std::string_view topic, std::string_view start) {
    return topic.size() > start.size() && topic.starts_with(start);
}

}  // namespace

std::string Root::text() const {
    return prefix + "/" + region + "/" + node;
}

TopicParser::TopicParser(const Root& root) : root_(root.text() + "/") {}

bool TopicParser::parse(std::string_view topic, Topic& parsed) {
    Levels levels;
    if (!topic.starts_with(root_) || !split(topic.substr(root_.size()), levels) ||
        !classify(levels, parsed)) {
        return false;
    }
    if (parsed.has_tenant) {
        const auto tenant = decode_tenant(parsed.tenant_level, tenant_);
        parsed.tenant_canonical = tenant.has_value();
        parsed.tenant = tenant.value_or(std::string_view{});
    }
    return true;
}

std::string_view TopicParser::asked_title(std::string_view topic) const {
    constexpr std::string_view end = "/request";
    if (topic.size() <= root_.size() + end.size() ||
        !same_text(topic.substr(topic.size() - end.size()), end) ||
        !same_text(topic.substr(0, root_.size()), root_)) {
        return {};
    }
    return topic.substr(root_.size(), topic.size() - root_.size() - end.size());
}

void append_topic(std::string& out, const Root& root, const Topic& topic) {
    out.append(root.prefix).append("/").append(root.region).append("/").append(root.node);
    out += '/';
    if (below_a_governor(topic.channel)) {
        out.append(topic.type).append("/");
        if (topic.type != "admit" || !topic.name.empty()) {
            out.append(topic.name).append("/");
        }
    }
    out += word_of(topic.channel);
    if (topic.has_tenant) {
        out += '/';
        if (topic.tenant_level.empty()) {
            append_encoded_tenant(out, topic.tenant);
        } else {
            out += topic.tenant_level;
        }
    }
}

void append_encoded_tenant(std::string& out, std::string_view tenant) {
    for (std::size_t i = 0; i < tenant.size(); ++i) {
        const char c = tenant[i];
        if (needs_encoding(c, i == 0)) {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += hex_digits[byte >> 4U];
            out += hex_digits[byte & 0xfU];
        } else {
            out += c;
        }
    }
}

std::optional<std::string_view> decode_tenant(std::string_view level,
                                              std::array<char, 3 * tenant_bytes_max>& buffer) {
    if (level.size() > buffer.size()) {
        return std::nullopt;
    }
    std::size_t size = 0;
    for (std::size_t i = 0; i < level.size(); ++i) {
        char c = level[i];
        if (c == '%') {
            if (i + 2 >= level.size()) {
                return std::nullopt;
            }
            const std::size_t high = hex_digits.find(level[i + 1]);
            const std::size_t low = hex_digits.find(level[i + 2]);
            if (high == std::string_view::npos || low == std::string_view::npos) {
                return std::nullopt;
            }
            c = static_cast<char>(high << 4U | low);
            if (!needs_encoding(c, i == 0)) {
                return std::nullopt;
            }
            i += 2;
        } else if (needs_encoding(c, i == 0)) {
            return std::nullopt;
        }
        buffer[size++] = c;
    }
    const std::string_view tenant(buffer.data(), size);
    if (!valid_tenant(tenant)) {
        return std::nullopt;
    }
    return tenant == level ? level : tenant;
}

std::vector<std::string> request_filters(const Root& root, bool tenant_topics_only) {
    const std::string below = root.text() + "/";
    std::vector<std::string> filters;
    if (!tenant_topics_only) {
        filters.push_back(below + "+/+/request");
    }
    filters.push_back(below + "+/+/request/+");
    filters.push_back(below + "+/+/admin");
    if (!tenant_topics_only) {
        filters.push_back(below + "admit/request");
    }
    for (const std::string_view rest : {"admit/request/+", "control", "health", "_tick"}) {
        filters.push_back(std::string(below).append(rest));
    }
    return filters;
}

bool valid_publish_topic(std::string_view topic, std::size_t bytes_max) {
    if (topic.empty() || topic.size() > bytes_max || topic.front() == '$') {
        return false;
    }
    const bool plain = all_words(topic, [](std::uint64_t word) {
        return printable_word(word) && !word_has(word, '+') && !word_has(word, '#');
    });
    return plain || (topic.find_first_of("+#") == std::string_view::npos && valid_utf8(topic) &&
                     !has_control_character(topic));
}

ReplyPolicy::ReplyPolicy(const Root& root, std::vector<std::string> prefixes)
    : below_(root.prefix + "/"), reply_(below_ + "reply/"), prefixes_(std::move(prefixes)) {
    for (const std::string& prefix : prefixes_) {
        expects(!prefix.empty(), "a reply prefix is never empty");
    }
}

bool ReplyPolicy::allows(std::string_view topic, std::string_view tenant_level) const {
    if (!valid_publish_topic(topic, reply_topic_bytes_max)) {
        return false;
    }
    if (topic.starts_with(below_)) {
        if (tenant_level.empty()) {
            return strictly_below(topic, reply_);
        }
        if (!strictly_below(topic, reply_)) {
            return false;
        }
        const std::string_view rest = topic.substr(reply_.size());
        return rest.size() > tenant_level.size() + 1 && rest.starts_with(tenant_level) &&
               rest[tenant_level.size()] == '/';
    }
    return std::any_of(prefixes_.begin(), prefixes_.end(), [topic](std::string_view prefix) {
        return prefix.starts_with("*/") ? has_levels(topic, prefix.substr(2))
                                        : topic.starts_with(prefix);
    });
}

}  // namespace flyball
