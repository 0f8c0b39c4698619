#pragma once
// Draws requests: which governor, which tenant, which op. The same seed gives the same requests but
// for their ids, which are new in each run. What changes state carries an id. Few tenants are busy:
// the first of a hundred gets a tenth of the requests. One thread.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "fleet/load/device.h"

namespace flyball {

struct MixOptions {
    DeviceGovernors governors;
    LoadMix mix;
    unsigned tenants = 100;
    std::string tenant_stem = "tenant-";
    std::uint64_t seed = 1;
    std::uint64_t first_id = 1;  // an id must be new for each intended effect
};

struct Drawn {
    const std::string* governor = nullptr;  // "quota/main"; lives as long as the Mix
    bool admin = false;
    nlohmann::json request;
    std::string below() const { return *governor + (admin ? "/admin" : "/request"); }
};

class Mix {
public:
    explicit Mix(MixOptions options);

    Drawn draw();
    // Another request to the same governor, on the same channel: batches.
    nlohmann::json draw_for(const std::string& governor);
    std::uint64_t next_id() { return ++id_; }
    std::uint64_t last_id() const { return id_; }
    std::uint64_t below(std::uint64_t bound);  // 0 to bound - 1
    std::string tenant(unsigned number) const;
    const MixOptions& options() const { return options_; }

private:
    const std::string& governor_of(const char* type);
    const char* type();
    nlohmann::json of_type(std::string_view type, bool& admin);
    nlohmann::json entitlement(bool& admin);
    nlohmann::json billing();
    nlohmann::json quota();
    std::string some_tenant();

    MixOptions options_;
    std::map<std::string, std::vector<std::string>> titles_;  // by type
    std::mt19937_64 random_;
    std::uint64_t id_;
};

}  // namespace flyball
