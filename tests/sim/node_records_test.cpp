// Which records the journal keeps and from where they lead on: through snapshots, restarts, damage
// and other settings of durability.

#include <gtest/gtest.h>

#include <set>

#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

std::vector<std::string> snapshots_of(const DiskImage& image) {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : image) {
        if (snapshot_record(name)) {
            names.push_back(name);
        }
    }
    return names;
}

class NodeRecords : public testing::Test {
protected:
    Life::Act top_up(const char* tenant, int id) {
        return [this, tenant, id] {
            life.ask("billing/main/admin",
                     {{"op", "topup"}, {"tenant", tenant}, {"amount", 5}, {"id", id}});
            life.turn();
            decided();
        };
    }
    void check(int times) {
        for (; times > 0; --times) {
            life.ask("compliance/main/request",
                     {{"tenant", "ann"}, {"action", "store"}, {"attributes", {{"region", "eu"}}}});
        }
    }
    Json report() {
        life.turn();
        return life.ask("compliance/main/request", {{"op", "report"}, {"tenant", "ann"}});
    }
    std::int64_t first_seq() { return report().at("first_seq").get<std::int64_t>(); }
    std::int64_t head() { return report().at("head").at("seq").get<std::int64_t>(); }
    void snapshot() {
        life.ask("control", {{"op", "snapshot"}});
        life.turn();
    }
    void start(const DiskImage& image) {
        ASSERT_TRUE(life.start(image));
        ProbeOptions options = life.probe_options();
        options.follows_audits = true;
        EXPECT_EQ(probe(image, options).audit_gap, "");
    }
    DiskImage left() { return life.node().killed(); }
    // The state now is one that decisions have led to.
    void decided() { known.insert(hash.of(life.node().engine(), StateHash::Look::everywhere)); }

    Life life{{.durability = Durability::interval}};
    StateHash hash;
    std::set<std::uint64_t> known;
};

// With `none` a snapshot knows more than the journal: what follows it does not follow from the one
// before.
TEST_F(NodeRecords, NeverLeadOverWhatWasNotRecorded) {
    ASSERT_TRUE(life.start({}));
    life.run({[this] { decided(); }, top_up("ann", 1)}, true);
    life.set_durability(Durability::none);
    ASSERT_TRUE(life.start(life.node().killed()));
    life.run({top_up("ann", 2), top_up("bob", 3)}, true);
    life.set_durability(Durability::commit);
    const DiskImage before = life.node().killed();
    ASSERT_TRUE(life.start(before));
    life.run({top_up("ann", 4), top_up("cyd", 5)});
    ASSERT_EQ(known.size(), 6U);

    const auto& log = life.node().disk().log();
    for (std::size_t operations = 0; operations <= log.size(); ++operations) {
        DiskImage image = one_crash_state(before, log, {.seed = operations}, operations);
        flip_bit(image, snapshots_of(image).back(), 4000);
        const Probe found = probe(image, life.probe_options());
        EXPECT_FALSE(found.faults.empty());
        EXPECT_TRUE(known.contains(found.hash))
            << "a crash after operation " << operations << " of " << log.size();
    }
}

TEST_F(NodeRecords, AreKeptFromTheOlderSnapshotOn) {
    start({});
    life.run([this] {
        check(2);
        EXPECT_EQ(first_seq(), 1);
        snapshot();
        EXPECT_EQ(first_seq(), 1) << "there is no older snapshot";
        check(3);
        snapshot();
        EXPECT_EQ(first_seq(), 3);
        check(1);
        EXPECT_EQ(first_seq(), 3);
        life.pass_ms(2000);
    });
    start(left());
    life.run([this] {
        EXPECT_EQ(first_seq(), 3);
        EXPECT_EQ(head(), 6);
        check(1);
        snapshot();
        EXPECT_EQ(first_seq(), 6);
        snapshot();
        EXPECT_EQ(first_seq(), 6) << "it took the place of one with as much in it";
    });
    start(left());
    life.run([this] { EXPECT_EQ(first_seq(), 6); }, true);
    start(left());
    life.run([this] { EXPECT_EQ(first_seq(), 8); });
}

