// `state show`: the files, the governors and, if asked, every record.

#include <gtest/gtest.h>

#include "tests/sim/memory_disk.h"
#include "tests/unit/node/inspect/kept_state.h"

namespace flyball {
namespace {

const sim::Json& row_of(const sim::Json& rows, const std::string& key, const std::string& value) {
    for (const sim::Json& row : rows) {
        if (row.at(key) == value) {
            return row;
        }
    }
    static const sim::Json none;
    ADD_FAILURE() << "no " << key << " " << value << " in " << rows.dump(1);
    return none;
}

TEST(Show, TellsOfFilesAndGovernorsWhatTheyHold) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask_many(100);
    kept.snapshot();
    kept.ask_many(100);
    kept.snapshot();
    kept.end_well();
    const sim::Json shown = asked_json(disk, &show_state);
    EXPECT_EQ(shown.at("instance"), "000000000000000b");
    EXPECT_EQ(shown.at("state_epoch"), 1);
    EXPECT_EQ(shown.at("clean_end"), true);
    EXPECT_EQ(shown.at("last_record"), kept.records());
    const sim::Json& journal = row_of(shown.at("files"), "kind", "journal");
    EXPECT_EQ(journal.at("first_record"), 1);
    EXPECT_EQ(journal.at("last_record"), kept.records());
    EXPECT_GT(journal.at("groups"), 10);
    EXPECT_EQ(row_of(shown.at("files"), "kind", "snapshot").at("sections"), 11);
    const Registry& registry = kept.desk().engine().registry();
    EXPECT_EQ(shown.at("governors").size(), registry.size());
    registry.each([&](Governor& governor) {
        const sim::Json& row =
            row_of(shown.at("governors"), "governor", std::string(governor.title()));
        EXPECT_EQ(row.at("tenants"), governor.tenants());
        EXPECT_EQ(row.at("ids"), governor.ids().size());
        EXPECT_EQ(row.at("events"), governor.events().size());
    });
}

TEST(Show, ListsEachRecord) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask("quota/main", {{"tenant", "eve"}, {"hits", 1}});
    kept.write();
    const sim::Json records = asked_json(disk, &show_state, true).at("records");
    const sim::Json& last = records.back();
    EXPECT_EQ(last.at("record"), kept.records());
    EXPECT_EQ(last.at("governor"), "quota/main");
    EXPECT_EQ(last.at("tenant"), "eve");
    EXPECT_EQ(last.at("op"), "check");
    EXPECT_EQ(last.at("decision"), "allow");
    EXPECT_EQ(last.at("at"), to_ms(kept.now()));
    EXPECT_EQ(records.front().at("governor"), "node");
}

TEST(Show, IsATableForPeople) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask("quota/main", {{"tenant", "Ève"}, {"hits", 1}});
    kept.write();
    const std::string text = asked_of(disk, &show_state, {.records = true}).text;
    EXPECT_NE(text.find("journal-0000000000000002"), std::string::npos) << text;
    EXPECT_NE(text.find("quota/main          Ève     check"), std::string::npos) << text;
    EXPECT_NE(text.find("2026-01-01T00:00:00.000Z"), std::string::npos) << text;
}

TEST(Show, RefusesAFolderWithoutState) {
    MemoryDisk disk;
    const auto state = open_state(disk, "elsewhere");
    ASSERT_FALSE(state.has_value());
    EXPECT_EQ(state.error().code, ErrorCode::usage);
    EXPECT_NE(state.error().message.find("elsewhere"), std::string::npos);
}

}  // namespace
}  // namespace flyball
