// The type `entitlement`, asked as a stranger would: precedence, ops, states, images.

#include "governors/entitlement.h"

#include <gtest/gtest.h>

#include "governors/entitlement_image.h"
#include "governors/image_bytes.h"
#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/governors/asked_governor.h"

namespace flyball {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

Tree::Map tiers() {
    return {{"tiers", Tree::Map{{"free", Tree::Map{{"basic", true}, {"beta", false}, {"seats", 3}}},
                                {"gold", Tree::Map{{"basic", true}, {"zero", 0}, {"note", ""}}}}}};
}

struct EntitlementTest : testing::Test {
    explicit EntitlementTest(Tree::Map raw = tiers())
        : governor("entitlement", std::make_unique<Entitlement>(), raw) {}
    Json check(std::string_view feature) {
        return governor.ask({{"tenant", "acme"}, {"feature", feature}});
    }
    Json admin(Json request) {
        request["tenant"] = "acme";
        return governor.ask_admin(request);
    }
    Json get() { return governor.ask({{"tenant", "acme"}, {"op", "get"}}); }
    AskedGovernor governor;
};

// suspended, revoked, unexpired grant, tier: every combination.
TEST_F(EntitlementTest, DecidesInTheOrderOfPrecedence) {
    enum class Own { none, revoked, granted, expired };
    struct Row {
        bool suspended;
        Own own;
        bool tier_has;
        const char* decision;
        const char* reason;
        const char* source;
    };
    const Row rows[] = {
        {false, Own::none, false, "deny", "not_entitled", ""},
        {false, Own::none, true, "allow", "", "tier"},
        {false, Own::revoked, false, "deny", "revoked", ""},
        {false, Own::revoked, true, "deny", "revoked", ""},
        {false, Own::granted, false, "allow", "", "grant"},
        {false, Own::granted, true, "allow", "", "grant"},
        {false, Own::expired, false, "deny", "expired", ""},
        {false, Own::expired, true, "allow", "", "tier"},
        {true, Own::none, false, "deny", "suspended", ""},
        {true, Own::none, true, "deny", "suspended", ""},
        {true, Own::revoked, false, "deny", "suspended", ""},
        {true, Own::revoked, true, "deny", "suspended", ""},
        {true, Own::granted, false, "deny", "suspended", ""},
        {true, Own::granted, true, "deny", "suspended", ""},
        {true, Own::expired, false, "deny", "suspended", ""},
        {true, Own::expired, true, "deny", "suspended", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.decision) + " " + row.reason + (row.tier_has ? " tier" : ""));
        governor.ask_admin({{"tenant", "acme"}, {"op", "forget"}});
        const char* feature = row.tier_has ? "basic" : "export";
        if (row.own == Own::revoked) {
            admin({{"op", "revoke"}, {"feature", feature}});
        } else if (row.own != Own::none) {
            admin({{"op", "grant"}, {"feature", feature}, {"ttl_ms", 1000}});
        }
        if (row.suspended) {
            admin({{"op", "suspend"}});
        }
        if (row.own == Own::expired) {
            governor.pass(Span{1000});
        }
        const Json reply = check(feature);
        EXPECT_EQ(reply.at("decision"), row.decision);
        EXPECT_EQ(reply.value("reason", ""), row.reason);
        EXPECT_EQ(reply.value("source", ""), row.source);
        EXPECT_EQ(reply.at("state"), row.suspended ? "suspended" : "entitled");
    }
}

