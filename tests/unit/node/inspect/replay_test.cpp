// `state replay`: the same again for what this release recorded; where a record says something else
// than the rules do, it is named.

#include <gtest/gtest.h>

#include "tests/sim/memory_disk.h"
#include "tests/unit/node/inspect/journal_edit.h"
#include "tests/unit/node/inspect/kept_state.h"

namespace flyball {
namespace {

class Replayed : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Replayed, DecidesTheSameAgain) {
    MemoryDisk disk;
    KeptState kept(disk, GetParam());
    kept.ask_many(250);
    kept.snapshot();
    kept.ask_many(250);
    kept.snapshot();
    kept.ask_many(250);
    kept.write();
    const sim::Json found = asked_json(disk, &replay_state);
    EXPECT_EQ(found.at("different"), 0) << found.dump(1);
    EXPECT_GT(found.at("decided"), 150);
    EXPECT_GT(found.at("not_replayable"), 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Replayed, testing::Range<std::uint64_t>(1, 13));

TEST(Replay, DecidesUnderTheConfigurationOfThatTime) {
    MemoryDisk disk;
    KeptState kept(disk);
    const auto limit = [](int hits) {
        return Tree(Tree::Map{
            {"resources", Tree::Map{{"api_calls", Tree::Map{{"limit", hits}, {"window", "1m"}}}}}});
    };
    kept.configure("quota/main", limit(3));
    const sim::Json ask = {{"op", "check"}, {"tenant", "eve"}, {"hits", 3}, {"id", "a"}};
    EXPECT_EQ(kept.ask("quota/main", ask).at("decision"), "allow");
    kept.configure("quota/main", limit(1));
    EXPECT_EQ(kept.ask("quota/main", {{"tenant", "eve"}, {"hits", 2}, {"id", "b"}}).at("reason"),
              "exceeds_limit");
    kept.write();
    const sim::Json found = asked_json(disk, &replay_state);
    EXPECT_EQ(found.at("different"), 0) << found.dump(1);
    EXPECT_GE(found.at("decided"), 2);
}

// As a release that decides otherwise would find it.
TEST(Replay, NamesARecordThatTheRulesWouldNotMake) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask("billing/main", {{"op", "topup"}, {"tenant", "eve"}, {"amount", 777'001}});
    kept.write();
    const std::uint64_t record = kept.records();
    DiskImage image = disk.image();
    // 777,001 and 777,002 as msgpack has them: what was asked for.
    ASSERT_TRUE(edit_journal(image, {"\xce\x00\x0b\xdb\x29", 5}, {"\xce\x00\x0b\xdb\x2a", 5}));
    MemoryDisk edited(image);
    const VerbAnswer answer = asked_of(edited, &replay_state, {.json = true});
    EXPECT_FALSE(answer.sound);
    const sim::Json found = sim::Json::parse(answer.text);
    ASSERT_EQ(found.at("different"), 1) << found.dump(1);
    const sim::Json& difference = found.at("differences").at(0);
    EXPECT_EQ(difference.at("record"), record);
    EXPECT_EQ(difference.at("governor"), "billing/main");
    EXPECT_EQ(difference.at("tenant"), "eve");
    EXPECT_EQ(difference.at("op"), "topup");
}

}  // namespace
}  // namespace flyball
