#include "tests/sim/machine.h"

#include "node/clock.h"
#include "node/process_stats.h"
#include "node/waiter.h"
#include "schemas/expects.h"

namespace flyball {

namespace sim {

namespace {

Machine* the_machine = nullptr;

}  // namespace

Machine::Machine() {
    expects(the_machine == nullptr, "one machine at a time");
    the_machine = this;
}

Machine::~Machine() {
    the_machine = nullptr;
}

Machine& Machine::current() {
    expects(the_machine != nullptr, "a machine to run on");
    return *the_machine;
}

}  // namespace sim

using sim::Machine;

ClockSample sample_clock() noexcept {
    return {.wall = instant_from_ms(Machine::current().wall_ms),
            .monotonic_us = Machine::current().monotonic_us,
            .synchronised = []() noexcept { return Machine::current().synchronised; }};
}

std::int64_t monotonic_us() noexcept {
    return Machine::current().monotonic_us;
}

std::int64_t monotonic_ns() noexcept {
    return monotonic_us() * 1'000;
}

Instant build_date() noexcept {
    return instant_from_ms(1'735'689'600'000);  // 2025-01-01
}

Result<std::unique_ptr<Waiter>> Waiter::make() {
    return std::unique_ptr<Waiter>(new Waiter(-1, -1));
}

Waiter::~Waiter() = default;

void Waiter::wake() noexcept {
    state_.store(State::awake);  // each sleep ends by itself, and a turn follows
}

std::optional<int> Waiter::poll_once(Span timeout) const {
    return Machine::current().asleep(timeout);
}

void trim_heap() {}

void trim_stack() {}

ProcessStats process_stats() {
    return {};
}

}  // namespace flyball
