// What a compliance governor keeps: its images, its chain, its salts; undo, memory, no allocation.

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <iostream>
#include <set>

#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/governors/audit_oracle.h"

namespace flyball {
namespace {

// OpenSSL 3.0 takes memory from malloc for every hash, see audit_hash.h. It takes other functions
// only before its first use.
std::uint64_t openssl_allocations = 0;
const bool counting = CRYPTO_set_mem_functions(
                          [](std::size_t bytes, const char*, int) {
                              ++openssl_allocations;
                              return std::malloc(bytes);
                          },
                          [](void* memory, std::size_t bytes, const char*, int) {
                              ++openssl_allocations;
                              return std::realloc(memory, bytes);
                          },
                          [](void* memory, const char*, int) { std::free(memory); }) == 1;

const Json bad = {{"action", "store"}, {"attributes", {{"ok", false}}}};
const Json good = {{"action", "store"}, {"attributes", {{"ok", true}}}};

Tree::Map strict(int strikes) {
    return {{"rules", ok_rule()}, {"strikes", strikes}, {"strike_window", "1h"}};
}

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

TEST(ComplianceImage, IsTheSameBytesOnEveryMachine) {
    ComplianceImage image;
    image.state.salt = Salt{std::byte{1}};
    image.state.standing = ComplianceStanding::remediation;
    image.state.checks = 258;
    image.state.denied = 2;
    image.state.warned = 1;
    image.state.strikes.at[0] = instant_from_ms(3);
    image.state.strikes.count = 1;
    ByteBuffer bytes;
    encode(image, bytes);
    EXPECT_EQ(hex(bytes.bytes()),
              "010182"
              "01000000000000000000000000000000"
              "0201000000000000"
              "0200000000000000"
              "0100000000000000"
              "01"
              "0300000000000000");
}

TEST(ComplianceImage, FitsAnEffectWithEveryRuleViolated) {
    Tree::List rules;
    for (int at = 0; at < 64; ++at) {
        Tree::Map rule = a_rule("eq", 1);
        rule["id"] = std::string(62, 'x') + std::to_string(10 + at);
        rules.emplace_back(rule);
    }
    ComplianceDesk desk({{"rules", rules}, {"strikes", 64}});
    for (int ms = 0; ms < 64; ++ms) {
        desk.ask(ms, {{"action", std::string(64, 'a')}});
    }
    EXPECT_EQ(desk.records.size(), 64U);
    EXPECT_LT(desk.effect.after().size(), Effect::bytes_max / 2);
}

TEST(ComplianceImage, ThatIsDamagedIsRefusedAndNeverCrashes) {
    ComplianceDesk desk(strict(3));
    desk.ask(0, bad);
    const ChainHead before = *desk.rules.head();
    desk.ask(1, bad);
    const auto image = copy(desk.effect.after());
    const auto fresh = [&] {
        Compliance rules(ComplianceDesk::some_context());
        ComplianceImage chain{.kind = ComplianceImage::Kind::chain, .head = before};
        ByteBuffer bytes;
        encode(chain, bytes);
        EXPECT_TRUE(rules.apply(no_tenant, std::as_bytes(std::span(bytes.bytes()))));
        return rules;
    };
    Compliance sound = fresh();
    ASSERT_TRUE(sound.apply(0, image));
    for (std::size_t bytes = 0; bytes < image.size(); ++bytes) {
        EXPECT_FALSE(fresh().apply(0, std::span(image).first(bytes))) << bytes;
    }
    const std::size_t state_bytes = 2 + 1 + 16 + 24 + 1 + 16;
    for (std::size_t at = 0; at < image.size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xFF}) {
            auto damaged = image;
            damaged[at] ^= static_cast<std::byte>(flip);
            Compliance rules = fresh();
            const bool applied = rules.apply(0, damaged);
            EXPECT_TRUE(at < state_bytes || !applied) << at;  // a record is verified
            EXPECT_EQ(rules.head()->seq, applied && damaged[1] == std::byte{2} ? 2U : 1U) << at;
            (void)rules.due(0);
        }
    }
}

