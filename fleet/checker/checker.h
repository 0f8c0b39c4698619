#pragma once
// Watches one node from outside and says when it breaks an invariant: I1 never over-grant, I2 the
// ledger, I3 at most one effect per id, I7 numbers only rise, I9 time never runs back, I11 audit
// chains never fork, I12 every request is accounted for, and that events, bans and state hold. I4,
// I5, I6, I8 and I10 take somebody who sees inside: check(). Replies come in the order in which the
// node sent them. One thread; memory grows with tenants and ids, not with requests.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "fleet/checker/ban_list.h"
#include "fleet/checker/ledger.h"
#include "fleet/checker/quota_referee.h"
#include "fleet/checker/roll.h"

namespace flyball::checker {

enum class Invariant : std::uint8_t {
    never_over_grant = 1,
    ledger,
    one_effect_per_id,
    durable_before_reply,
    prefix,
    replay_determinism,
    numbers_rise,
    errors_change_nothing,
    time_never_back,
    bounded,
    audit_chain,
    all_accounted_for,
    events_rise,
    bans_hold,
    state_back,
};
constexpr std::size_t invariants = 16;  // by number, from 1
const char* name_of(Invariant invariant);

class Checker {
public:
    // How many ids a governor is held to at most, fewer than it promises: what is asked again, is
    // asked again soon, and a fleet has thousands of governors.
    void hold_to_ids(std::uint64_t ids_max) { held_to_ids_ = ids_max; }
    // In force from now on, written as in a configuration file.
    void configured(const std::string& governor, const Json& config);
    // Gone with its state: what comes under this name is another.
    void purged(const std::string& governor);

    // Message `n` was published on this topic below the node's root; numbers rise.
    void asked(std::uint64_t n, const std::string& below, Json payload);
    void answered(std::uint64_t n, const Json& reply);
    // No reply will come: it may have been done or not.
    void unanswered(std::uint64_t n);
    void told(const Json& event);
    // A run ended. What messages up to `kept` did is known to be kept; the rest may be lost.
    void ended(std::uint64_t kept);
    // A run ended in order. How many messages it counted without answering them.
    void settled(std::uint64_t counted);

    bool waits_for(std::uint64_t n) const { return open_.contains(n); }

    // What only an insider can tell.
    void check(Invariant invariant, bool holds, const std::string& what);

    bool good() const { return violations_.empty(); }
    // The first `violations_max` of them; broken() counts all.
    const std::vector<std::string>& violations() const { return violations_; }
    const std::array<std::uint64_t, invariants>& checks() const { return checks_; }
    const std::array<std::uint64_t, invariants>& broken() const { return broken_; }
    void add_checks(const std::array<std::uint64_t, invariants>& checks);
    void add_counts(const Checker& other);
    // A line for each invariant: how often it was checked, how often it was broken.
    std::string table() const;

private:
    struct Open {
        std::string governor;  // "quota/main", "admit" or "node"
        Json payload;
    };
    struct Remembered {
        std::size_t content = 0;  // hashed: two that agree by chance are not told apart
        std::string outcome;
        std::uint64_t n = 0;
        std::uint64_t place = 0;  // among the ids of its governor
        bool doubtful = false;
    };
    struct Governor {
        std::uint64_t ids_capacity = 1024;
        std::uint64_t ids = 0;
        std::deque<std::pair<std::string, std::uint64_t>> order;  // of ids: key, place
        std::uint64_t seq = 0;
        std::int64_t at = 0;
        // When what must be known after a restart was decided, the last few: message, time.
        std::deque<std::pair<std::uint64_t, std::int64_t>> recorded;
        std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> audit;  // seq: hash, n
    };

    static constexpr std::size_t violations_max = 100;  // who reads more of them

    // Counts; false has to be blamed on somebody.
    bool passes(Invariant invariant, bool holds);
    void blame(Invariant invariant, const std::string& what);
    std::uint64_t capacity_of(const Governor& governor) const;
    void remember(Governor& governor, const std::string& key, Remembered remembered);
    void look_at_control(const Open& open);
    void entry(std::uint64_t n, const Open& open, const Json& request, const Json& reply);
    void check_id(std::uint64_t n, const std::string& governor, const Json& request,
                  const Json& reply);
    void check_number(const std::string& governor, const Json& reply);
    void check_time(const std::string& governor, const Json& reply);
    void check_audit(std::uint64_t n, const std::string& governor, const Json& own);
    void take_facts(std::uint64_t n, const Open& open, const Json& request, const Json& reply);
    void take_fact(const Fact& fact);
    void doubt(const Open& open, const Json& request);

    std::map<std::uint64_t, Open> open_;
    std::map<std::string, Governor> governors_;
    std::unordered_map<std::string, Remembered> ids_;  // governor, tenant, id
    std::uint64_t held_to_ids_ = UINT64_MAX;
    QuotaReferee quotas_;
    Ledger ledger_;
    BanList bans_;
    Roll roll_;
    std::uint64_t event_ = 0;
    std::array<std::uint64_t, invariants> checks_{};
    std::array<std::uint64_t, invariants> broken_{};
    std::vector<std::string> violations_;
};

}  // namespace flyball::checker
