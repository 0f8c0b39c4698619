#pragma once
// What a node is made of: everything that reaches outside the process is handed in. Owned by the
// node once it is made.

#include <array>
#include <cstddef>
#include <functional>
#include <memory>

#include "node/clock.h"
#include "node/config.h"
#include "node/keeper_thread.h"
#include "node/log.h"
#include "node/settings.h"
#include "node/state_store.h"
#include "node/waiter.h"
#include "transport/transport.h"

namespace flyball {

class ServiceReport;  // node/service/service_report.h

struct NodeOptions {
    NodeSettings settings;
    std::unique_ptr<Transport> transport;
    Waker& waker;  // outlives the node, as the log does
    Log& log;
    std::unique_ptr<Disk> disk;           // the state folder
    StateIdentity fresh;                  // random: of a folder that has none yet
    std::array<std::byte, 32> entropy{};  // random
    ClockSample started{};                // as early in the program as can be
    std::function<Config()> reread{};     // the configuration, for a reload
    // Longer payloads are copied and decided in a turn: they must not hold up the transport's
    // thread, unless it is the one that takes the turns.
    std::size_t inline_bytes = 4096;
    // Who takes the keeper's turns; a thread of its own when this is empty.
    std::function<std::unique_ptr<KeeperPace>(Keeper&, Keeper::Owner&)> pace{};
};

}  // namespace flyball
