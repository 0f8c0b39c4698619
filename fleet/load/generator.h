#pragma once
// Asks a fleet by a schedule and sees what comes back: an open loop (each request at its instant,
// whatever became of those before) or as fast as answers come. Opens accounts first. What stayed
// unanswered for 2 s is asked again under its id, one in a hundred of the others too, so that "one
// effect per id" is checked. Has no clock and no thread: turn() does what is due. One thread.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "fleet/checker/fleet_checker.h"
#include "fleet/load/fault_windows.h"
#include "fleet/load/load_link.h"
#include "fleet/load/meter.h"
#include "fleet/load/opening.h"

namespace flyball {

struct Schedule {
    double per_second = 2'000;   // requests, of all devices together; 0: as fast as answers come
    std::size_t in_flight = 64;  // messages, when as fast as answers come
    std::size_t batch = 1;       // requests in a message
    bool checked = true;         // false: the checker forgets all and hears of nothing
};

struct GeneratorOptions {
    std::string prefix = "flyball/v1";
    MixOptions mix;
    bool open_accounts = true;
};

class Generator {
public:
    static constexpr std::int64_t patience_us = 2'000'000;

    Generator(GeneratorOptions options, checker::FleetChecker* checker);

    // The link outlives the generator. A device joins the schedule once its accounts are open; one
    // that is there already stays as it is.
    void add(const Device& device, LoadLink& link);
    void remove(const std::string& node);  // "eu-west/pi-7"
    void clear_accounts();                 // of all devices: as if it had never been here
    std::size_t opening() const;
    std::string trouble() const { return trouble_; }  // the first error reply to an opening

    void start(const Schedule& schedule, std::int64_t now_us);
    void end(std::int64_t now_us);  // nothing more is asked by the schedule
    bool settled() const;           // nothing is waited for
    // Does what is due; returns when the next is, at most 5 ms later.
    std::int64_t turn(std::int64_t now_us);

    // `state_lost`: its process died, the last second may be gone.
    void fault_begins(const std::string& where, bool state_lost, std::int64_t at_us);
    void fault_ends(const std::string& where, std::int64_t at_us);

    // What a node says it was asked has to cover what it had answered before it said so.
    void counted(const std::string& node, const HealthCount& count, std::int64_t wall_ms);

    LoadFigures figures() const;
    LiveFigures live(std::int64_t now_us) const;

private:
    enum class Kind : std::uint8_t { scheduled, again, opening };
    struct Target {
        std::size_t index = 0;
        Device device;
        LoadLink* link = nullptr;
        Meter* meter = nullptr;
        checker::Checker* checker = nullptr;
        std::unique_ptr<Mix> mix;
        std::string root;
        std::deque<AdminBatch> to_open;
        std::size_t opening = 0;  // in flight
        bool gone = false;
        std::uint64_t answered = 0;  // entries, since its process started
        std::int64_t started_at_ms = 0;
        std::int64_t heard_at_ms = 0;       // of its last report, by this machine's clock
        std::uint64_t answered_before = 0;  // when that came
        std::deque<std::pair<std::int64_t, std::uint64_t>> marks;  // what had been asked when
    };
    struct Asked {
        Target* target = nullptr;
        Kind kind = Kind::scheduled;
        std::string below;
        nlohmann::json request;    // an array when a batch
        std::int64_t due_us = 0;   // by the schedule: latency counts from here
        std::int64_t sent_us = 0;  // patience from here: a late generator is not the node's fault
        std::uint32_t entries = 1;
        std::uint32_t attempts = 0;
        bool checked = false;
        bool abandoned = false;  // its node died: an answer to it is late
    };
    struct Deadline {
        std::int64_t at_us = 0;
        std::uint64_t n = 0;
    };

    void open_more(std::int64_t now_us);
    void ask_due(std::int64_t now_us);
    void ask_one(std::int64_t due_us, std::int64_t now_us);
    void ask_again(std::int64_t now_us);
    void send(Asked asked, std::int64_t now_us);
    void take_replies(LoadLink& link);
    void answered(const LoadLink::Arrival& arrival);
    void opened(Asked& asked, const nlohmann::json& reply);
    void expire(std::int64_t now_us);
    void unanswered(std::uint64_t n, Asked asked, std::int64_t now_us);
    void give_up(std::uint64_t n);
    void again(Asked asked, std::int64_t at_us);
    void refresh_ready();
    LoadCounts count(const Asked& asked, const nlohmann::json& reply);
    Meter& meter_of(const std::string& region);
    std::uint64_t replies_lost() const;

    GeneratorOptions options_;
    checker::FleetChecker* checker_;
    std::vector<std::unique_ptr<Target>> targets_;  // by the low bits of a message's number
    std::vector<Target*> ready_;
    std::vector<LoadLink*> links_;
    std::map<std::string, Meter> meters_;
    std::unordered_map<std::uint64_t, Asked> open_;
    std::deque<Deadline> deadlines_;          // of requests, in order
    std::deque<Deadline> opening_deadlines_;  // of openings
    std::multimap<std::int64_t, Asked> again_;
    std::set<std::uint64_t> given_up_;
    FaultWindows faults_;
    Mix draw_;  // of devices
    Schedule schedule_;
    bool asking_ = false;
    std::int64_t started_us_ = 0;
    std::int64_t ended_us_ = 0;
    std::uint64_t planned_ = 0;  // messages of the schedule so far
    std::uint64_t in_flight_ = 0;
    std::size_t openings_in_flight_ = 0;
    std::uint64_t counter_ = 0;
    std::uint64_t lost_before_ = 0;  // replies, before this load
    std::string trouble_;
    LoadFigures figures_;  // but for the regions'
};

}  // namespace flyball
