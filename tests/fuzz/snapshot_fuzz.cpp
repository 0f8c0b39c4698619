// Any bytes as a snapshot: read, loaded into an engine as a start does, and what was loaded saved
// and loaded again. Built twice: with the checksums and LZ4, and with stubs in their place, so that
// what is inside is reached.

#include <cstddef>
#include <cstdint>
#include <string>

#include "governors/governor_state.h"
#include "node/state_store.h"
#include "schemas/expects.h"
#include "tests/sim/memory_disk.h"

namespace {

using namespace flyball;

constexpr SnapshotLimits limits{.file_bytes = std::uint64_t{1} << 20U,
                                .section_bytes = std::uint64_t{1} << 20U};

Engine::Options options() {
    Engine::Options options;
    options.root = Root{.prefix = "f", .region = "r", .node = "n"};
    return options;
}

std::string saved(const Engine& engine) {
    ByteBuffer all;
    engine.registry().each_any([&all](const GovernorChange& standing, const Governor* governor) {
        all.append(standing.title);
        if (governor != nullptr) {
            GovernorState::save(*governor, all);
        }
    });
    return std::string(all.bytes());
}

// As the keeper does.
bool write_again(Disk& disk, const Engine& engine, const NodeChange& node) {
    StateStore store(disk, {.max_bytes = limits.file_bytes});
    SnapshotPiece piece;
    piece.through_record = 1;
    StateStore::make_node_piece(engine, node, {}, piece);
    auto done = store.begin_snapshot(piece);
    engine.registry().each_any([&](const GovernorChange& standing, const Governor* governor) {
        if (governor != nullptr && done) {
            StateStore::make_governor_piece(standing, *governor, piece);
            done = store.add_to_snapshot(piece);
        }
    });
    return done && store.finish_snapshot().has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    DiskImage image{{snapshot_name(1), std::make_shared<Bytes>(bytes, bytes + size)}};
    MemoryDisk disk(image);
    std::uint64_t held = 0;
    const auto read = read_snapshot(
        disk, snapshot_name(1),
        [&held](const SnapshotSection& section) {
            held += section.bytes.size();
            return Result<void>();
        },
        limits);
    expects(read ? read->raw == held : !read.error().message.empty());

    Engine engine(options());
    Recovery recovery(engine);
    StateStore store(disk, {.max_bytes = limits.file_bytes});
    if (!store.load(engine, recovery, snapshot_name(1))) {
        return 0;
    }
    recovery.finish();
    MemoryDisk other;
    if (!write_again(other, engine, recovery.node())) {
        return 0;  // beyond the limit
    }
    Engine second(options());
    Recovery again(second);
    StateStore reader(other, {.max_bytes = limits.file_bytes});
    expects(reader.load(second, again, snapshot_name(1)).has_value(), "what was saved is loaded");
    expects(saved(second) == saved(engine), "and is the same");
    return 0;
}
