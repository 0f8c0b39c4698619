#include "fleet/run/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "schemas/duration.h"
#include "schemas/request.h"
#include "schemas/toml.h"

namespace flyball {
namespace {

constexpr std::array<const char*, 5> types{"entitlement", "billing", "quota", "compliance",
                                           "subscription"};
constexpr int governors_min = 5;
constexpr double rate_max = 1'000'000;  // far beyond what a broker passes on
constexpr double cost_max = 1'000'000;

Result<RegionSize> parse_region(std::string_view text) {
    const std::size_t equals = text.find('=');
    RegionSize region;
    if (equals != std::string_view::npos) {
        region.name = text.substr(0, equals);
        const std::string_view digits = text.substr(equals + 1);
        const auto [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), region.devices);
        if (failed == std::errc{} && end == digits.data() + digits.size() &&
            valid_name(region.name) && region.devices >= 0) {
            return region;
        }
    }
    return Error{ErrorCode::usage, fmt::format("devices: '{}' is not like us-east=10", text)};
}

// One key of a plan's file after the other; the first that is wrong ends it.
class PlanReader {
public:
    PlanReader(const toml::table& table, std::string file)
        : table_(table), file_(std::move(file)) {}

    Result<void> read(Plan& plan);

private:
    Error fault(const toml::node& node, std::string_view key, std::string_view sentence) const {
        return {ErrorCode::usage,
                fmt::format("{}:{}: {}: {}", file_, node.source().begin.line, key, sentence)};
    }
    template <typename Value, typename Take>
    void take(std::string_view key, std::string_view accepts, Take take);
    Result<void> unknown_keys() const;

    const toml::table& table_;
    std::string file_;
    std::optional<Error> error_;
    std::vector<std::string_view> known_;
};

template <typename Value, typename Take>
void PlanReader::take(std::string_view key, std::string_view accepts, Take take) {
    known_.push_back(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr || error_) {
        return;
    }
    const std::optional<Value> value = node->value<Value>();
    if (!value) {
        error_ = fault(*node, key, fmt::format("must be {}", accepts));
        return;
    }
    if (const Result<void> taken = take(*value); !taken) {
        error_ = fault(*node, key, taken.error().message);
    }
}

Result<void> PlanReader::unknown_keys() const {
    for (const auto& [key, node] : table_) {
        if (std::ranges::find(known_, key.str()) == known_.end()) {
            return fault(node, key.str(), "is not known; keys are the names of the flags");
        }
    }
    return {};
}

Result<void> PlanReader::read(Plan& plan) {
    const auto put = [](auto& place) {
        return [&place](const auto& value) -> Result<void> {
            place = static_cast<std::remove_reference_t<decltype(place)>>(value);
            return {};
        };
    };
    take<std::string>("devices", R"(a text like "us-east=10,eu-west=10")",
                      [&](const std::string& text) -> Result<void> {
                          auto regions = parse_regions(text);
                          return regions ? put(plan.regions)(*regions) : regions.error();
                      });
    take<std::string>("chaos", R"(a text like "kill=1/10s")",
                      [&](const std::string& text) -> Result<void> {
                          auto rates = parse_chaos(text);
                          return rates ? put(plan.chaos)(*rates) : rates.error();
                      });
    take<std::string>("for", R"(a duration like "60s")",
                      [&](const std::string& text) -> Result<void> {
                          const auto span = parse_duration(text);
                          if (!span || span->months != 0 || span->ms <= 0) {
                              return Error{ErrorCode::usage, R"(must be a duration like "60s")"};
                          }
                          return put(plan.run_for)(Span(span->ms));
                      });
    const auto within = [](auto& place, auto least, auto most) {
        return [&place, least, most](const auto& value) -> Result<void> {
            if (!(value >= least && value <= most)) {
                return Error{ErrorCode::usage, fmt::format("must be {} to {}", least, most)};
            }
            place = static_cast<std::remove_reference_t<decltype(place)>>(value);
            return {};
        };
    };
    take<std::int64_t>("governors", "a whole number",
                       within(plan.governors, governors_min, governors_max));
    take<std::int64_t>("seed", "a whole number", within(plan.seed, std::int64_t{0}, INT64_MAX));
    take<double>("rate", "a number", within(plan.rate, 0.0, rate_max));
    take<double>("machine-cost", "a number", within(plan.machine_cost, 0.0, cost_max));
    take<bool>("isolate", "true or false", put(plan.isolate));
    take<bool>("in-broker", "true or false", put(plan.in_broker));
    take<bool>("tls", "true or false", put(plan.tls));
    take<bool>("keep", "true or false", put(plan.keep));
    take<bool>("strict", "true or false", put(plan.strict));
    take<bool>("throughput", "true or false", put(plan.throughput));
    take<std::string>("report", "a folder's name", put(plan.report));
    return error_ ? Result<void>(*error_) : unknown_keys();
}

// A device inside its broker is no process: nothing can happen to it alone.
Result<void> check_in_broker(const Plan& plan) {
    if (plan.in_broker && plan.isolate) {
        return Error{ErrorCode::usage,
                     "in-broker: devices inside their brokers are no processes: "
                     "leave out isolate"};
    }
    if (plan.in_broker && plan.tls) {
        return Error{ErrorCode::usage,
                     "in-broker: devices inside their brokers have no connection to secure: "
                     "leave out tls"};
    }
    for (const ChaosRate& rate : plan.chaos) {
        if (plan.in_broker && (rate.kind == ChaosKind::kill || rate.kind == ChaosKind::pause)) {
            return Error{
                ErrorCode::usage,
                fmt::format("chaos: {} hits a device's process, and inside a broker it has "
                            "none; broker and cut hit whole regions",
                            to_text(rate.kind))};
        }
    }
    return {};
}

}  // namespace

