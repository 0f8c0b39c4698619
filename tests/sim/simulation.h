#pragma once
// A node's lives by chance: requests, retries and lost replies, time and clocks that jump, links
// and disks that fail, kills and power cuts at any operation of the disk, other configurations, and
// a checker that watches all of it. The same plan gives the same story. One thread.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/checker/checker.h"
#include "tests/sim/probe.h"
#include "tests/sim/sim_node.h"
#include "tests/sim/state_hash.h"
#include "tests/sim/traffic.h"

namespace flyball::sim {

struct SimPlan {
    std::uint64_t seed = 1;
    std::uint64_t steps = 2000;
    std::optional<Durability> durability{};  // by the seed
    std::uint64_t jumps_of_1000 = 5;         // steps at which the clock jumps
};

struct SimCounts {
    std::uint64_t steps = 0, requests = 0, replies = 0, records = 0;
    std::uint64_t starts = 0, stops = 0, kills = 0, cuts = 0, faults = 0, jumps = 0, probes = 0;
    void add(const SimCounts& other);
};

class Simulation final : private SimNode::Story {
public:
    explicit Simulation(const SimPlan& plan);
    ~Simulation() override;
    // Until the steps are over or something is wrong.
    void run();

    const SimCounts& counts() const { return counts_; }
    const checker::Checker& checker() const { return checker_; }

private:
    struct Seen {  // the state after a record
        std::uint64_t record = 0;
        std::uint64_t hash = 0;
    };
    struct Mail {
        std::string below;
        Json payload;
    };
    enum class Ending : std::uint8_t { none, killed, cut };

    std::optional<int> asleep(Span timeout) override;
    void disk_works() override;
    Publish published(const Message& message) override;
    void awake() override;

    void choose_character();
    NodeSettings settings() const;
    Config reread() const;
    void tell_configuration();
    void governors_move();
    void live();
    void start();
    void die(Ending how);
    void after_death();
    void after_stop();
    void look_at(const DiskImage& image, bool last);
    ProbeOptions probe_options() const;
    void observe();
    bool known_state(const Probe& found) const;

    std::optional<int> act();
    void pass_time();
    void ask();
    void ask_again();
    void ask_control();
    void jump();
    void fail_disk();
    void take_turn();
    void send(const Mail& message);
    void tells(std::uint64_t record, const std::string& by);
    void account(std::uint64_t n, const Json& reply);
    std::uint64_t pick(std::uint64_t below) { return traffic_.pick(below); }
    bool one_in(std::uint64_t count) { return pick(count) == 0; }
    bool commits() const { return durability_ == Durability::commit; }
    bool keeps_no_journal() const { return durability_ == Durability::none; }
    void check(checker::Invariant invariant, bool holds, const std::string& what);

    SimPlan plan_;
    Traffic traffic_;
    checker::Checker checker_;
    SimCounts counts_;
    int nowhere_;  // a descriptor that swallows the log
    Log log_;
    SimNode node_;
    Root root_{"flyball/v1", "eu-west", "pi-7"};
    std::string root_text_ = "flyball/v1/eu-west/pi-7/";

    // The seed's character.
    Durability durability_ = Durability::commit;
    bool disk_fails_ = false;
    std::uint64_t lossy_of_100_ = 0;
    std::uint64_t deadly_of_1000_ = 0;
    std::uint64_t works_of_1000_ = 0;  // disk operations during which something else happens

    std::uint64_t turn_one_in_ = 1;  // how late the keeper's turns come

    int variant_ = 0;  // of the configuration
    DiskImage image_;  // what the next life starts from
    Ending ending_ = Ending::none;
    bool in_start_ = false;
    bool starting_ = false;  // and something may happen meanwhile
    bool nested_ = false;
    bool disk_is_well_ = true;
    std::uint64_t struck_ = 0;  // the disk's failures when it was last told to fail or to heal
    bool faulted_ = false;      // the disk has failed in this life or one before
    int variant_told_ = -1;
    bool governors_moved_ = false;   // by control or configuration, and no snapshot has it yet
    std::uint64_t moved_after_ = 0;  // ... after so many snapshots
    std::vector<Seen> seen_;
    std::set<std::uint64_t> ever_seen_;  // hashes, where there is no journal
    StateHash hash_;

    std::uint64_t asked_ = 0;     // the number of the last message
    std::uint64_t handling_ = 0;  // the one that is being delivered
    std::string verdict_;         // of the reply to it
    std::map<std::uint64_t, std::uint64_t>
        needs_;                                    // by message: the record that its reply tells of
    std::map<std::uint64_t, std::uint64_t> told_;  // the same of replies that left, in this life
    std::uint64_t told_record_ = 0;                // the newest that anybody has heard of
    std::string told_by_;
    std::vector<Mail> past_;     // to be asked again
    std::uint64_t counted_ = 0;  // messages without an answer, by the last health report
};

}  // namespace flyball::sim
