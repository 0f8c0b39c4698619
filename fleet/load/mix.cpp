#include "fleet/load/mix.h"

#include <fmt/format.h>

#include <array>

#include "schemas/expects.h"

namespace flyball {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 5> types{"entitlement", "billing", "quota", "compliance",
                                           "subscription"};

}  // namespace

Mix::Mix(MixOptions options)
    : options_(std::move(options)), random_(options_.seed), id_(options_.first_id) {
    expects(options_.tenants > 0, "somebody to ask for");
    for (const auto& [type, names] : options_.governors.names) {
        for (const std::string& name : names) {
            titles_[type].push_back(type + "/" + name);
        }
    }
    for (const char* type : types) {
        expects(!titles_[type].empty(), "a governor of each type");
    }
}

std::uint64_t Mix::below(std::uint64_t bound) {
    return random_() % bound;  // the bias is 10^-15
}

std::string Mix::tenant(unsigned number) const {
    return fmt::format("{}{:03}", options_.tenant_stem, number);
}

// By the square of a uniform draw.
std::string Mix::some_tenant() {
    const double uniform = static_cast<double>(random_() >> 11U) * 0x1p-53;
    return tenant(static_cast<unsigned>(uniform * uniform * options_.tenants));
}

const char* Mix::type() {
    const LoadMix& mix = options_.mix;
    const unsigned all =
        mix.entitlement + mix.billing + mix.quota + mix.compliance_and_subscription;
    expects(all > 0, "a share for something");
    const auto at = static_cast<unsigned>(below(all));
    if (at < mix.entitlement) {
        return "entitlement";
    }
    if (at < mix.entitlement + mix.billing) {
        return "billing";
    }
    if (at < mix.entitlement + mix.billing + mix.quota) {
        return "quota";
    }
    return below(2) == 0 ? "compliance" : "subscription";
}

const std::string& Mix::governor_of(const char* type) {
    const auto& titles = titles_.at(type);
    return titles[static_cast<std::size_t>(below(titles.size()))];
}

Drawn Mix::draw() {
    const char* kind = type();
    Drawn drawn;
    drawn.governor = &governor_of(kind);
    drawn.request = of_type(kind, drawn.admin);
    return drawn;
}

json Mix::draw_for(const std::string& governor) {
    bool admin = true;
    json request;
    while (admin) {
        request = of_type(governor.substr(0, governor.find('/')), admin);
    }
    return request;
}

json Mix::of_type(std::string_view kind, bool& admin) {
    admin = false;
    json request;
    if (kind == "entitlement") {
        request = entitlement(admin);
    } else if (kind == "billing") {
        request = billing();
    } else if (kind == "quota") {
        request = quota();
    } else if (kind == "compliance") {
        request = {{"action", "store"}, {"attributes", {{"region", "eu-west"}}}, {"id", next_id()}};
    } else {
        request = {{"op", below(4) == 0 ? "get" : "check"}};
    }
    request["tenant"] = some_tenant();
    return request;
}

// One in a hundred takes `export` away or gives it back, so that what was forbidden is watched.
json Mix::entitlement(bool& admin) {
    static constexpr std::array<const char*, 3> features{"basic", "export", "seats"};
    if (below(100) == 0) {
        admin = true;
        const bool revokes = below(2) == 0;
        return {{"op", revokes ? "revoke" : "grant"}, {"feature", "export"}, {"id", next_id()}};
    }
    const auto at = static_cast<std::size_t>(below(features.size()));
    return {{"feature", features[at]}};
}

json Mix::billing() {
    const std::uint64_t at = below(100);
    if (at < 70) {
        return {{"op", "charge"}, {"amount", 1 + below(50)}, {"id", next_id()}};
    }
    if (at < 85) {
        return {{"amount", 1 + below(50)}};
    }
    if (at < 95) {
        return {{"op", "get"}};
    }
    const std::uint64_t id = next_id();
    return {{"op", "hold"},
            {"hold", fmt::format("hold-{}", id)},
            {"amount", 1 + below(50)},
            {"ttl_ms", 1000 + below(4000)},
            {"id", id}};
}

json Mix::quota() {
    if (below(10) == 0) {
        return {{"op", "get"}};
    }
    return {{"hits", 1 + below(3)}, {"id", next_id()}};
}

}  // namespace flyball
