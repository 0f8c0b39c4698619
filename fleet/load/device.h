#pragma once
// Who is asked, and what he has been configured with. Plain values.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace flyball {

struct Device {
    std::string region;
    std::string node;
    std::string broker;  // tcp://host:port where requests go
    std::string name() const { return region + "/" + node; }
};

// Percent of the requests by what they ask; 40:30:20:10 unless said.
struct LoadMix {
    unsigned entitlement = 40;
    unsigned billing = 30;
    unsigned quota = 20;
    unsigned compliance_and_subscription = 10;
};

// Of a device's health report.
struct HealthCount {
    std::int64_t at_ms = 0;
    std::int64_t started_at_ms = 0;
    std::uint64_t requests = 0;  // since then
};

// The governors that every device has, by type, and what differs from the defaults in the settings
// of some (by "type/name", as in a configuration file), for the checker.
struct DeviceGovernors {
    std::map<std::string, std::vector<std::string>> names{{"entitlement", {"main"}},
                                                          {"billing", {"main"}},
                                                          {"quota", {"main"}},
                                                          {"compliance", {"main"}},
                                                          {"subscription", {"main"}}};
    std::map<std::string, nlohmann::json> settings;
};

}  // namespace flyball
