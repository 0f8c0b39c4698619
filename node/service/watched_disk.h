#pragma once
// A disk that says in a KeeperPulse when it is called and when it is done. Owned by whoever owns
// the disk it stands before.

#include <memory>

#include "node/service/keeper_pulse.h"
#include "node/state/disk.h"

namespace flyball {

// `pulse` outlives the disk and its files; `now_us` is the monotonic clock.
std::unique_ptr<Disk> watched_disk(std::unique_ptr<Disk> disk, KeeperPulse& pulse,
                                   std::int64_t (*now_us)() noexcept);

}  // namespace flyball
