#pragma once
// One life of a simulated node, by script: acts that happen one after another while the node's
// thread sleeps, what was told of until each operation of the disk, and the state after each
// record. For tests that want a certain story; simulation.h makes them up. One thread.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/probe.h"
#include "tests/sim/sim_node.h"
#include "tests/sim/state_hash.h"
#include "tests/sim/traffic.h"

namespace flyball::sim {

class Life : private SimNode::Story {
public:
    struct Plan {
        Durability durability = Durability::commit;
        std::size_t segment_bytes = 16 * 1024;
        std::uint64_t max_bytes = std::uint64_t{16} << 20U;
        bool watches_state = true;                // else only which records are there
        std::map<std::string, Tree> governors{};  // none: four types' main ones, with small limits
    };
    explicit Life(Plan plan);
    ~Life() override;

    Result<void> start(const DiskImage& image);
    // Of the next start.
    void set_durability(Durability durability) { plan_.durability = durability; }
    void set_max_bytes(std::uint64_t bytes) { plan_.max_bytes = bytes; }
    using Act = std::function<void()>;
    // The acts, each in a sleep of its own, and then the end: by a kill, or in order.
    void run(std::vector<Act> acts, bool in_order = false);
    void run(const Act& act, bool in_order = false) { run(std::vector<Act>{act}, in_order); }

    // In an act. The reply, or null when it has not come yet: then it is in late().
    Json ask(const std::string& below, const Json& request);
    void turn();  // of the keeper
    // What happens once, at the next operation of the disk but `after`, in a turn.
    void at_work(std::size_t after, Act act);
    // So many milliseconds, in which every turn of the keeper comes when it is due.
    void pass_ms(std::int64_t ms);
    SimNode& node() { return node_; }

    // Of all lives so far.
    const std::vector<Json>& late() const { return late_; }
    const std::vector<Json>& events() const { return events_; }
    const Json& health() const { return health_; }

    struct Seen {
        std::uint64_t record = 0;
        std::uint64_t hash = 0;
    };
    // What held after so many operations of this life's disk: the newest record that was told of.
    std::uint64_t told_after(std::size_t operations) const;
    // Empty, or why what a start from this image would know cannot be.
    std::string image_is_wrong(const DiskImage& image, std::uint64_t told, Probe& found) const;
    const std::vector<Seen>& seen() const { return seen_; }
    // Goes on after a crash of which this was found.
    void go_on_from(const Probe& found);
    ProbeOptions probe_options() const;

private:
    std::optional<int> asleep(Span timeout) override;
    void disk_works() override;
    Publish published(const Message& message) override;
    void awake() override;
    void observe();
    void told(std::uint64_t record);
    NodeSettings settings() const;

    Plan plan_;
    int nowhere_;
    Log log_;
    SimNode node_;
    std::vector<Act> acts_;
    std::size_t next_act_ = 0;
    bool in_order_ = false;
    std::size_t works_until_ = 0;
    Act at_work_;
    std::uint64_t asked_ = 0;
    Json reply_;
    bool in_work_ = false;
    std::map<std::uint64_t, std::uint64_t> needs_;
    std::vector<Json> late_;
    std::vector<Json> events_;
    Json health_;
    StateHash hash_;
    std::vector<Seen> seen_;
    std::vector<std::pair<std::size_t, std::uint64_t>> told_;  // operations, record
    std::uint64_t base_record_ = 0;                            // what this life began with
    std::uint64_t awake_record_ = 0;  // ... and what there was when it had started
};

}  // namespace flyball::sim
