#include "fleet/run/fleet_run.h"

#include <fmt/format.h>

#include "fleet/run/machine.h"
#include "fleet/run/progress.h"
#include "fleet/verb.h"

namespace flyball {
namespace {

constexpr Span up_patience{120'000};   // far beyond the claimed 15 s: to tell how far it came
constexpr Span calm_patience{60'000};  // for the last fault to be over

double part_of(Span elapsed, Span whole) {
    return whole.count() == 0
               ? 1.0
               : static_cast<double>(elapsed.count()) / static_cast<double>(whole.count());
}

class FleetRun {
public:
    explicit FleetRun(FleetMachine& machine) : machine_(machine) {}
    Exit go();

private:
    using Turn = FleetMachine::Turn;
    template <typename Over>
    Turn turns_until(Deadline deadline, Over over);
    Turn bring_up();
    Turn load();
    void draw(bool now = false);
    Span elapsed() const;
    Exit end(Turn turn);

    FleetMachine& machine_;
    ProgressScreen screen_;
    std::string phase_;
    Deadline phase_began_{};
    Span phase_length_{};
    double fleet_up_s_ = 0;
};

Span FleetRun::elapsed() const {
    return std::chrono::duration_cast<Span>(deadline_after(Span(0)) - phase_began_);
}

void FleetRun::draw(bool now) {
    FleetProgress progress;
    progress.phase = phase_;
    progress.elapsed = elapsed();
    progress.faults = machine_.faults();
    const Devices& devices = machine_.devices();
    progress.done = phase_ == "starting"
                        ? static_cast<double>(devices.up("")) / std::max(devices.total(""), 1)
                        : part_of(elapsed(), phase_length_);
    for (const RegionSize& region : machine_.plan().regions) {
        progress.regions.push_back(
            {region.name, devices.total(region.name), devices.up(region.name)});
    }
    screen_.show(progress, now);
}

template <typename Over>
FleetRun::Turn FleetRun::turns_until(Deadline deadline, Over over) {
    Turn turn = Turn::going_on;
    while (turn == Turn::going_on && !over() && left_until(deadline) > Span::zero()) {
        turn = machine_.turn(deadline);
        draw();
    }
    return turn;
}

FleetRun::Turn FleetRun::bring_up() {
    phase_ = "starting";
    machine_.phase(phase_);
    phase_began_ = deadline_after(Span(0));
    const Turn turn =
        turns_until(deadline_after(up_patience), [this] { return machine_.devices().all_up(); });
    fleet_up_s_ = static_cast<double>(elapsed().count()) / 1000;
    draw(true);
    return turn;
}

FleetRun::Turn FleetRun::load() {
    phase_ = "load";
    machine_.phase(phase_);
    phase_began_ = deadline_after(Span(0));
    phase_length_ = machine_.plan().run_for;
    machine_.begin_chaos();
    const Turn turn = turns_until(deadline_after(phase_length_), [] { return false; });
    machine_.end_chaos();
    if (turn != Turn::going_on) {
        return turn;
    }
    draw(true);
    return turns_until(deadline_after(calm_patience), [this] { return machine_.calm(); });
}

Exit FleetRun::end(Turn turn) {
    screen_.end();
    if (turn == Turn::broken) {
        return fail({ErrorCode::internal, machine_.why_broken()});
    }
    if (machine_.plan().keep) {
        screen_.say("logs and states are in " + machine_.folder());
        machine_.keep_states();
    }
    const bool all_up = machine_.devices().all_up();
    print(fmt::format("{} of {} devices up, the fleet after {:.1f} s\n", machine_.devices().up(""),
                      machine_.devices().total(""), fleet_up_s_));
    return all_up || turn == Turn::asked_to_stop ? Exit::done : Exit::missed;
}

Exit FleetRun::go() {
    screen_.say(fmt::format("{}: {} devices, {} governors; flyball fleet status, scale, kill, stop",
                            machine_.run(), machine_.plan().devices(),
                            machine_.plan().devices() * machine_.plan().governors));
    Turn turn = bring_up();
    if (turn == Turn::going_on) {
        turn = load();
    }
    return end(turn);
}

}  // namespace

Exit run_fleet(const Plan& plan, bool json) {
    (void)json;
    auto machine =
        FleetMachine::start(plan, {find_program("flyball-node"), find_program("mosquitto")});
    if (!machine) {
        return fail(machine.error());
    }
    return FleetRun(**machine).go();
}

}  // namespace flyball