TEST_F(EntitlementTest, SaysWhatAFeatureIsWorth) {
    EXPECT_EQ(check("seats").at("value"), 3);
    EXPECT_EQ(check("seats").at("tier"), "free");
    EXPECT_EQ(check("beta").at("reason"), "not_entitled");
    admin({{"op", "set_tier"}, {"tier", "gold"}});
    EXPECT_EQ(check("zero").at("value"), 0);
    EXPECT_EQ(check("zero").at("decision"), "allow");
    EXPECT_EQ(check("note").at("value"), "");
    admin({{"op", "grant"}, {"feature", "seats"}, {"value", "many"}, {"ttl_ms", 5000}});
    governor.pass(Span{1200});
    const Json granted = check("seats");
    EXPECT_EQ(granted.at("value"), "many");
    EXPECT_EQ(granted.at("source"), "grant");
    EXPECT_EQ(granted.at("expires_in_ms"), 3800);
    admin({{"op", "grant"}, {"feature", "basic"}, {"value", false}});
    EXPECT_EQ(check("basic").at("reason"), "not_entitled");
    admin({{"op", "clear"}, {"feature", "basic"}});
    EXPECT_EQ(check("basic").at("decision"), "allow");
}

TEST_F(EntitlementTest, EndsAGrantAtItsMillisecond) {
    const std::int64_t end = to_ms(governor.now()) + day_ms;
    admin({{"op", "grant"}, {"feature", "export"}, {"expires_at", end}});
    governor.pass(Span{day_ms - 1});
    EXPECT_EQ(check("export").at("decision"), "allow");
    governor.pass(Span{1});
    EXPECT_EQ(check("export").at("reason"), "expired");
    admin({{"op", "clear"}, {"feature", "export"}});
    EXPECT_EQ(check("export").at("reason"), "not_entitled");
}

TEST_F(EntitlementTest, KeepsOneEntryAFeature) {
    admin({{"op", "revoke"}, {"feature", "basic"}});
    admin({{"op", "grant"}, {"feature", "basic"}, {"value", 7}});
    const Json reply = get();
    EXPECT_EQ(reply.at("revoked"), Json::array());
    ASSERT_EQ(reply.at("grants").size(), 1U);
    EXPECT_EQ(reply.at("grants").at(0), (Json{{"feature", "basic"}, {"value", 7}}));
    EXPECT_EQ(reply.at("features"), (Json{{"basic", 7}, {"seats", 3}}));
    EXPECT_EQ(reply.at("tier"), "free");
    EXPECT_EQ(reply.at("decision"), "ok");
}

TEST_F(EntitlementTest, RefusesWhatIsWrongInTheField) {
    const std::int64_t now = to_ms(governor.now());
    const auto field_of = [&](const Json& request) {
        const Json reply = admin(request);
        EXPECT_EQ(reply.at("reason"), request.contains("feature") || request.contains("tier")
                                          ? "bad_field"
                                          : "missing_field")
            << reply;
        return reply.at("field").get<std::string>();
    };
    EXPECT_EQ(field_of({{"op", "grant"}}), "feature");
    EXPECT_EQ(field_of({{"op", "set_tier"}}), "tier");
    EXPECT_EQ(field_of({{"op", "set_tier"}, {"tier", "lead"}}), "tier");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", ""}}), "feature");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", std::string(65, 'f')}}), "feature");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", "f"}, {"value", nullptr}}), "value");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", "f"}, {"value", 1.5}}), "value");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", "f"}, {"value", Json::array()}}), "value");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", "f"}, {"expires_at", now}}), "expires_at");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", "f"}, {"ttl_ms", 0}}), "ttl_ms");
    EXPECT_EQ(field_of({{"op", "grant"}, {"feature", "f"}, {"ttl_ms", 1}, {"expires_at", now + 1}}),
              "ttl_ms");
    EXPECT_EQ(get().at("grants"), Json::array());
}

TEST_F(EntitlementTest, NeedsAClockForAGrantWithAnEndOnly) {
    governor.set_clock_known(false);
    EXPECT_EQ(admin({{"op", "grant"}, {"feature", "f"}, {"ttl_ms", 5}}).at("reason"),
              "clock_unset");
    EXPECT_EQ(admin({{"op", "grant"}, {"feature", "f"}}).at("decision"), "ok");
    EXPECT_EQ(check("f").at("decision"), "allow");
}

