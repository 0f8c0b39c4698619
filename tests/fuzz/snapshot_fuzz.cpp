// Any bytes as a snapshot: read, loaded into an engine as a start does, what was loaded saved and
// loaded again, and gone on from: time passes, requests are decided, and what becomes of it is
// saved and loaded too; and read from a disk of which one call fails. Built twice: with the
// checksums and LZ4, and with stubs in their place, so that what is inside is reached.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "governors/governor_state.h"
#include "node/governor_clock.h"
#include "node/state_store.h"
#include "schemas/expects.h"
#include "tests/sim/memory_disk.h"
#include "tests/sim/traffic.h"

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

// What is saved of an engine is loaded, and is the same; nothing: it is beyond the limit.
void save_and_load(const Engine& engine, const NodeChange& node) {
    MemoryDisk disk;
    if (!write_again(disk, engine, node)) {
        return;
    }
    Engine second(options());
    Recovery again(second);
    StateStore reader(disk, {.max_bytes = limits.file_bytes});
    expects(reader.load(second, again, snapshot_name(1)).has_value(), "what was saved is loaded");
    expects(saved(second) == saved(engine), "and is the same");
}

struct Asking {
    std::string topic;
    std::string payload;
};

// Of every type, to the governors and from the tenants that the corpus has.
const std::vector<Asking>& requests() {
    static const std::vector<Asking> all = [] {
        constexpr std::size_t requests_max = 60;
        std::vector<Asking> some;
        for (sim::Traffic traffic(1); some.size() < requests_max;) {
            const sim::Asked asked = traffic.next();
            if (asked.below.find("/other/") == std::string::npos) {
                some.push_back({"f/r/n/" + asked.below, asked.request.dump()});
            }
        }
        return some;
    }();
    return all;
}

class Answered : public EngineHost {
public:
    void send(const Message& message) override {
        expects(!message.payload.empty(), "every request is answered");
        ++count;
    }
    void breathe() override {}
    void reply_topic_refused(std::string_view /*topic*/) override {}
    std::size_t count = 0;
};

// Where a node's time goes on that finds such a state on that day.
Instant time_after(const Recovery& recovery, Instant wall) {
    GovernorClock clock(ClockSettings{}, Instant{});
    const ClockSample sample{.wall = wall};
    if (recovery.latest() != Instant{}) {
        clock.resume(recovery.latest(), sample);
    }
    return clock.advance(sample);
}

// The corpus is of that day; then everything falls due that ever will.
void go_on(Engine& engine, const Recovery& recovery) {
    constexpr std::size_t steps_max = 4096;
    for (const Instant wall :
         {instant_from_ms(1'767'229'200'000), instant_from_ms(4'102'444'800'000)}) {
        const Instant now = time_after(recovery, wall);
        engine.pass_time(now, steps_max);
        Answered host;
        for (const Asking& asked : requests()) {
            engine.handle({.topic = asked.topic, .payload = asked.payload}, {}, now, host);
        }
        expects(host.count == requests().size(), "once");
    }
}

// A failure is told, and so is a file that is longer than it may be.
void read_with_faults(const DiskImage& image, std::size_t size) {
    const auto visit = [](const SnapshotSection&) { return Result<void>(); };
    for (const DiskFault& fault :
         {DiskFault{.call = DiskCall::open}, DiskFault{.call = DiskCall::size},
          DiskFault{.call = DiskCall::read, .at = 1 + size % 16}}) {
        MemoryDisk disk(image);
        disk.fail(fault);
        const auto read = read_snapshot(disk, snapshot_name(1), visit, limits);
        expects(read ? disk.failures() == 0 : !read.error().message.empty(), "told");
    }
    MemoryDisk disk(image);
    const auto read = read_snapshot(disk, snapshot_name(1), visit, {.file_bytes = size / 2});
    expects(!read.has_value() || size == 0, "it is too long");
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
    read_with_faults(image, size);

    Engine engine(options());
    Recovery recovery(engine);
    StateStore store(disk, {.max_bytes = limits.file_bytes});
    if (!store.load(engine, recovery, snapshot_name(1))) {
        return 0;
    }
    recovery.finish();
    save_and_load(engine, recovery.node());
    go_on(engine, recovery);
    save_and_load(engine, recovery.node());
    return 0;
}