TEST_F(NodeRecords, AreKeptFromTheSnapshotThatIsLeft) {
    start({});
    life.run([this] {
        for (int times = 0; times < 3; ++times) {
            check(2);
            snapshot();
        }
        check(1);
        EXPECT_EQ(first_seq(), 5);
        life.pass_ms(2000);
    });
    DiskImage image = left();
    flip_bit(image, snapshots_of(image).back(), 4000);
    start(image);
    life.run([this] {
        EXPECT_EQ(life.ask("compliance/main/request", {{"op", "report"}, {"tenant", "ann"}})
                      .at("first_seq"),
                  3)
            << "as that snapshot says, for no segment has gone yet";
        EXPECT_EQ(head(), 7);
        life.pass_ms(2000);
    });
    image = left();
    std::erase_if(image, [](const auto& file) { return file.first.starts_with("journal-"); });
    start(image);
    life.run([this] { EXPECT_EQ(first_seq(), head() + 1) << "a backup without its journal"; });
}

TEST_F(NodeRecords, AreKeptFromWhereTheJournalBeganAnew) {
    start({});
    life.run([this] {
        check(2);
        snapshot();
        check(2);
        life.node().disk().fail({.call = DiskCall::sync, .from_then_on = true});
        life.pass_ms(2000);
        ASSERT_TRUE(life.node().keeper().health_is_failing());
        check(2);
        life.node().disk().heal();
        life.pass_ms(9000);
        EXPECT_EQ(first_seq(), 7);
        check(1);
        EXPECT_EQ(first_seq(), 7);
        life.pass_ms(2000);
    });
    start(left());
    life.run([this] { EXPECT_EQ(first_seq(), 7); });
}

TEST_F(NodeRecords, OfNoneAreNotKept) {
    life.set_durability(Durability::none);
    start({});
    life.run(
        [this] {
            check(2);
            EXPECT_EQ(first_seq(), 3);
            snapshot();
            check(2);
            EXPECT_EQ(first_seq(), 5);
        },
        true);
    life.set_durability(Durability::interval);
    start(left());
    life.run([this] {
        EXPECT_EQ(first_seq(), 5);
        check(2);
        EXPECT_EQ(first_seq(), 5);
    });
}

TEST_F(NodeRecords, AreWrittenEarlyAndSyncedOnceAnInterval) {
    start({});
    life.run([this] {
        life.turn();
        life.pass_ms(1500);
        const auto& disk = life.node().disk();
        const auto& keeper = life.node().keeper();
        ASSERT_EQ(keeper.durable(), keeper.newest());
        const std::uint64_t syncs = disk.calls(DiskCall::sync);
        const std::uint64_t writes = disk.calls(DiskCall::write);
        for (int id = 1; id <= 120; ++id) {  // more than half a segment
            top_up("ann", id)();
        }
        EXPECT_GT(disk.calls(DiskCall::write), writes);
        EXPECT_EQ(disk.calls(DiskCall::sync), syncs);
        EXPECT_LT(keeper.durable(), keeper.newest());
        life.pass_ms(1100);
        EXPECT_EQ(disk.calls(DiskCall::sync), syncs + 1);
        EXPECT_EQ(keeper.durable(), keeper.newest()) << "also what was written before";
    });
}

TEST_F(NodeRecords, HaveRoomForASnapshotOnADiskThatIsFull) {
    start({});
    life.run([this] {
        check(20);
        snapshot();
        auto& disk = life.node().disk();
        const auto& keeper = life.node().keeper();
        EXPECT_TRUE(disk.has("reserve"));
        disk.limit_bytes(disk.bytes());
        check(20);
        const std::uint64_t before = keeper.health().snapshots;
        snapshot();
        EXPECT_EQ(keeper.health().snapshots, before + 1) << keeper.health().last_error;
        EXPECT_FALSE(disk.has("reserve"));
        EXPECT_FALSE(keeper.health_is_failing()) << "no room for another is no failure";
        disk.limit_bytes(UINT64_MAX);
        snapshot();
        EXPECT_TRUE(disk.has("reserve"));
    });
    DiskImage image = left();
    image["snapshot-00000000000000ff.new"] = std::make_shared<Bytes>(100);
    start(image);
    life.run([this] {
        EXPECT_EQ(head(), 40);
        EXPECT_EQ(first_seq(), 21);
        check(1);
        snapshot();
        EXPECT_FALSE(life.node().disk().has("snapshot-00000000000000ff.new"));
    });
}

}  // namespace
}  // namespace flyball::sim