int Plan::devices() const {
    int sum = 0;
    for (const RegionSize& region : regions) {
        sum += region.devices;
    }
    return sum;
}

Result<std::vector<RegionSize>> parse_regions(std::string_view text) {
    std::vector<RegionSize> regions;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        auto region = parse_region(text.substr(0, comma));
        if (!region) {
            return region.error();
        }
        regions.push_back(*std::move(region));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return regions;
}

Result<void> read_plan(const std::string& file, Plan& plan) {
    const toml::parse_result parsed = toml::parse_file(file);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return Error{ErrorCode::usage, fmt::format("{}:{}: {}", file, error.source().begin.line,
                                                   error.description())};
    }
    return PlanReader(parsed.table(), file).read(plan);
}

Result<void> check_plan(const Plan& plan) {
    std::vector<std::string_view> names;
    for (const RegionSize& region : plan.regions) {
        if (std::ranges::find(names, region.name) != names.end()) {
            return Error{ErrorCode::usage, fmt::format("devices: {} is there twice", region.name)};
        }
        // `reply` and `policy` are no regions (docs/protocol.md, reserved names).
        if (region.name == "reply" || region.name == "policy" || region.name == "hub") {
            return Error{ErrorCode::usage,
                         fmt::format("devices: {} cannot be a region's name", region.name)};
        }
        names.push_back(region.name);
    }
    const int devices = plan.devices();
    if (devices < 1 || devices > devices_max) {
        return Error{ErrorCode::usage,
                     fmt::format("devices: must be 1 to {}, not {}", devices_max, devices)};
    }
    if (plan.governors < governors_min || plan.governors > governors_max) {
        return Error{ErrorCode::usage,
                     fmt::format("governors: must be 5 to {}, not {}: every node has the five "
                                 "base governors",
                                 governors_max, plan.governors)};
    }
    if (!(plan.rate >= 0 && plan.rate <= rate_max)) {
        return Error{ErrorCode::usage, fmt::format("rate: must be 0 to {}", rate_max)};
    }
    if (!(plan.machine_cost >= 0 && plan.machine_cost <= cost_max)) {
        return Error{ErrorCode::usage, fmt::format("machine-cost: must be 0 to {}", cost_max)};
    }
    if (plan.run_for <= Span(0)) {
        return Error{ErrorCode::usage, "for: must be longer than nothing"};
    }
    return check_in_broker(plan);
}

std::string device_name(int number) {
    return fmt::format("device-{:02}", number);
}

std::vector<TypeCount> spread_governors(int governors) {
    std::vector<TypeCount> counts;
    const int all = static_cast<int>(types.size());
    for (int i = 0; i < all; ++i) {
        counts.push_back(
            {types[static_cast<std::size_t>(i)], governors / all + (i < governors % all ? 1 : 0)});
    }
    return counts;
}

std::string governor_name(int index) {
    return index == 0 ? "main" : fmt::format("g{}", index + 1);
}

}  // namespace flyball
