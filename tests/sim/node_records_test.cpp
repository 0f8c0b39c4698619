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

}  // namespace
}  // namespace flyball::sim
