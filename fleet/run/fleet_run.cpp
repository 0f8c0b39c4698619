#include "fleet/run/fleet_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "fleet/dashboard/server.h"
#include "fleet/report/report.h"
#include "fleet/run/filled_node.h"
#include "fleet/run/fleet_load.h"
#include "fleet/run/machine.h"
#include "fleet/run/processes.h"
#include "fleet/run/progress.h"
#include "fleet/verb.h"

namespace flyball {
namespace {

// Far beyond the claimed 15 s of 100 devices: to tell how far it came.
constexpr Span up_patience{20'000};
constexpr Span up_patience_of_each{1'000};
constexpr Span calm_patience{60'000};   // for the last fault to be over
constexpr Span open_patience{120'000};  // for accounts: 100 devices take seconds
constexpr Span work_patience{300'000};  // for what ends by itself
constexpr Span retry_patience{5'000};   // for what was asked of nodes that are just coming back
constexpr Span throughput_span{10'000};
constexpr std::size_t throughput_batch = 16;
constexpr int spares = 4;
constexpr Span settle{2'000};  // until a node that has just come up has touched what it will
constexpr double default_rate = 2000;

class FleetRun {
public:
    FleetRun(FleetMachine& machine, bool json) : machine_(machine), json_(json) {}
    Exit go();

private:
    using Turn = FleetMachine::Turn;
    template <typename Over>
    Turn turns_until(Deadline deadline, Over over);
    template <typename Work>
    Turn turns_during(Work work);
    Turn enter(const std::string& phase, Span length = Span(0));
    Turn bring_up();
    Turn open_accounts();
    Turn load();
    Turn throughput();
    Turn measure_spares();
    Turn stages();
    Turn run_unasked();
    void draw(bool now = false);
    void take_devices();
    void serve_dashboard();
    Exit conclude(Turn turn);
    Exit report();
    std::string report_folder() const;
    Span elapsed() const;
    // Whoever pressed Ctrl-C does not wait for answers.
    Span retries_for() const { return machine_.interrupted() ? Span{0} : retry_patience; }

    FleetMachine& machine_;
    bool json_;
    ProgressScreen screen_;
    std::string phase_;
    Deadline phase_began_{};
    Span phase_length_{};
    std::unique_ptr<FleetLoad> load_;
    FleetFigures figures_;
    bool devices_taken_ = false;
    std::string trouble_;  // why a stage ended early
    std::unique_ptr<DashboardServer> dashboard_;
};

Span FleetRun::elapsed() const {
    return std::chrono::duration_cast<Span>(deadline_after(Span(0)) - phase_began_);
}

FleetRun::Turn FleetRun::enter(const std::string& phase, Span length) {
    phase_ = phase;
    phase_length_ = length;
    phase_began_ = deadline_after(Span(0));
    machine_.phase(phase);
    return Turn::going_on;
}

void FleetRun::draw(bool now) {
    if (!now && !screen_.due()) {
        return;
    }
    FleetProgress progress;
    progress.phase = phase_;
    progress.elapsed = elapsed();
    progress.faults = machine_.faults();
    const Devices& devices = machine_.devices();
    if (phase_length_ > Span(0)) {
        progress.done = std::min(
            static_cast<double>(elapsed().count()) / static_cast<double>(phase_length_.count()),
            1.0);
    } else if (phase_ == "starting") {
        progress.done = static_cast<double>(devices.up("")) / std::max(devices.total(""), 1);
    }
    for (const RegionSize& region : machine_.plan().regions) {
        progress.regions.push_back(
            {region.name, devices.total(region.name), devices.up(region.name)});
    }
    progress.loaded = load_ != nullptr;
    const LiveFigures live = load_ ? load_->workload().live() : LiveFigures();
    for (const LiveRegion& one : live.regions) {
        const auto row = std::ranges::find(progress.regions, one.region, &RegionProgress::name);
        if (row != progress.regions.end()) {
            row->per_second = one.per_second;
            row->p50_us = one.p50_us;
            row->p99_us = one.p99_us;
            row->denied = one.all.denied;
            row->unanswered = one.all.unanswered;
        }
    }
    screen_.show(progress);
}

template <typename Over>
FleetRun::Turn FleetRun::turns_until(Deadline deadline, Over over) {
    Turn turn = Turn::going_on;
    while (turn == Turn::going_on && !over() && left_until(deadline) > Span::zero()) {
        turn = machine_.turn(deadline);
        if (load_) {
            load_->sample();
        }
        draw();
    }
    return turn;
}

// `work` waits for something, on a thread of its own; the fleet is looked after meanwhile. It has
// ended when this returns.
template <typename Work>
FleetRun::Turn FleetRun::turns_during(Work work) {
    auto done = std::async(std::launch::async, std::move(work));
    return turns_until(deadline_after(work_patience), [&done] {
        return done.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
}

FleetRun::Turn FleetRun::bring_up() {
    enter("starting");
    const Deadline patience =
        deadline_after(up_patience + machine_.plan().devices() * up_patience_of_each);
    const Turn turn = turns_until(patience, [this] { return machine_.devices().all_up(); });
    figures_.fleet_up_s =
        std::chrono::duration<double>(deadline_after(Span(0)) - machine_.began()).count();
    draw(true);
    return turn;
}

FleetRun::Turn FleetRun::open_accounts() {
    enter("opening");
    load_ = std::make_unique<FleetLoad>(machine_);
    machine_.watched_by(load_.get());
    Result<bool> opened = true;
    const Turn turn = turns_during([this, &opened] {
        opened = load_->workload().open(deadline_after(open_patience), machine_.stop_fd());
    });
    trouble_ = opened ? "" : opened.error().message;
    return turn;
}

FleetRun::Turn FleetRun::load() {
    const Plan& plan = machine_.plan();
    enter("load", plan.run_for);
    Schedule schedule;
    schedule.per_second = plan.rate;
    load_->workload().start(schedule);
    load_->begin();
    machine_.begin_chaos();
    const Turn turn = turns_until(deadline_after(plan.run_for), [] { return false; });
    machine_.end_chaos();
    draw(true);
    load_->end();
    enter("settling");
    const Turn settled =
        turns_during([this] { figures_.load = load_->workload().stop(retries_for()); });
    if (turn != Turn::going_on) {
        return turn;
    }
    return settled != Turn::going_on
               ? settled
               : turns_until(deadline_after(calm_patience), [this] { return machine_.calm(); });
}

FleetRun::Turn FleetRun::throughput() {
    enter("throughput", throughput_span);
    Schedule schedule;
    schedule.per_second = 0;
    schedule.batch = throughput_batch;
    schedule.checked = false;
    load_->workload().start(schedule);
    const Turn turn = turns_until(deadline_after(throughput_span), [] { return false; });
    const Turn ended =
        turns_during([this] { figures_.throughput = load_->workload().stop(Span{0}); });
    return turn != Turn::going_on ? turn : ended;
}

// Nodes of the other kind beside the fleet: what they weigh, and one of them with full rings.
FleetRun::Turn FleetRun::measure_spares() {
    enter("measuring");
    if (const auto started = machine_.start_spares(spares); !started) {
        screen_.say(started.error().message);
        return Turn::going_on;
    }
    Turn turn = turns_until(deadline_after(calm_patience), [this] { return machine_.spares_up(); });
    if (turn == Turn::going_on) {
        turn = turns_until(deadline_after(settle), [] { return false; });
    }
    std::uint64_t sum = 0;
    for (const pid_t pid : machine_.spares()) {
        sum += pss_bytes(pid);
    }
    if (turn == Turn::going_on && sum > 0) {
        figures_.other_kind_pss_bytes = sum / spares;
    }
    const BrokerPlace& place = machine_.brokers().places().at(1);
    BusOptions bus = machine_.bus_options();
    bus.broker = place.address();
    std::optional<Result<FilledNode>> filled;  // nothing: it did not come to that
    if (turn == Turn::going_on) {
        turn = turns_during([&] {
            filled = fill_node(bus, FleetMachine::spare_name(place.name, 1),
                               machine_.plan().governors, machine_.stop_fd());
        });
    }
    machine_.stop_spares();
    if (filled && *filled) {
        figures_.filled = **filled;
    } else if (filled) {
        screen_.say("the rings of a node could not be filled: " + filled->error().message);
    }
    return turn;
}

// Without a load the fleet just runs, and its faults come as planned.
FleetRun::Turn FleetRun::run_unasked() {
    enter("running", machine_.plan().run_for);
    machine_.begin_chaos();
    return turns_until(deadline_after(machine_.plan().run_for), [] { return false; });
}

FleetRun::Turn FleetRun::stages() {
    Turn turn = bring_up();
    if (turn != Turn::going_on || machine_.devices().up("") == 0) {
        return turn;  // there is nobody to ask
    }
    if (machine_.plan().rate <= 0) {
        return run_unasked();
    }
    turn = open_accounts();
    if (turn != Turn::going_on || !trouble_.empty()) {
        return turn;
    }
    turn = load();
    take_devices();
    if (turn == Turn::going_on && machine_.plan().throughput) {
        turn = throughput();
    }
    return turn == Turn::going_on ? measure_spares() : turn;
}

// How the devices are once the load is over.
void FleetRun::take_devices() {
    devices_taken_ = true;
    const Devices& devices = machine_.devices();
    figures_.devices = static_cast<std::size_t>(devices.total(""));
    figures_.devices_up = static_cast<std::size_t>(devices.up(""));
    const auto governors = static_cast<std::size_t>(machine_.plan().governors);
    figures_.governors = figures_.devices * governors;
    for (const FleetDevice& device : devices.all()) {
        if (device.state != DeviceState::up) {
            figures_.not_up.push_back(
                fmt::format("{}: {}", device.name.text(), to_text(device.state)));
        }
        figures_.governors_up += device.state == DeviceState::up ? device.governors_up : 0;
        if (device.startup_ms) {
            figures_.startup_ms.push_back(static_cast<double>(*device.startup_ms));
        }
        figures_.governor_bytes += device.governor_bytes;
    }
    figures_.broker_dropped = machine_.messages_dropped();
    figures_.faults = machine_.faults();
    if (load_) {
        load_->write(figures_);
    }
}

std::string FleetRun::report_folder() const {
    return machine_.plan().report.empty() ? machine_.run() : machine_.plan().report;
}

// There is a report of every run with a load, however it ended, unless somebody stopped it before
// anything had been asked: what was not measured is missed in it.
Exit FleetRun::conclude(Turn turn) {
    const bool cut_short = turn == Turn::asked_to_stop && figures_.load.all().asked == 0;
    Exit exit = Exit::done;
    if (machine_.plan().rate > 0 && !cut_short) {
        exit = report();
    } else {
        const Devices& devices = machine_.devices();
        screen_.say(fmt::format("{} of {} devices up, the fleet after {:.1f} s", devices.up(""),
                                devices.total(""), figures_.fleet_up_s));
        exit = cut_short || devices.all_up() ? Exit::done : Exit::missed;
    }
    if (turn == Turn::broken) {
        return fail({ErrorCode::internal, machine_.why_broken()});
    }
    return trouble_.empty() ? exit : fail({ErrorCode::unavailable, trouble_});
}

Exit FleetRun::report() {
    if (!devices_taken_) {
        take_devices();
    }
    const bool strict = machine_.plan().strict;
    if (auto written = write_report(report_folder(), figures_, strict); !written) {
        return fail(written.error());
    }
    print(json_ ? json_text(report_json(figures_, strict)) + "\n"
                : report_summary(figures_, strict));
    screen_.say("the report is in " + report_folder());
    return exit_of(targets_of(figures_), strict);
}

// Something to look at meanwhile; a run does without where it cannot be.
void FleetRun::serve_dashboard() {
    auto served = DashboardServer::start({.listen = {},
                                          .broker = machine_.brokers().websockets(),
                                          .prefix = machine_.bus_options().prefix});
    if (!served) {
        screen_.say("no dashboard: " + served.error().message);
        return;
    }
    dashboard_ = *std::move(served);
    screen_.say("dashboard at " + dashboard_->url());
}

Exit FleetRun::go() {
    const Plan& plan = machine_.plan();
    figures_.run = machine_.run();
    figures_.version = FLYBALL_VERSION;
    figures_.at = wall_now();
    figures_.seed = plan.seed;
    figures_.homes = plan.in_broker ? NodeHomes::brokers
                     : plan.isolate ? NodeHomes::processes
                                    : NodeHomes::forks;
    figures_.tls = plan.tls;
    figures_.chaos = chaos_text(plan.chaos);
    figures_.default_rate = plan.rate == default_rate;
    figures_.machine_cost = plan.machine_cost;
    double busy = 0;
    figures_.machine =
        fmt::format("{} cores, load average {:.1f} before", std::thread::hardware_concurrency(),
                    ::getloadavg(&busy, 1) == 1 ? busy : 0.0);
    screen_.say(fmt::format("{}: {} devices, {} governors; flyball fleet status, scale, kill, stop",
                            machine_.run(), plan.devices(), plan.devices() * plan.governors));
    if (!machine_.file_trouble().empty()) {
        screen_.say(machine_.file_trouble());
    }
    serve_dashboard();
    const Turn turn = stages();
    screen_.end();
    const Exit exit = conclude(turn);
    if (plan.keep) {
        screen_.say("logs and states are in " + machine_.folder());
        machine_.keep_states();
    }
    machine_.watched_by(nullptr);
    return exit;
}

}  // namespace

Exit run_fleet(const Plan& plan, bool json) {
    auto machine =
        FleetMachine::start(plan, {find_program("flyball-node"), find_program("mosquitto"),
                                   find_plugin("flyball_mosquitto.so")});
    if (!machine) {
        return fail(machine.error());
    }
    return FleetRun(**machine, json).go();
}

}  // namespace flyball