TEST(ComplianceImage, OfARecordThatDoesNotContinueTheChainIsDamaged) {
    ComplianceDesk desk;
    desk.ask(0);
    const auto first = copy(desk.effect.after());
    desk.ask(1);
    const auto second = copy(desk.effect.after());
    const ChainHead head = *desk.rules.head();
    EXPECT_FALSE(desk.rules.apply(0, second));  // again
    Compliance other(ComplianceDesk::some_context());
    EXPECT_FALSE(other.apply(0, second));  // a gap
    EXPECT_TRUE(other.apply(0, first));
    EXPECT_TRUE(other.apply(no_tenant, second));  // for a tenant that is gone
    EXPECT_EQ(other.head()->hash, head.hash);
    RulesContext elsewhere = ComplianceDesk::some_context();
    elsewhere.instance = 1;
    EXPECT_FALSE(Compliance(elsewhere).apply(0, first));
}

TEST(ComplianceImage, OfTheChainIsForNoTenantAlone) {
    ComplianceDesk desk;
    desk.ask(0);
    desk.rules.kept()->from_the_start();
    std::vector<std::byte> chain;
    desk.rules.walk(no_tenant, [&](std::span<const std::byte> bytes) { chain = copy(bytes); });
    EXPECT_FALSE(desk.rules.apply(0, chain));
    EXPECT_FALSE(desk.rules.apply(no_tenant, desk.effect.before()));
    chain[2 + 8 + 32] = std::byte{2};  // first_seq past the head
    EXPECT_FALSE(desk.rules.apply(no_tenant, chain));
}

TEST(ComplianceImage, RebuildsATenantAndTheChainElsewhere) {
    ComplianceDesk desk(strict(2));
    desk.ask(0, bad);
    desk.ask(10, bad);
    desk.ask(20, bad, 1);
    desk.ask(30, {{"op", "remediate"}}, 2);
    desk.rules.kept()->from_the_start();
    ComplianceDesk other(strict(2));
    other.rules.kept()->from_the_start();
    ASSERT_TRUE(desk.copy_to(other.rules));
    EXPECT_EQ(other.image(), desk.image());
    for (TenantIndex tenant = 0; tenant < 4; ++tenant) {
        EXPECT_EQ(other.ask(40, {{"op", "report"}}, tenant).keys,
                  desk.ask(40, {{"op", "report"}}, tenant).keys);
        const std::int64_t ms = 3'600'000;  // the first strike has left the window
        const ComplianceAnswer here = desk.ask(ms, bad, tenant);
        const ComplianceAnswer there = other.ask(ms, bad, tenant);
        EXPECT_EQ(there.state, here.state);
        // A tenant that had none gets another salt than here.
        EXPECT_EQ(there.keys == here.keys, tenant < 3);
    }
    const auto changes = desk.take_changes();
    EXPECT_EQ(other.take_changes(), std::vector<std::string>(changes.end() - 3, changes.end()));
}

TEST(ComplianceImage, BeforeADecisionTakesBackAllButTheRecord) {
    ComplianceDesk desk(strict(2));
    desk.ask(0, bad);
    const std::string before = desk.image();
    desk.ask(1, bad);
    EXPECT_NE(desk.image(), before);
    const ChainHead head = *desk.rules.head();
    desk.take_back();
    EXPECT_EQ(desk.image(), before);
    EXPECT_EQ(desk.rules.head()->seq, 2U);
    EXPECT_EQ(desk.rules.head()->hash, head.hash);
    EXPECT_EQ(desk.ask(2, {{"op", "get"}}).state, "compliant");
}

TEST(ComplianceDryRun, RecordsNothingAndDrawsNoSalt) {
    ComplianceDesk desk(strict(1));
    const ComplianceAnswer rehearsed = desk.rehearse(0, bad);
    EXPECT_EQ(rehearsed.verdict, Verdict::deny);
    EXPECT_EQ(rehearsed.state, "non_compliant");
    EXPECT_EQ(rehearsed.keys, Json({{"violations", {"r"}}}));
    const auto image = decode_compliance_image(desk.effect.after());
    EXPECT_EQ(image->kind, ComplianceImage::Kind::tenant);
    EXPECT_FALSE(image->state.salt.has_value());
    desk.rehearse(0, {{"op", "remediate"}});
    EXPECT_FALSE(decode_compliance_image(desk.effect.after())->state.salt.has_value());
    // As an admit's rehearsal is taken back once it was written.
    const std::string before = desk.image();
    EXPECT_TRUE(desk.rules.apply(0, desk.effect.after()));
    desk.take_back();
    EXPECT_EQ(desk.image(), before);
    EXPECT_EQ(desk.rules.head()->seq, 0U);
}

