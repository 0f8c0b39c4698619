#include "fleet/load/opening.h"

#include "fleet/checker/fact.h"

namespace flyball {

namespace {

using nlohmann::json;

constexpr unsigned tight_every = 10;
constexpr std::size_t entries_max = 256;  // a quarter of what a node takes: others come between

template <typename Entry>
void batches_for(const std::string& title, const MixOptions& options, const Entry& entry,
                 std::vector<AdminBatch>& all) {
    AdminBatch batch{title + "/admin", json::array()};
    for (unsigned number = 0; number < options.tenants; ++number) {
        json one = entry(number);
        if (!one.is_null()) {
            batch.entries.push_back(std::move(one));
        }
        if (batch.entries.size() == entries_max) {
            all.push_back(batch);
            batch.entries = json::array();
        }
    }
    if (!batch.entries.empty()) {
        all.push_back(std::move(batch));
    }
}

}  // namespace

std::vector<AdminBatch> opening_of(Mix& mix) {
    const MixOptions& options = mix.options();
    std::vector<AdminBatch> all;
    for (const std::string& name : options.governors.names.at("billing")) {
        batches_for(
            "billing/" + name, options,
            [&](unsigned number) {
                return json{{"op", "topup"},
                            {"tenant", mix.tenant(number)},
                            {"amount", opening_amount},
                            {"id", mix.next_id()}};
            },
            all);
    }
    for (const std::string& name : options.governors.names.at("subscription")) {
        batches_for(
            "subscription/" + name, options,
            [&](unsigned number) {
                return json{{"op", "start"}, {"tenant", mix.tenant(number)}};
            },
            all);
    }
    for (const std::string& name : options.governors.names.at("quota")) {
        batches_for(
            "quota/" + name, options,
            [&](unsigned number) {
                return number % tight_every != 0 ? json()
                                                 : json{{"op", "set_limit"},
                                                        {"tenant", mix.tenant(number)},
                                                        {"limit", tight_limit}};
            },
            all);
    }
    return all;
}

std::vector<AdminBatch> clearing_of(const Mix& mix) {
    std::vector<AdminBatch> all;
    for (const auto& [type, names] : mix.options().governors.names) {
        for (const std::string& name : names) {
            batches_for(
                type + "/" + name, mix.options(),
                [&](unsigned number) {
                    return json{{"op", "forget"}, {"tenant", mix.tenant(number)}};
                },
                all);
        }
    }
    return all;
}

std::string trouble_in(const json& reply) {
    if (!reply.is_array()) {
        return checker::shown(reply);
    }
    for (const json& entry : reply) {
        const bool error = checker::text(entry, "decision") == "error";
        // A subscription that runs already refuses to start.
        if (error && checker::text(entry, "field") != "op") {
            return checker::shown(entry);
        }
    }
    return {};
}

}  // namespace flyball
