#pragma once
// A whole node on a simulated machine: the real Node, keeper and store, with a disk in memory that
// can fail, crash and be cut from power, a transport that can be down and lose replies, and turns
// of the keeper that come when the simulation wants them, also in the middle of one another. One
// thread: everything happens while the node's thread "sleeps", or at an operation of its disk.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "node/node.h"
#include "tests/sim/crash_states.h"
#include "tests/sim/machine.h"
#include "tests/sim/memory_disk.h"

namespace flyball::sim {

class SimNode : public Machine {
public:
    // What the story around it does and hears.
    class Story {
    public:
        virtual ~Story() = default;
        // The node's thread sleeps: let something happen. The signal that ends the sleep.
        virtual std::optional<int> asleep(Span timeout) = 0;
        // An operation of the disk is about to be done, in a turn of the keeper.
        virtual void disk_works() = 0;
        virtual Publish published(const Message& message) = 0;
        // Whoever takes its replies keeps up.
        virtual bool has_room() const { return true; }
        // The node's thread waits until what it published has left.
        virtual bool flush(Span /*timeout*/) { return true; }
        // It waits for the broker to confirm that it has unsubscribed: whether it has.
        virtual bool unsubscribed(Span /*timeout*/) { return true; }
        // The node is there, and has recovered.
        virtual void awake() = 0;
    };
    SimNode(Story& story, Log& log);
    ~SimNode() override;

    // Starts it on this disk. An error: why it did not start.
    Result<void> start(const NodeSettings& settings, std::function<Config()> reread,
                       const DiskImage& image);
    // Serves until a signal ends it in order (true) or die() was called.
    bool run();
    // From now on nothing reaches disk or broker; what runs, runs into that.
    void die() { dead_ = true; }
    bool dead() const { return dead_; }
    bool awake() const { return keeper_ != nullptr; }

    // While it runs.
    void deliver(const Message& message) { receiver_->on_message(message); }
    void set_link(bool up);
    void tell_of_room() { receiver_->on_room(); }
    bool link_up() const { return link_up_; }
    bool turn_is_due() const { return wanted_ || time_for_turn(); }
    bool time_for_turn() const { return monotonic_us >= next_turn_us_; }
    void turn();
    Keeper& keeper() { return *keeper_; }
    Engine& engine() { return *engine_; }

    MemoryDisk& disk() { return *disk_; }
    // What the disk may hold now: as the kernel has it, or after a power cut, by the seed.
    DiskImage killed() const { return disk_->image(); }
    DiskImage cut_off(std::uint64_t seed) const;

    std::optional<int> asleep(Span timeout) override;

private:
    class Wire;
    class Door;
    class Pace;
    struct Death {};

    Story& story_;
    Log& log_;
    bool dead_ = false;
    bool in_turn_ = false;
    bool wanted_ = true;
    bool link_up_ = false;
    std::int64_t next_turn_us_ = 0;
    DiskImage before_;
    std::unique_ptr<MemoryDisk> disk_;
    Receiver* receiver_ = nullptr;
    Keeper* keeper_ = nullptr;
    Engine* engine_ = nullptr;
    std::unique_ptr<Waiter> waiter_;
    std::unique_ptr<Node> node_;
};

}  // namespace flyball::sim
