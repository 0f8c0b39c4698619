// `state export`: everything, the same text for the same state, from whichever files it is read.

#include <gtest/gtest.h>

#include "tests/sim/memory_disk.h"
#include "tests/unit/node/inspect/kept_state.h"

namespace flyball {
namespace {

TEST(Export, HasWhatTheGovernorsWouldAnswer) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask_many(150);
    kept.snapshot();
    kept.ask_many(150);
    kept.keep_event("flyball/v1/x/event", R"({"event":"state_changed","n":1})");
    kept.end_well();
    const sim::Json exported = asked_json(disk, &export_state);
    EXPECT_EQ(exported.at("format"), "flyball-state-1");
    ASSERT_EQ(exported.at("events").size(), 1U);
    EXPECT_EQ(exported.at("events").at(0).at("event").at("n"), 1);
    int tenants = 0;
    for (const sim::Json& governor : exported.at("governors")) {
        const std::string title = governor.at("governor");
        for (const auto& [tenant, state] : governor.at("tenants").items()) {
            ++tenants;
            const sim::Json answer = kept.ask(title, {{"op", "get"}, {"tenant", tenant}});
            EXPECT_EQ(state.at("state"), answer.at("state")) << title << " " << tenant;
            for (const char* key : {"resources", "balance", "holds", "tier", "period_end"}) {
                EXPECT_EQ(state.contains(key), answer.contains(key)) << title << " " << key;
                if (state.contains(key) && answer.contains(key)) {
                    EXPECT_EQ(state.at(key), answer.at(key)) << title << " " << tenant;
                }
            }
            EXPECT_EQ(state.contains("audit_salt"), title.starts_with("compliance/"));
        }
    }
    EXPECT_GT(tenants, 20);
}

// Denials that no id makes worth remembering are in history only, which a journal does not keep.
sim::Json without_history(sim::Json exported) {
    for (sim::Json& governor : exported.at("governors")) {
        governor.erase("history");
        governor.erase("seq");
    }
    return exported;
}

TEST(Export, IsTheSameFromTheJournalAloneAndFromASnapshot) {
    MemoryDisk with;
    MemoryDisk without;
    KeptState one(with);
    KeptState other(without);
    for (KeptState* kept : {&one, &other}) {
        kept->ask_many(200);
        if (kept == &one) {
            kept->snapshot();
        }
        kept->ask_many(100);
        kept->write();
    }
    EXPECT_EQ(without_history(asked_json(with, &export_state)),
              without_history(asked_json(without, &export_state)));
}

TEST(Export, HasNoMoreOfAdmitsIdsThanTheNodeHadRoomFor) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask_many(300);
    kept.snapshot();
    ASSERT_GT(asked_json(disk, &export_state).at("admit").at("ids").size(), 3U);
    kept.set_admit_ids(3);
    kept.end_well();
    EXPECT_EQ(asked_json(disk, &export_state).at("admit").at("ids").size(), 3U);
    EXPECT_EQ(asked_json(disk, &show_state).at("admit").at("ids"), 3);
}

TEST(Export, IsTheSameTextForTheSameState) {
    std::string texts[2];
    for (std::string& text : texts) {
        MemoryDisk disk;
        KeptState kept(disk);
        kept.ask_many(200);
        kept.snapshot();
        text = asked_of(disk, &export_state).text;
    }
    EXPECT_EQ(texts[0], texts[1]);
    EXPECT_GT(texts[0].size(), 10'000U);
}

TEST(Export, NamesNoIdAsItWasGiven) {
    MemoryDisk disk;
    KeptState kept(disk);
    kept.ask("quota/main", {{"tenant", "eve"}, {"hits", 1}, {"id", "secret-order"}});
    kept.write();
    const std::string text = asked_of(disk, &export_state).text;
    EXPECT_EQ(text.find("secret-order"), std::string::npos);
    EXPECT_NE(text.find("\"hash\""), std::string::npos);
}

}  // namespace
}  // namespace flyball
