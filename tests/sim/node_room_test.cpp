// What state.max_bytes allows: together, for a snapshot, for the journal, after it was lowered; and
// what a snapshot that is not made leaves behind.

#include <gtest/gtest.h>

#include <algorithm>

#include "node/state/journal.h"
#include "node/state/record.h"
#include "node/state/snapshot.h"
#include "node/state_store.h"
#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20U;

// Goes on with a sound record and one that no reader can use, in a group that checks out.
DiskImage with_a_record_that_is_none(const DiskImage& image) {
    MemoryDisk disk(image);
    std::uint64_t snapshot = 0;
    for (const auto& [name, bytes] : image) {
        snapshot = std::max(snapshot, snapshot_record(name).value_or(0));
    }
    const auto ignored = [](std::uint64_t, std::span<const std::byte>) { return true; };
    const auto read = read_journal(disk, snapshot + 1, false, ignored);
    auto journal = Journal::resume(disk, {.segment_bytes = 16 * 1024}, read->end).value();
    RecordWriter writer;
    writer.add(EventChange{.number = 1});
    ByteBuffer group;
    append_record(group, writer.finish());
    append_record(group, "\xFF");
    const auto bytes = std::as_bytes(std::span(group.bytes()));
    EXPECT_TRUE(journal->write(bytes, 2) && journal->sync());
    return disk.image();
}

