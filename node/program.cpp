#include "node/program.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <optional>
#include <random>

#include "node/config.h"
#include "node/config_govern.h"
#include "node/config_text.h"
#include "node/link.h"
#include "node/node.h"
#include "node/process_stats.h"
#include "node/service/service_report.h"
#include "node/service/state_place.h"
#include "node/service/watched_disk.h"
#include "node/state/posix_disk.h"

namespace flyball {
namespace {

constexpr int exit_usage = 64;     // sysexits: EX_USAGE
constexpr int exit_internal = 70;  // EX_SOFTWARE
constexpr int exit_state = 73;     // EX_CANTCREAT: the state folder cannot be used

int fail(Log& log, const Error& error) {
    log.write(LogLevel::error, error.message);
    switch (error.code) {
        case ErrorCode::usage: return exit_usage;
        case ErrorCode::state: return exit_state;
        case ErrorCode::unavailable:
        case ErrorCode::refused:
        case ErrorCode::damaged:
        case ErrorCode::internal: break;
    }
    return exit_internal;
}

// Nobody changes the environment of a node.
std::optional<std::string> variable(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int serve(NodeSettings settings, Log& log, const ClockSample& started,
          std::function<Config()> reread) {
    auto waiter = Waiter::make();
    if (!waiter) {
        return fail(log, waiter.error());
    }
    auto transport = make_paho(link_options(settings));
    if (!transport) {
        return fail(log, transport.error());
    }
    ServiceReport service(ServiceReport::options_from(variable, ::getpid(), started.monotonic_us));
    auto node = make_node(std::move(settings), std::move(*transport),
                          {.waker = **waiter,
                           .log = log,
                           .started = started,
                           .pulse = service.has_watchdog() ? &service.keeper() : nullptr},
                          std::move(reread));
    if (!node) {
        return fail(log, node.error());
    }
    // What reading the configuration and the state took beyond what stays, back to the system.
    malloc_trim(0);
    trim_stack();
    return (*node)->run(**waiter, service);
}

int run_program(int argc, const char* const* argv, const ClockSample& started) {
    // One heap for all threads: the MQTT library's two would each touch one of their own, 70 kB
    // more in every node, and the allocator's caches per thread keep them out of each other's way.
    mallopt(M_ARENA_MAX, 1);
    // Large buffers by themselves: they leave no holes, and what is never touched of them, such as
    // the 125 kB that the MQTT library takes for traces, is no memory.
    constexpr int mapped_bytes_min = 32 * 1024;
    mallopt(M_MMAP_THRESHOLD, mapped_bytes_min);
    // What cannot be written is an error of that write, not the end of the process.
    for (const int refused_write : {SIGPIPE, SIGXFSZ}) {
        ::signal(refused_write, SIG_IGN);
    }
    Config config = read_config(machine_input(argc, argv));
    if (config.faults.empty()) {
        check_governors(config, started.wall);
        check_govern_rules(config, started.wall);
    }
    if (config.mode == ConfigMode::run) {  // a plugin's file may be checked and printed
        refuse_govern_rules(config);
    }
    if (!config.faults.empty() || config.mode != ConfigMode::run) {
        return show(config);
    }
    config.governors = {};  // to be printed; they would stay as long as the node runs
    Log log(config.settings.log_level);
    return serve(std::move(config.settings), log, started, [argc, argv] {
        Config again = read_config(machine_input(argc, argv));
        refuse_govern_rules(again);
        return again;
    });
}

}  // namespace

Result<std::unique_ptr<Node>> make_node(NodeSettings settings, std::unique_ptr<Transport> transport,
                                        const NodeHost& host, std::function<Config()> reread) {
    auto folder = PosixDisk::open_folder(settings.state.dir);
    if (!folder) {
        return Error{ErrorCode::state, folder.error().message};
    }
    if (const auto kind = lost_at_reboot(settings.state.dir)) {
        host.log.write(LogLevel::warning, "the state is lost at reboot",
                       {{"folder", settings.state.dir}, {"is_on", *kind}});
    }
    std::unique_ptr<Disk> disk = std::move(*folder);
    std::function<std::unique_ptr<KeeperPace>(Keeper&, Keeper::Owner&)> pace;
    if (host.pulse != nullptr) {
        disk = watched_disk(std::move(disk), *host.pulse, monotonic_us);
        pace = [pulse = host.pulse](Keeper& keeper, Keeper::Owner&) {
            return std::make_unique<KeeperThread>(keeper, pulse);
        };
    }
    std::random_device random;
    const auto word = [&random] { return (std::uint64_t{random()} << 32U) | random(); };
    std::array<std::byte, 32> entropy{};
    std::ranges::generate(entropy, [&random] { return static_cast<std::byte>(random()); });
    return Node::make({.settings = std::move(settings),
                       .transport = std::move(transport),
                       .waker = host.waker,
                       .log = host.log,
                       .disk = std::move(disk),
                       .fresh = {.instance = word(), .seed = word()},
                       .entropy = entropy,
                       .started = host.started,
                       .reread = std::move(reread),
                       .inline_bytes = host.inline_bytes,
                       .pace = std::move(pace)});
}

int run_node(int argc, const char* const* argv) {
    const ClockSample started = sample_clock();
    try {
        return run_program(argc, argv, started);
    } catch (const std::bad_alloc&) {
        std::fputs("flyball-node: out of memory\n", stderr);
        return exit_internal;
    }
}

}  // namespace flyball
