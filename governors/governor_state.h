#pragma once
// A governor as bytes: everything but its configuration, for a snapshot; and changes of an earlier
// run put in place again. The same bytes on every machine. Pure; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "governors/change.h"
#include "governors/governor.h"
#include "schemas/byte_buffer.h"
#include "schemas/result.h"

namespace flyball {

class GovernorState {
public:
    // Appends everything that a restart must know but the configuration: numbers, tenants in their
    // places, what the rules walk(), history, remembered ids and what keys their hashes.
    static void save(const Governor& governor, ByteBuffer& out);
    // Into a governor of the same type that has seen nothing, under any configuration: smaller
    // rings keep the newest. It then answers as the saved one would. `damaged` for bytes that
    // save() did not make and for a governor that is not fresh (which a forged file decides),
    // `refused` for another version; the governor is then not to be used.
    static Result<void> load(Governor& fresh, std::span<const std::byte> bytes);
    // The places of its tenants, rising.
    static std::vector<TenantIndex> places(const Governor& governor);
    // What the same would take as plain msgpack, a map for each tenant, event and id: what sizes
    // of snapshots are compared with. Takes about 100 ns an entry: not for every health report.
    static std::uint64_t map_bytes(const Governor& governor);
    // Puts a recorded change in place: image, history, id, number. Raises and records nothing.
    // False: it does not fit this type, and what it touched is not to be trusted.
    static bool apply(Governor& governor, const Change& change);
    // After an end that may have lost records: goes on from the numbers reserved on disk, once
    // reserve() has told of others, and that is on disk.
    static void skip_reserved(Governor& governor);
    static void reserve(Governor& governor);

private:
    class Saver;
    class Loader;
};

}  // namespace flyball