TEST_F(EntitlementTest, BoundsTheEntriesOfATenant) {
    for (std::size_t at = 0; at < Entitlement::entries_max; ++at) {
        admin({{"op", at % 2 == 0 ? "grant" : "revoke"}, {"feature", "f" + std::to_string(at)}});
    }
    EXPECT_EQ(admin({{"op", "grant"}, {"feature", "more"}}).at("field"), "feature");
    EXPECT_EQ(admin({{"op", "revoke"}, {"feature", "more"}}).at("field"), "feature");
    EXPECT_EQ(admin({{"op", "grant"}, {"feature", "f1"}}).at("decision"), "ok");
    admin({{"op", "clear"}, {"feature", "f2"}});
    EXPECT_EQ(admin({{"op", "grant"}, {"feature", "more"}}).at("decision"), "ok");
}

TEST_F(EntitlementTest, LooksWithoutEnrollingOrRemembering) {
    const Json first = governor.ask({{"tenant", "acme"}, {"feature", "basic"}, {"id", 1}});
    const Json again = governor.ask({{"tenant", "acme"}, {"feature", "export"}, {"id", 1}});
    EXPECT_FALSE(again.contains("replayed"));
    EXPECT_GT(again.at("seq"), first.at("seq"));
    EXPECT_EQ(governor.governor().tenants(), 0U);
    EXPECT_EQ(governor.governor().events().size(), 0U);
}

TEST_F(EntitlementTest, RemembersTheContentOfAnAdminOp) {
    const Json grant = {{"op", "grant"}, {"feature", "f"}, {"id", "g"}};
    admin(grant);
    Json with_default = grant;
    with_default["value"] = true;
    EXPECT_EQ(admin(with_default).at("replayed"), true);
    Json other = grant;
    other["value"] = 1;
    EXPECT_EQ(admin(other).at("reason"), "id_reused");
    Json timed = grant;
    timed["ttl_ms"] = 60000;
    EXPECT_EQ(admin(timed).at("reason"), "id_reused");
}

TEST_F(EntitlementTest, TellsOfSuspensionOnce) {
    admin({{"op", "suspend"}});
    admin({{"op", "suspend"}});
    admin({{"op", "resume"}});
    const auto events = governor.take_events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].at("event"), "state_changed");
    EXPECT_EQ(events[0].at("from"), "entitled");
    EXPECT_EQ(events[0].at("to"), "suspended");
    EXPECT_EQ(events[1].at("to"), "entitled");
    EXPECT_EQ(events[1].at("tenant"), "acme");
}

TEST_F(EntitlementTest, ChangesNothingInADryRun) {
    const Json before = get();
    EXPECT_EQ(admin({{"op", "suspend"}, {"dry_run", true}}).at("decision"), "ok");
    EXPECT_EQ(admin({{"op", "grant"}, {"feature", "f"}, {"dry_run", true}}).at("decision"), "ok");
    Json after = get();
    after["seq"] = before.at("seq");
    EXPECT_EQ(after, before);
}

TEST_F(EntitlementTest, FallsBackToTheDefaultTierWhileItsOwnIsGone) {
    admin({{"op", "set_tier"}, {"tier", "gold"}});
    const auto with_gold = governor.governor().rules().settings();
    Tree without = with_gold;
    without.map()->find("tiers")->second.map()->erase("gold");
    const auto configure = [&](const Tree& own) {
        ASSERT_TRUE(governor.governor().configure({}, own, governor.now()).has_value());
    };
    configure(without);
    EXPECT_EQ(check("seats").at("tier"), "free");
    EXPECT_EQ(check("zero").at("reason"), "not_entitled");
    configure(with_gold);
    EXPECT_EQ(check("zero").at("tier"), "gold");
    EXPECT_EQ(governor.governor().rules().settings(), with_gold);
}

struct ObservedEntitlement : EntitlementTest {
    ObservedEntitlement() : EntitlementTest(Tree::Map{{"mode", "observe"}}) {}
};

TEST_F(ObservedEntitlement, AllowsWhatItWouldDeny) {
    const Json reply = check("export");
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_EQ(reply.at("would"), "deny");
    EXPECT_EQ(reply.at("reason"), "not_entitled");
    EXPECT_EQ(governor.governor().counts().deny, 1U);
}

