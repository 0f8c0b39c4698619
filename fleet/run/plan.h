#pragma once
// What a fleet is to be: the plan's file and the flags, which win. Its defaults are the regional
// deployment: 100 devices in three regions, 30 governors each. Pure but for read_plan(). Any
// thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/run/chaos.h"
#include "schemas/result.h"
#include "schemas/time.h"

namespace flyball {

struct RegionSize {
    std::string name;
    int devices = 0;
};

struct Plan {
    std::vector<RegionSize> regions{{"us-east", 33}, {"eu-west", 33}, {"apac", 34}};
    int governors = 30;    // of each device, spread evenly over the five types
    double rate = 2000;    // requests a second, in all; 0: no load
    Span run_for{60'000};  // of the load, once the fleet is up
    std::vector<ChaosRate> chaos;
    bool isolate = false;    // plain processes in place of forks of a warmed one
    bool in_broker = false;  // each device a plugin of its region's broker, no process at all
    std::uint64_t seed = 1;
    bool keep = false;         // leave the run's folder, with logs and states
    bool tls = false;          // certificates for everybody, made in the run's folder
    bool strict = false;       // every missed claim is a failure
    std::string report;        // folder; empty: one named after the run, where the tool was started
    double machine_cost = 24;  // dollars a month
    bool throughput = true;    // the stage after the run

    int devices() const;
};

inline constexpr int devices_max = 2000;  // of a plan: a machine's memory ends long before
inline constexpr int governors_max = 500;

// "us-east=10,eu-west=10"; usage when it is not of this form.
Result<std::vector<RegionSize>> parse_regions(std::string_view text);

// The keys of the file that are there take the place of what `plan` has.
Result<void> read_plan(const std::string& file, Plan& plan);
// usage, with the limit, when no such fleet can be.
Result<void> check_plan(const Plan& plan);

// "device-07": two digits, more when they are needed.
std::string device_name(int number);

// How many governors of each of the five types `governors` are, the base governor `main` included.
struct TypeCount {
    const char* type;
    int count;
};
std::vector<TypeCount> spread_governors(int governors);
std::string governor_name(int index);  // main, g2, g3 ...

}  // namespace flyball
