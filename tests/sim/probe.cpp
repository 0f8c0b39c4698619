#include "tests/sim/probe.h"

#include "tests/sim/state_hash.h"

namespace flyball::sim {

Probe probe(const DiskImage& image, const ProbeOptions& options) {
    Probe found;
    MemoryDisk disk(image);
    const auto identity = StateStore::identify(disk, {.instance = 11, .seed = 7});
    if (!identity) {
        found.error = identity.error().message;
        return found;
    }
    Engine engine({.root = options.root,
                   .limits = {},
                   .reply_prefixes = {},
                   .seed = identity->seed,
                   .instance = identity->instance,
                   .admit_ids_capacity = options.admit_ids_capacity});
    StateStore store(disk,
                     {.max_bytes = options.max_bytes, .segment_bytes = options.segment_bytes});
    Recovery recovery(engine);
    const auto recovered = store.recover(engine, recovery);
    if (!recovered) {
        found.error = recovered.error().message;
        return found;
    }
    found.record = store.next_record() - 1;
    found.lost = recovered->lost;
    found.faults = recovered->faults;
    found.latest = recovery.latest();
    found.hash = StateHash().of(engine);
    for (const auto& [name, bytes] : disk.image()) {
        found.files.push_back(name);
    }
    return found;
}

}  // namespace flyball::sim