TEST(EntitlementSettings, NameTheKeyThatIsWrong) {
    const auto fault = [](Tree::Map map) {
        Entitlement rules;
        const auto done = rules.configure(Tree(std::move(map)), Instant{});
        return done ? std::string()
                    : done.error().message.substr(0, done.error().message.find(':'));
    };
    EXPECT_EQ(fault({{"default_tier", 3}}), "default_tier");
    EXPECT_EQ(fault({{"default_tier", "gold"}}), "default_tier");
    EXPECT_EQ(fault({{"tier", "gold"}}), "tier");
    EXPECT_EQ(fault({{"tiers", 3}}), "tiers");
    EXPECT_EQ(fault({{"tiers", Tree::Map{{"gold", true}}}}), "tiers.gold");
    EXPECT_EQ(fault({{"tiers", Tree::Map{{"gold", Tree::Map{{"a", Tree::List{}}}}}}}),
              "tiers.gold.a");
    EXPECT_EQ(fault({{"default_tier", "pro"}}), "");
}

TEST_F(EntitlementTest, RebuildsFromItsImages) {
    admin({{"op", "set_tier"}, {"tier", "gold"}});
    admin({{"op", "grant"}, {"feature", "a"}, {"value", "text"}, {"ttl_ms", 1000}});
    admin({{"op", "grant"}, {"feature", "b"}, {"value", -5}});
    admin({{"op", "revoke"}, {"feature", "basic"}});
    Json before = get();
    ASSERT_TRUE(governor.governor().rebuild(std::make_unique<Entitlement>(), governor.now()));
    Json after = get();
    after["seq"] = before.at("seq");
    EXPECT_EQ(after, before);
}

TEST_F(EntitlementTest, TakesNoDamagedImage) {
    admin({{"op", "grant"}, {"feature", "a"}, {"value", "text"}, {"ttl_ms", 1000}});
    Entitlement other;
    other.enrol(0);
    governor.governor().rules().walk(0, [&](std::span<const std::byte> image) {
        for (std::size_t size = 0; size < image.size(); ++size) {
            EXPECT_FALSE(other.apply(0, image.first(size)));
        }
        std::vector<std::byte> longer(image.begin(), image.end());
        longer.push_back(std::byte{0});
        EXPECT_FALSE(other.apply(0, longer));
        EXPECT_FALSE(other.apply(1, image));
        EXPECT_TRUE(other.apply(0, image));
    });
}

// How long it has left would overflow.
TEST(EntitlementImage, KnowsNoEndWithoutRoom) {
    ByteBuffer bytes;
    EntitlementImage image{.kind = EntitlementImage::Kind::feature, .name = "a"};
    image.entry = EntitlementEntry{.end = instant_from_ms(stored_ms_max)};
    EXPECT_TRUE(decode_entitlement_image(encode(image, bytes)).has_value());
    image.entry->end = instant_from_ms(-stored_ms_max - 1);
    EXPECT_FALSE(decode_entitlement_image(encode(image, bytes)).has_value());
}

TEST_F(EntitlementTest, AllocatesNothingForACheck) {
    admin({{"op", "grant"}, {"feature", "a"}, {"value", "a text that no string keeps inside"}});
    const Entitlement& rules = dynamic_cast<const Entitlement&>(governor.governor().rules());
    Effect effect;
    Writer writer;
    const auto ask = [&] {
        for (const char* feature : {"a", "basic", "none"}) {
            Command command;
            command.name = feature;
            const Case asked{.command = command, .tenant = 0, .now = governor.now()};
            const Judgement judgement = rules.judge(asked, effect);
            writer.restart(Encoding::msgpack);
            writer.begin_map();
            rules.write(writer, asked, &judgement);
            writer.end_map();
        }
    };
    ask();
    const std::uint64_t before = allocations_so_far();
    for (int i = 0; i < 1000; ++i) {
        ask();
    }
    EXPECT_EQ(allocations_so_far() - before, 0U);
}

}  // namespace
}  // namespace flyball
