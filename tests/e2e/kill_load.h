#pragma once
// Requests that a node is killed under, and what their answers must say afterwards: every request
// has an id, is asked until it is answered, and is asked again after a kill. Counts what was lost
// or done twice. One thread.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/bus_client.h"

namespace flyball::testing {

class KillLoad {
public:
    using Json = nlohmann::json;

    // What a node's configuration ends with: nothing that is asked is denied.
    static constexpr const char* governors = R"(
[governor.quota.main]
resources.api_calls = { limit = 1000000000, window = "365d" }
[governor.billing.main]
rate_limit = 0
)";

    KillLoad(BusClient& client, std::string root, std::string replies, std::uint64_t seed);

    // Accounts with money, before the first kill.
    void open_accounts();
    // Publishes so many new requests and returns once that many of them were answered.
    void ask_new(std::size_t requests, std::size_t answers);
    // The node's life ends here: what was answered so far is what has to hold afterwards.
    void life_ends();
    // Asks one new request again and again until it is answered: nobody may be there yet.
    void ask_until_answered();
    // Asks everything again that was not answered, until it is.
    void settle();
    // Asks again what was answered in the last life: each has to be a replay of its answer.
    void recheck();
    // The same where the last moments may be lost: what is known still is what came first.
    void recheck_prefix();
    // Levels have to be the sums of what was allowed.
    void check_levels();
    std::uint64_t pick(std::uint64_t below) { return random_() % below; }

    std::uint64_t answered = 0;
    std::uint64_t lost = 0;     // answered, and not known afterwards
    std::uint64_t doubled = 0;  // done more than once
    std::uint64_t seq_reused = 0;
    std::uint64_t refused = 0;  // answered `overloaded`

private:
    struct Asked {
        std::string below;  // the topic below the root
        Json request;
        Json answer{};  // null: not yet
    };
    // By tenant, what was allowed.
    struct Sums {
        std::map<std::string, std::int64_t> spent{};
        std::map<std::string, std::int64_t> used{};
        void add(const Asked& asked);
    };

    Asked make();
    void publish(std::uint64_t id);
    struct Reply {
        std::uint64_t life = 0;  // in which it was asked
        std::uint64_t id = 0;
        Json json{};
    };
    static bool is_refused(const Reply& reply);
    Reply await_any(Span deadline);
    std::uint64_t add_new();
    void take(Reply reply);
    Json ask(std::uint64_t id);

    BusClient& client_;
    std::string root_;
    std::string replies_;
    std::mt19937_64 random_;
    std::uint64_t newest_ = 0;              // id
    std::map<std::uint64_t, Asked> asked_;  // without what was asked again and is in sums_
    Sums sums_;
    std::uint64_t life_ = 0;                              // of the node
    std::set<std::uint64_t> open_;                        // without an answer
    std::vector<std::uint64_t> this_life_;                // answered
    std::vector<std::uint64_t> last_life_;                // answered, and not asked again yet
    std::map<std::string, std::set<std::int64_t>> seqs_;  // by governor
};

}  // namespace flyball::testing