TEST(ComplianceForget, RecordsItAndDestroysTheSalt) {
    ComplianceDesk desk(strict(1));
    desk.ask(0, bad);
    const Salt salt = desk.records[0].salt;
    desk.forget(5);
    const auto image = decode_compliance_image(desk.effect.after());
    EXPECT_EQ(image->state, ComplianceState{});
    const Json expected = {{"action", "!forget"},
                           {"at", 5},
                           {"decision", "ok"},
                           {"policy_rev", ComplianceDesk::policy_rev},
                           {"reason", ""},
                           {"seq", 2},
                           {"tenant", binary_of(sha256(text_of(salt) + "tenant-0"))}};
    EXPECT_EQ(hex(desk.records[1].bytes), hex(msgpack_of(expected)));
    EXPECT_EQ(desk.image(1), "tenant-0:");
    EXPECT_TRUE(desk.rules.at_defaults(0, instant_from_ms(5)));
    EXPECT_EQ(desk.ask(6, {{"op", "get"}}).state, "compliant");
    desk.ask(7, good);
    EXPECT_NE(desk.records[2].salt, salt);
}

TEST(ComplianceSalt, IsOnePerTenantAndNeverDrawnTwice) {
    ComplianceDesk desk;
    std::set<Salt> salts;
    for (TenantIndex tenant = 0; tenant < 4; ++tenant) {
        desk.ask(0, good, tenant);
        salts.insert(desk.records.back().salt);
        desk.ask(0, bad, tenant);
        EXPECT_TRUE(salts.contains(desk.records.back().salt));
    }
    // Rules made anew begin with the same entropy, as after a fault.
    ComplianceDesk again;
    ASSERT_TRUE(desk.copy_to(again.rules));
    again.ask(0, good, 4);
    salts.insert(again.records.back().salt);
    EXPECT_EQ(salts.size(), 5U);
    EXPECT_FALSE(again.rules.at_defaults(4, instant_from_ms(0)));
}

TEST(ComplianceMemory, AllocatesNothingForACheckInSteadyState) {
    ASSERT_TRUE(counting);
    Tree::Map settings = strict(3);
    settings["strike_window"] = "1s";
    Compliance rules(ComplianceDesk::some_context());
    ASSERT_TRUE(rules.configure(settings, instant_from_ms(0)).has_value());
    const Json attributes = {{"ok", true}, {"region", "eu-west"}, {"size", 70'000}};
    Decoder decoder;
    const std::string text = attributes.dump();
    const Payload allowed = decoder.decode(text);
    Effect effect;
    Writer writer;
    Command command;
    command.name = "store";
    const auto decide = [&](std::int64_t ms) {
        command.value = ms % 3 == 0 ? nullptr : allowed.root;
        const Instant now = instant_from_ms(ms);
        if (const auto due = rules.due(5); due && *due <= now) {
            effect.clear();
            rules.pass_time(5, now, effect);
            expects(rules.apply(5, effect.after()));
        }
        const Case asked{.command = command,
                         .tenant = 5,
                         .now = now,
                         .tenant_name = "acme",
                         .policy_rev = ComplianceDesk::policy_rev};
        const Judgement judgement = rules.judge(asked, effect);
        expects(rules.apply(5, effect.after()));
        writer.restart(Encoding::msgpack);
        writer.begin_map();
        rules.write(writer, asked, &judgement);
        writer.end_map();
    };
    // Beyond 255 records, so that no number in them needs another byte.
    constexpr std::int64_t begin_ms = 1'767'225'600'000;
    std::int64_t ms = begin_ms;
    for (; ms < begin_ms + 30'000; ms += 100) {
        decide(ms);
    }
    const std::uint64_t before = allocations_so_far();
    const std::uint64_t openssl_before = openssl_allocations;
    constexpr std::uint64_t checks = 1'000;
    for (std::uint64_t left = checks; left > 0; --left, ms += 100) {
        decide(ms);
    }
    EXPECT_EQ(allocations_so_far() - before, 0U);
    // Tenant, attributes, record, and the record once more when it is put in place.
    constexpr std::uint64_t hashes = 4;
    EXPECT_LE(openssl_allocations - openssl_before, checks * hashes);
}

TEST(ComplianceMemory, IsSmallForATenant) {
    ComplianceDesk desk;
    EXPECT_LE(desk.rules.memory_bytes(), 2000U);
    for (TenantIndex tenant = 0; tenant < 1'000; ++tenant) {
        desk.ask(0, good, tenant);
    }
    std::cout << "compliance, 1000 tenants: " << desk.rules.memory_bytes() << " bytes\n";
    EXPECT_LE(desk.rules.memory_bytes(), 2U * 1'000 * 80);
}

}  // namespace
}  // namespace flyball
