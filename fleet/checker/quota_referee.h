#pragma once
// I1, never over-grant: from what was granted and given back, by brute force, whether the limit was
// kept: the configuration's, or the one that a set_limit was acknowledged for. What a reply says
// the limit is counts only where a lost reply or a crash leaves open which of them holds. Exact
// integers. Knows less than the node when replies were lost, and then allows more.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/checker/fact.h"

namespace flyball::checker {

class QuotaReferee {
public:
    // A governor's settings from now on; what was used counts from here.
    void configured(const std::string& governor, const Json& config);
    // What is wrong with it; nothing when all is well. `checks` counts.
    std::optional<std::string> take(const Fact& fact, std::uint64_t& checks);
    // Whether the op was done is not known.
    void doubt(const std::string& governor, const std::string& tenant, const std::string& op);
    // What later messages than `kept` did may be lost.
    void lost_after(std::uint64_t kept);
    void forget_all();  // governor time was turned back
    void forget(const std::string& governor);

private:
    enum class Algorithm : std::uint8_t { fixed, sliding, bucket, gauge, unknown };
    struct Resource {
        Algorithm algorithm = Algorithm::unknown;
        std::int64_t window_ms = 0;
        std::int64_t limit = 0;  // of a bucket its capacity
    };
    // What an op set for one tenant.
    struct Override {
        std::int64_t limit = 0;  // negative: the configuration's
        std::uint64_t n = 0;
        bool sure = true;
    };
    struct Entry {
        enum class Kind : std::uint8_t { grant, credit, clear, set };
        Kind kind = Kind::grant;
        std::int64_t at = 0;
        std::int64_t amount = 0;
        std::uint64_t n = 0;
    };
    using History = std::vector<Entry>;  // short: a fleet has 60,000 of them

    static bool holds(const History& history, const Resource& resource, std::int64_t limit);
    static bool windows_hold(const History& history, const Resource& resource, std::int64_t limit);
    static bool bucket_holds(const History& history, const Resource& resource, std::int64_t limit);
    static bool level_holds(const History& history, std::int64_t limit);
    void clear(const std::string& prefix);
    void unsure(const std::string& prefix);
    std::int64_t limit_of(const std::string& key, const Resource& resource,
                          const Json& reply) const;

    std::map<std::string, Resource> resources_;  // governor, resource
    std::map<std::string, History> histories_;   // governor, tenant, resource
    std::map<std::string, Override> overrides_;  // the same; in doubt also of a whole tenant
};

}  // namespace flyball::checker