class NodeRoom : public testing::Test {
protected:
    static std::map<std::string, Tree> governors() {
        const Tree limit(Tree::Map{{"limit", std::int64_t{1'000'000}}, {"window", "1d"}});
        const Tree::Map resources{{"api_calls", limit}};
        const Tree::Map ids{{"capacity", std::int64_t{30'000}}};
        return {{"quota/main", Tree(Tree::Map{{"resources", resources}, {"ids", ids}})},
                {"quota/other", Tree(Tree::Map{})}};
    }
    // So many thousand requests with an id each.
    std::vector<Life::Act> requests(int thousands) {
        std::vector<Life::Act> acts;
        for (int at = 0; at < thousands; ++at) {
            acts.emplace_back([this] {
                Json batch = Json::array();
                for (int id = 0; id < 1000; ++id) {
                    batch.push_back({{"tenant", "ann"}, {"id", ++ids_}});
                }
                life.ask("quota/main/request", batch);
            });
            acts.emplace_back([this] {
                life.pass_ms(1100);
                check_room();
            });
        }
        return acts;
    }
    Json ask(const Json& request) {
        const std::size_t before = life.late().size();
        Json reply = life.ask("quota/main/request", request);
        life.pass_ms(1100);
        return reply.is_null() && life.late().size() > before ? life.late().back() : reply;
    }
    void check_room() { room_used = std::max(room_used, life.node().disk().bytes()); }
    void snapshot() {
        life.ask("control", {{"op", "snapshot"}});
        life.pass_ms(1100);
        check_room();
    }
    std::size_t files(std::string_view prefix) {
        const DiskImage image = life.node().killed();
        return static_cast<std::size_t>(std::ranges::count_if(image, [&](const auto& file) {
            return file.first.starts_with(prefix) && !file.first.ends_with(".new");
        }));
    }
    bool disk_knows(std::string_view text) {
        for (const auto& [name, bytes] : life.node().killed()) {
            const std::string_view all(reinterpret_cast<const char*>(bytes->data()), bytes->size());
            if (all.find(text) != std::string_view::npos) {
                return true;
            }
        }
        return false;
    }
    Keeper::Health health() { return life.node().keeper().health(); }
    // A state whose snapshot has about 300 KB and whose journal is short, on disk.
    void begin_large() {
        ASSERT_TRUE(life.start({}));
        auto acts = requests(30);
        acts.emplace_back([this] { snapshot(); });
        acts.emplace_back([this] {
            ask({{"tenant", "bob"}});
            snapshot();
        });
        acts.emplace_back([this] { ASSERT_GT(health().sizes.snapshot_bytes, mib / 5); });
        life.run(acts, true);
    }

    Life life{
        {.durability = Durability::interval, .watches_state = false, .governors = governors()}};
    std::uint64_t room_used = 0;
    int ids_ = 0;
};

// Below what there is: it starts, says so, and goes on in its journal.
TEST_F(NodeRoom, ThatIsTooSmallForASnapshotStopsNoJournal) {
    begin_large();
    life.set_max_bytes(mib);
    ASSERT_TRUE(life.start(life.node().killed()));
    Instant taken{};
    life.run({[&] {
                  taken = health().snapshot_at;
                  snapshot();
              },
              [&] {
                  const Json& reply = life.late().back();
                  EXPECT_EQ(reply.value("decision", ""), "error");
                  EXPECT_NE(reply.value("message", "").find("state.max_bytes"), std::string::npos)
                      << reply;
                  EXPECT_TRUE(health().cramped);
                  EXPECT_FALSE(health().failing);
                  EXPECT_EQ(health().snapshots, 0U);
                  EXPECT_EQ(health().snapshot_at, taken) << "none was made";
                  EXPECT_NE(health().last_error.find("state.max_bytes"), std::string::npos);
                  EXPECT_EQ(ask({{"tenant", "cyd"}, {"hits", 3}}).value("decision", ""), "allow");
              },
              [&] {
                  life.pass_ms(1500);
                  EXPECT_EQ(life.health().value("status", ""), "degraded");
              }});
    life.set_max_bytes(16 * mib);
    ASSERT_TRUE(life.start(life.node().killed()));
    life.run(
        {[&] {
             EXPECT_EQ(
                 ask({{"op", "get"}, {"tenant", "cyd"}}).at("resources").at("api_calls").at("used"),
                 3)
                 << "what was decided meanwhile is in the journal";
             snapshot();
         },
         [&] {
             EXPECT_EQ(life.late().back().value("decision", ""), "ok");
             EXPECT_FALSE(health().cramped);
             EXPECT_EQ(health().last_error, "");
         }});
}

// The journal is full, the snapshot that would make room for it does not fit: whoever served comes
// back, and gives no number twice.
TEST_F(NodeRoom, ThatIsUsedUpStopsNoStart) {
    begin_large();
    life.set_max_bytes(mib);
    ASSERT_TRUE(life.start(life.node().killed()));
    std::int64_t seq = 0;
    std::int64_t epoch = 0;
    auto acts = requests(30);
    acts.emplace_back([&] {
        ASSERT_TRUE(health().failing) << "else there is nothing to see";
        seq = ask({{"tenant", "ann"}}).at("seq");
    });
    life.run(acts);
    for (int start = 0; start < 4; ++start) {
        const auto started = life.start(life.node().killed());
        ASSERT_TRUE(started) << started.error().message;
        acts = requests(1);  // a start's record may have found some room, and others with it
        acts.insert(acts.begin(), [&] {
            const Json reply = ask({{"tenant", "ann"}});
            EXPECT_EQ(reply.value("decision", ""), "allow") << reply;
            EXPECT_GT(reply.at("seq"), seq);
        });
        acts.emplace_back([&] {
            EXPECT_TRUE(health().failing);
            EXPECT_NE(health().last_error.find("state.max_bytes"), std::string::npos)
                << health().last_error;
            seq = ask({{"tenant", "ann"}}).at("seq");
            life.pass_ms(1500);
            EXPECT_EQ(life.health().value("status", ""), "degraded");
            EXPECT_GT(life.health().value("state_epoch", 0), epoch);
            epoch = life.health().value("state_epoch", 0);
            check_room();
        });
        life.run(acts);
    }
    EXPECT_LE(room_used, mib * 3 / 2) << "what there was before the limit was lowered, and no more";
    life.set_max_bytes(16 * mib);
    ASSERT_TRUE(life.start(life.node().killed()));
    life.run([&] {
        EXPECT_GT(ask({{"tenant", "ann"}}).at("seq"), seq);
        EXPECT_FALSE(health().failing);
    });
}

// What a run without a journal has left may be followed by no record before another snapshot.
TEST_F(NodeRoom, ThatIsTooSmallForTheFirstSnapshotWithAJournalStopsNoStart) {
    life.set_durability(Durability::none);
    begin_large();
    life.set_max_bytes(mib);
    for (const Durability durability : {Durability::interval, Durability::commit}) {
        life.set_durability(durability);
        const auto started = life.start(life.node().killed());
        ASSERT_TRUE(started) << started.error().message;
        life.run([&] {
            EXPECT_TRUE(health().failing);
            const bool refused = durability == Durability::commit;
            const Json reply = ask({{"tenant", "zoe"}});
            EXPECT_EQ(reply.value("reason", ""), refused ? "overloaded" : "") << reply;
            const Json look = ask({{"op", "get"}, {"tenant", "bob"}});
            EXPECT_EQ(look.at("resources").at("api_calls").at("used"), 1) << "it is on disk";
        });
    }
    life.set_max_bytes(16 * mib);
    life.set_durability(Durability::interval);
    ASSERT_TRUE(life.start(life.node().killed()));
    life.run([&] {
        EXPECT_FALSE(health().failing);
        EXPECT_EQ(ask({{"tenant", "zoe"}}).value("decision", ""), "allow");
    });
}

// Damage of which a snapshot would have to come first.
TEST_F(NodeRoom, ThatIsTooSmallForTheSnapshotAfterDamageStopsNoStart) {
    begin_large();
    const DiskImage damaged = with_a_record_that_is_none(life.node().killed());
    life.set_max_bytes(mib);
    for (int start = 0; start < 2; ++start) {
        const auto started = life.start(start == 0 ? damaged : life.node().killed());
        ASSERT_TRUE(started) << started.error().message;
        life.run([&] {
            EXPECT_TRUE(health().failing);
            EXPECT_EQ(ask({{"tenant", "zoe"}}).value("decision", ""), "allow");
            EXPECT_EQ(
                ask({{"op", "get"}, {"tenant", "bob"}}).at("resources").at("api_calls").at("used"),
                1);
        });
    }
    life.set_max_bytes(16 * mib);
    ASSERT_TRUE(life.start(life.node().killed()));
    life.run([&] { EXPECT_FALSE(health().failing); });
}

TEST_F(NodeRoom, ThatASnapshotDoesNotFitIsTriedEverLessOften) {
    begin_large();
    life.set_max_bytes(mib);
    ASSERT_TRUE(life.start(life.node().killed()));
    auto acts = requests(1);
    for (int minutes = 0; minutes < 130; ++minutes) {
        acts.emplace_back([this] {
            ask({{"tenant", "ann"}});
            life.node().pass(60'000'000);
        });
    }
    acts.emplace_back([this] {
        EXPECT_GE(health().snapshots_too_large, 1U);
        EXPECT_LE(health().snapshots_too_large, 8U);
        EXPECT_FALSE(health().failing) << health().last_error;
    });
    life.run(acts);
}

TEST_F(NodeRoom, IsNeverPassed) {
    life.set_max_bytes(2 * mib);
    ASSERT_TRUE(life.start({}));
    life.run(requests(40), true);
    EXPECT_LE(room_used, 2 * mib);
    EXPECT_GT(room_used, mib / 2) << "and there was a reason to look";
    EXPECT_EQ(health().errors, 0U) << health().last_error;
    EXPECT_LE(life.node().disk().bytes(), 2 * mib);
}

// It holds the whole of what was asked for, not half: a governor went while it was written.
TEST_F(NodeRoom, ASnapshotWhoseGovernorGoesIsMadeAgain) {
    ASSERT_TRUE(life.start({}));
    life.run({[&] {
                  ask({{"tenant", "ann"}});
                  life.ask("control", {{"op", "add_governor"}, {"type", "quota"}, {"name", "z"}});
                  life.pass_ms(1100);
              },
              [&] {
                  life.ask("control", {{"op", "snapshot"}});
                  // The node's section is being written, quota/z's is not yet taken.
                  life.at_work(1, [&] {
                      life.ask("control", {{"op", "remove_governor"},
                                           {"type", "quota"},
                                           {"name", "z"},
                                           {"purge", true}});
                  });
                  life.turn();
                  EXPECT_EQ(health().snapshots, files("snapshot-"));
                  EXPECT_EQ(health().snapshots, 1U);
              },
              [&] {
                  ASSERT_FALSE(life.late().empty());
                  EXPECT_EQ(life.late().back().value("decision", ""), "ok");
                  EXPECT_EQ(files("snapshot-"), 1U);
              }});
}

TEST_F(NodeRoom, NamesOfTheForgottenLeaveItWithTwoSnapshots) {
    static constexpr const char* name = "zelda-who-wants-to-be-forgotten";
    ASSERT_TRUE(life.start({}));
    life.run({[&] {
                  for (int id = 0; id < 5; ++id) {
                      ask({{"tenant", name}});
                  }
                  snapshot();
                  life.ask("quota/main/admin", {{"op", "forget"}, {"tenant", name}});
                  life.pass_ms(1100);
              },
              [&] {
                  EXPECT_TRUE(disk_knows(name));
                  snapshot();
                  ask({{"tenant", "ann"}});
              },
              [&] {
                  snapshot();
                  EXPECT_FALSE(disk_knows(name));
              }});
}

// Of an earlier run, whose segments this one would have used again.
TEST_F(NodeRoom, NamesOfTheForgottenLeaveItAlsoAfterAKill) {
    static constexpr const char* name = "zelda-who-wants-to-be-forgotten";
    ASSERT_TRUE(life.start({}));
    life.run([&] {
        ask({{"tenant", name}});
        life.ask("quota/main/admin", {{"op", "forget"}, {"tenant", name}});
        life.pass_ms(1100);
    });
    ASSERT_TRUE(life.start(life.node().killed()));
    life.run({[&] { snapshot(); },
              [&] {
                  ask({{"tenant", "ann"}});
                  snapshot();
                  EXPECT_FALSE(disk_knows(name));
              }});
}

}  // namespace
}  // namespace flyball::sim
