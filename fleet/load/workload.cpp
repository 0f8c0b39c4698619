// glibc 2.36 hands a fortified ppoll() to the one for clocks of 32 bits, whatever _TIME_BITS says.
#undef _FORTIFY_SOURCE

#include "fleet/load/workload.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr Span look_every{20};  // at what another thread does

GeneratorOptions generator_options(const WorkloadOptions& options) {
    MixOptions mix;
    mix.governors = options.governors;
    mix.mix = options.mix;
    mix.tenants = options.tenants;
    mix.tenant_stem = options.tenant_stem;
    mix.seed = options.seed;
    // New ones in each run, for 1,048 requests a millisecond and device.
    mix.first_id = static_cast<std::uint64_t>(to_ms(wall_now())) << 20U;
    // What holds unless a configuration says otherwise.
    for (const std::string& name : mix.governors.names.at("quota")) {
        mix.governors.settings.try_emplace(
            "quota/" + name,
            nlohmann::json{{"resources", {{"api_calls", {{"limit", 10'000}, {"window", "1d"}}}}}});
    }
    return {options.bus.prefix, std::move(mix), options.open_accounts};
}

bool readable(int fd, Span wait) {
    pollfd ready{fd, POLLIN, 0};
    return poll(&ready, 1, static_cast<int>(wait.count())) > 0 && (ready.revents & POLLIN) != 0;
}

}  // namespace

Workload::Workload(std::vector<Device> devices, WorkloadOptions options,
                   checker::FleetChecker* checker)
    : options_(std::move(options)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      generator_(generator_options(options_), checker) {
    expects(wake_fd_ >= 0, "an eventfd");
    for (const Device& device : devices) {
        add(device);
    }
    thread_ = std::jthread([this] { loop(); });
}

Workload::~Workload() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    eventfd_write(wake_fd_, 1);
    thread_.join();
    links_.clear();
    close(wake_fd_);
}

Result<LoadLink*> Workload::link_to(const std::string& broker) {
    if (const auto known = links_.find(broker); known != links_.end()) {
        return known->second.get();
    }
    BusOptions bus = options_.bus;
    bus.broker = broker;
    auto link = make_load_link(bus, wake_fd_);
    if (!link) {
        return link.error();
    }
    return links_.emplace(broker, *std::move(link)).first->second.get();
}

void Workload::add(const Device& device) {
    const std::lock_guard lock(mutex_);
    auto link = link_to(device.broker);
    if (!link) {
        refused_ = link.error().message;
        return;
    }
    generator_.add(device, **link);
}

void Workload::remove(const std::string& node) {
    const std::lock_guard lock(mutex_);
    generator_.remove(node);
}

void Workload::counted(const std::string& node, const HealthCount& count) {
    const std::lock_guard lock(mutex_);
    generator_.counted(node, count, to_ms(wall_now()));
}

void Workload::fault_begins(const std::string& where, bool state_lost) {
    const std::lock_guard lock(mutex_);
    generator_.fault_begins(where, state_lost, monotonic_us());
}

void Workload::fault_ended(const std::string& where) {
    const std::lock_guard lock(mutex_);
    generator_.fault_ends(where, monotonic_us());
}

// Due instants are kept to about 10 us; in an open loop replies, which carry the time at which they
// arrived, are looked at when the next request is due.
void Workload::loop() {
    prctl(PR_SET_TIMERSLACK, 1'000UL);  // nanoseconds, of this thread: 50,000 would be lateness
    std::unique_lock lock(mutex_);
    while (!quit_) {
        const std::int64_t next_us = generator_.turn(monotonic_us());
        const bool eager = eager_;
        lock.unlock();
        turned_.notify_all();
        const std::int64_t left_us = next_us - monotonic_us();
        if (left_us > 0) {
            pollfd woken{eager ? wake_fd_ : -1, POLLIN, 0};
            const timespec wait{left_us / 1'000'000,
                                static_cast<long>((left_us % 1'000'000) * 1'000)};
            ppoll(&woken, 1, &wait, nullptr);
        }
        eventfd_t count = 0;
        if (eager) {
            eventfd_read(wake_fd_, &count);  // would fail only when nothing was written
        }
        lock.lock();
    }
}

Result<bool> Workload::open(Deadline deadline, int stop_fd) {
    {
        const std::lock_guard lock(mutex_);
        if (!refused_.empty()) {
            return Error{ErrorCode::usage, refused_};
        }
    }
    return wait_until_open(deadline, stop_fd);
}

Result<bool> Workload::wait_until_open(Deadline deadline, int stop_fd) {
    std::unique_lock lock(mutex_);
    while (generator_.opening() > 0 && generator_.trouble().empty() &&
           left_until(deadline) > Span::zero()) {
        lock.unlock();
        const bool stopped = readable(stop_fd, look_every);
        lock.lock();
        if (stopped) {
            return false;
        }
    }
    for (const auto& [broker, link] : links_) {
        if (!link->up()) {
            return Error{
                ErrorCode::unavailable,
                fmt::format("no connection to the broker at {}: {}", broker, link->trouble())};
        }
    }
    if (!generator_.trouble().empty()) {
        return Error{ErrorCode::refused, "accounts could not be opened: " + generator_.trouble()};
    }
    if (const std::size_t left = generator_.opening(); left > 0) {
        return Error{ErrorCode::unavailable,
                     fmt::format("{} devices have not opened their accounts in time", left)};
    }
    return true;
}

bool Workload::connected() const {
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(links_, [](const auto& row) { return row.second->up(); });
}

void Workload::start(const Schedule& schedule) {
    const std::lock_guard lock(mutex_);
    eager_ = schedule.per_second <= 0;
    generator_.start(schedule, monotonic_us());
}

LiveFigures Workload::live() const {
    const std::lock_guard lock(mutex_);
    return generator_.live(monotonic_us());
}

LoadFigures Workload::stop(Span retries_for) {
    std::unique_lock lock(mutex_);
    generator_.end(monotonic_us());
    const Deadline deadline =
        deadline_after(Span(Generator::patience_us / 1000) + std::max(retries_for, Span{100}));
    turned_.wait_until(lock, deadline, [this] { return generator_.settled(); });
    return generator_.figures();
}

LoadFigures Workload::run(const Schedule& schedule, Span length, int stop_fd) {
    start(schedule);
    const Deadline deadline = deadline_after(length);
    while (left_until(deadline) > Span::zero() && !readable(stop_fd, left_until(deadline))) {
    }
    return stop();
}

Result<bool> Workload::clear_accounts(Deadline deadline) {
    {
        const std::lock_guard lock(mutex_);
        generator_.clear_accounts();
    }
    return wait_until_open(deadline, -1);
}

}  // namespace flyball
