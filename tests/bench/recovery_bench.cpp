// How long a start takes from what is on disk: 1,000,000 records of a journal, and a snapshot with
// 100,000 tenants. The disk is in memory: what is measured is reading, not a device. Prints each
// beside its aim and exits 1 when one is missed.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "node/state_store.h"
#include "tests/sim/memory_disk.h"

namespace flyball {
namespace {

constexpr std::uint64_t records_wanted = 1'000'000;
constexpr std::uint64_t group_records = 1'000;
constexpr int tenants = 1'000;
constexpr int many_tenants = 100'000;
constexpr double seconds_max = 2;
constexpr double many_seconds_max = 1;

// Keeps records in groups, as the keeper does, and hands full ones to a store.
class Groups final : public ChangeSink {
public:
    StateStore* store = nullptr;
    void note(const Change& change) override { writer_.add(change); }
    void note(const GovernorChange& change) override { writer_.add(change); }
    void end_decision() override {
        if (!writer_.empty()) {
            append_record(bytes_, writer_.finish());
            ++records;
            if (++count_ == group_records) {
                flush();
            }
        }
    }
    void flush() {
        if (count_ > 0) {
            good = good && store->write(std::as_bytes(std::span(bytes_.bytes())), count_);
        }
        bytes_.clear();
        count_ = 0;
    }
    std::uint64_t records = 0;
    bool good = true;

private:
    RecordWriter writer_;
    ByteBuffer bytes_;
    std::uint32_t count_ = 0;
};

class Quiet final : public EngineHost {
public:
    void send(const Message& /*message*/) override {}
    void breathe() override {}
    void reply_topic_refused(std::string_view /*topic*/) override {}
};

Engine::Options engine_options(ChangeSink* changes) {
    Engine::Options options;
    options.root = Root{"flyball/v1", "eu-west", "pi-7"};
    options.seed = 7;
    options.instance = 11;
    options.changes = changes;
    return options;
}

void make_governors(Engine& engine, Instant now) {
    const Tree::Map limits = {{"limit", 1'000'000'000}, {"window", "1d"}};
    const Tree config(Tree::Map{{"max_tenants", 2 * many_tenants},
                                {"resources", Tree::Map{{"api_calls", limits}}}});
    if (!engine.registry().add("quota", "main", config, now)) {
        std::printf("the governor cannot be made\n");
    }
}

void ask(Engine& engine, std::uint64_t number, int of_tenants, bool with_id, Instant now) {
    Quiet host;
    std::string payload = R"({"tenant":"tenant-)" +
                          std::to_string(number % static_cast<std::uint64_t>(of_tenants)) + '"';
    payload += with_id ? R"(,"id":)" + std::to_string(number) + "}" : "}";
    engine.handle({.topic = "flyball/v1/eu-west/pi-7/quota/main/request", .payload = payload}, {},
                  now, host);
}

double recovery_s(const DiskImage& image, std::uint64_t records, std::size_t expected_tenants) {
    MemoryDisk disk(image);
    const auto begun = std::chrono::steady_clock::now();
    Engine engine(engine_options(nullptr));
    StateStore store(disk, {});
    Recovery recovery(engine);
    const auto recovered = store.recover(engine, recovery);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    const Governor* governor = engine.registry().find("quota/main");
    if (!recovered || recovered->records != records || governor == nullptr ||
        governor->tenants() != expected_tenants) {
        std::printf("not recovered\n");
        return 1e9;
    }
    return taken.count();
}

double journal_s() {
    MemoryDisk disk;
    StateStore store(disk, {});
    Groups groups;
    groups.store = &store;
    Engine empty(engine_options(nullptr));
    Recovery nothing(empty);
    Engine engine(engine_options(&groups));
    if (!store.recover(empty, nothing) || !store.begin_journal()) {
        return 1e9;
    }
    Instant now = instant_from_ms(1'767'225'600'000);
    make_governors(engine, now);
    for (std::uint64_t number = 0; groups.records < records_wanted; ++number) {
        now += Span{1};
        ask(engine, number, tenants, number % 2 == 0, now);
    }
    groups.flush();
    return groups.good && store.sync() ? recovery_s(disk.image(), groups.records, tenants) : 1e9;
}

double snapshot_s() {
    MemoryDisk disk;
    StateStore store(disk, {});
    Groups groups;
    groups.store = &store;
    Engine empty(engine_options(nullptr));
    Recovery nothing(empty);
    Engine engine(engine_options(&groups));
    if (!store.recover(empty, nothing) || !store.begin_journal()) {
        return 1e9;
    }
    const Instant now = instant_from_ms(1'767'225'600'000);
    make_governors(engine, now);
    for (std::uint64_t number = 0; number < many_tenants; ++number) {
        ask(engine, number, many_tenants, false, now);
    }
    groups.flush();
    SnapshotPiece piece;
    piece.through_record = groups.records;
    StateStore::make_node_piece(engine, {.epoch = 1, .at = now}, {}, piece);
    bool good = store.sync() && store.begin_snapshot(piece);
    engine.registry().each_any([&](const GovernorChange& standing, const Governor* governor) {
        piece.through_record = groups.records;
        StateStore::make_governor_piece(standing, *governor, piece);
        good = good && store.add_to_snapshot(piece);
    });
    good = good && store.finish_snapshot();
    return good ? recovery_s(disk.image(), 0, many_tenants) : 1e9;
}

bool show(const char* what, double seconds, double aim) {
    std::printf("%-44s %8.3f s   aim %.0f s   %s\n", what, seconds, aim,
                seconds <= aim ? "met" : "missed");
    return seconds <= aim;
}

}  // namespace
}  // namespace flyball

int main() {
    using namespace flyball;
    const bool journal = show("recovery of 1,000,000 records", journal_s(), seconds_max);
    const bool snapshot =
        show("recovery of a snapshot, 100,000 tenants", snapshot_s(), many_seconds_max);
    return journal && snapshot ? 0 : 1;
}
