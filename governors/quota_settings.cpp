#include "governors/quota_settings.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include "governors/quota_image.h"
#include "schemas/utf8.h"

namespace flyball {

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::array<QuotaAlgorithm, 4> algorithms = {
    QuotaAlgorithm::fixed, QuotaAlgorithm::sliding, QuotaAlgorithm::bucket, QuotaAlgorithm::gauge};
constexpr std::array<std::string_view, 6> keys = {"limit", "window", "algorithm",
                                                  "burst", "anchor", "warn_at"};
constexpr std::int64_t week_ms = 7 * 86'400'000;
constexpr const char* epoch = "1970-01-01T00:00:00Z";
constexpr const char* epoch_monday = "1970-01-05T00:00:00Z";

// Reads the keys of one resource; the first fault stays.
class ResourceReader {
public:
    ResourceReader(std::string name, const Tree& tree) : tree_(tree) {
        rule_.name = std::move(name);
    }

    Result<QuotaRule> read() {
        if (check_form()) {
            read_algorithm();
            read_window();
            read_limits();
            read_anchor();
        }
        if (fault_) {
            return *fault_;
        }
        return rule_;
    }

private:
    void wrong(std::string_view key, std::string_view sentence) {
        if (!fault_) {
            std::string path = "resources." + rule_.name;
            path += key.empty() ? "" : ".";
            fault_ = Error{ErrorCode::usage, path.append(key).append(": ").append(sentence)};
        }
    }

    bool check_form() {
        const std::string& name = rule_.name;
        if (name.empty() || name.size() > resource_name_bytes_max || !valid_utf8(name) ||
            has_control_character(name)) {
            wrong("",
                  "a resource's name must be 1 to 64 bytes of UTF-8 without control characters");
        } else if (tree_.map() == nullptr) {
            wrong("", "must be a table such as { limit = 100, window = \"1m\" }");
        } else {
            for (const auto& [key, value] : *tree_.map()) {
                if (std::ranges::find(keys, key) == keys.end()) {
                    wrong(key,
                          "unknown; known are limit, window, algorithm, burst, anchor, "
                          "warn_at");
                }
            }
        }
        return !fault_;
    }

    void read_algorithm() {
        const Tree* value = tree_.find("algorithm");
        if (value == nullptr) {
            return;
        }
        const std::string* text = value->text();
        const auto* found = std::ranges::find_if(algorithms, [&](QuotaAlgorithm algorithm) {
            return text != nullptr && *text == to_text(algorithm);
        });
        if (found == algorithms.end()) {
            wrong("algorithm", "must be \"fixed\", \"sliding\", \"bucket\" or \"gauge\"");
        } else {
            rule_.algorithm = *found;
        }
    }

    void read_window() {
        const Tree* value = tree_.find("window");
        if (rule_.algorithm == QuotaAlgorithm::gauge) {
            if (value != nullptr) {
                wrong("window", "must be left out: a gauge is a level and has no window");
            }
            return;
        }
        const std::string* text = value == nullptr ? nullptr : value->text();
        const auto window = text == nullptr ? std::nullopt : parse_duration(*text);
        if (!window || (window->ms <= 0 && window->months <= 0)) {
            wrong("window",
                  "must be a duration longer than nothing, such as \"1m\", \"1d\" or "
                  "\"1mo\"");
        } else if (window->months != 0 && rule_.algorithm != QuotaAlgorithm::fixed) {
            wrong("window", "months need the algorithm \"fixed\"");
        } else {
            rule_.window = *window;
        }
    }

    void read_limits() {
        if (tree_.find("limit") == nullptr) {
            wrong("limit", "must be given: an integer from 0");
        }
        read_integer("limit", 0, most, rule_.limit);
        rule_.burst = rule_.limit;
        if (rule_.algorithm == QuotaAlgorithm::bucket) {
            read_integer("burst", 0, most, rule_.burst);
        } else if (tree_.find("burst") != nullptr) {
            wrong("burst", "must be left out: only the algorithm \"bucket\" has a burst");
        }
        read_integer("warn_at", 1, 100, rule_.warn_at);
    }

    void read_integer(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out) {
        const Tree* value = tree_.find(key);
        const std::int64_t* number = value == nullptr ? nullptr : value->integer();
        if (number != nullptr && *number >= min && *number <= max) {
            out = *number;
        } else if (value != nullptr) {
            wrong(key,
                  "must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
        }
    }

    void read_anchor() {
        const Tree* value = tree_.find("anchor");
        if (rule_.algorithm != QuotaAlgorithm::fixed) {
            if (value != nullptr) {
                wrong("anchor", "must be left out: only the algorithm \"fixed\" has an anchor");
            }
            return;
        }
        const bool weeks = rule_.window.months == 0 && rule_.window.ms % week_ms == 0;
        const std::string fallback = weeks ? epoch_monday : epoch;
        const std::string* text = value == nullptr ? &fallback : value->text();
        const auto anchor = text == nullptr ? std::nullopt : parse_rfc3339(*text);
        if (!anchor) {
            wrong("anchor",
                  "must be a date and time with an offset, such as "
                  "\"2026-01-01T00:00:00+01:00\"");
        } else {
            rule_.anchor = *anchor;
            rule_.anchor_text = *text;
        }
    }

    const Tree& tree_;
    QuotaRule rule_;
    std::optional<Error> fault_;
};

Tree::Map default_resources() {
    return {{"api_calls", Tree::Map{{"limit", 10'000}, {"window", "1d"}, {"algorithm", "fixed"}}},
            {"storage_mb", Tree::Map{{"limit", 500}, {"algorithm", "gauge"}}}};
}

Result<Tree::Map> merged_resources(const Tree& settings) {
    Tree::Map resources = default_resources();
    for (const auto& [key, value] : *settings.map()) {
        if (key != "resources") {
            return Error{ErrorCode::usage, key + ": unknown; a quota knows resources"};
        }
        if (value.map() == nullptr) {
            return Error{ErrorCode::usage, "resources: must be a table of resources by name"};
        }
        for (const auto& [name, resource] : *value.map()) {
            resources.insert_or_assign(name, resource);
        }
    }
    if (resources.size() > quota_resources_max) {
        return Error{ErrorCode::usage, "resources: at most " + std::to_string(quota_resources_max) +
                                           " with the defaults, not " +
                                           std::to_string(resources.size())};
    }
    return resources;
}

}  // namespace

std::string_view to_text(QuotaAlgorithm algorithm) {
    switch (algorithm) {
        case QuotaAlgorithm::fixed: return "fixed";
        case QuotaAlgorithm::sliding: return "sliding";
        case QuotaAlgorithm::bucket: return "bucket";
        case QuotaAlgorithm::gauge: return "gauge";
    }
    return "";
}

Result<std::vector<QuotaRule>> read_quota_rules(const Tree& settings) {
    const auto resources = merged_resources(settings);
    if (!resources) {
        return resources.error();
    }
    std::vector<QuotaRule> rules;
    for (const auto& [name, tree] : *resources) {
        auto rule = ResourceReader(name, tree).read();
        if (!rule) {
            return rule.error();
        }
        rules.push_back(std::move(*rule));
    }
    return rules;
}

Tree quota_rule_tree(const QuotaRule& rule) {
    Tree::Map map;
    map["algorithm"] = std::string(to_text(rule.algorithm));
    map["limit"] = rule.limit;
    map["warn_at"] = rule.warn_at;
    if (rule.algorithm != QuotaAlgorithm::gauge) {
        map["window"] = format_duration(rule.window);
    }
    if (rule.algorithm == QuotaAlgorithm::bucket) {
        map["burst"] = rule.burst;
    }
    if (rule.algorithm == QuotaAlgorithm::fixed) {
        map["anchor"] = rule.anchor_text;
    }
    return map;
}

}  // namespace flyball
