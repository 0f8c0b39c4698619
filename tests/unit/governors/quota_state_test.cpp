// What a quota keeps: images that survive config edits, undo, memory, no allocation.

#include <gtest/gtest.h>

#include <iostream>

#include "governors/image_bytes.h"
#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/governors/quota_desk.h"

namespace flyball {
namespace {

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

TEST(QuotaImage, IsSmall) {
    QuotaDesk desk;
    desk.ask(1'767'225'600'000, "{}");
    EXPECT_LE(desk.effect.after().size(), 32U);
    EXPECT_LE(quota_image_bytes_max, Effect::bytes_max);
}

TEST(QuotaImage, IsTheSameBytesOnEveryMachine) {
    QuotaDesk desk({{"g", gauge(10)}});
    desk.ask(0, R"({"resource":"g","hits":3})");
    const auto image = copy(desk.effect.after());
    ASSERT_EQ(image.size(), 15U);
    const std::vector<int> expected = {1, 4, 0xF1, 0x3D, 0x98, 0xCE, 3, 0, 0, 0, 0, 0, 0, 0, 'g'};
    for (std::size_t at = 0; at < image.size(); ++at) {
        EXPECT_EQ(std::to_integer<int>(image[at]), expected[at]) << at;
    }
}

TEST(QuotaImage, SurvivesAConfigEditBeforeItIsApplied) {
    QuotaDesk desk({{"a", gauge(10)}, {"b", gauge(10)}, {"c", gauge(10)}});
    desk.ask(0, R"({"resource":"b","hits":3})");
    const auto image = copy(desk.effect.after());
    QuotaDesk other({{"b", gauge(20)}});  // another place in the list, another limit
    EXPECT_TRUE(other.quota.apply(0, image));
    EXPECT_EQ(other.ask(0, R"({"resource":"b","hits":0})").keys,
              R"({"resource":"b","limit":20,"used":3,"remaining":17})");
}

TEST(QuotaImage, OfAResourceThatIsGoneOrBeganAnewChangesNothing) {
    QuotaDesk desk({{"b", rule("fixed", 10, "1m")}});
    desk.ask(0, R"({"resource":"b","hits":3})");
    const auto image = copy(desk.effect.after());
    QuotaDesk gone;
    const std::string before = gone.image();
    EXPECT_TRUE(gone.quota.apply(0, image));
    EXPECT_EQ(gone.image(), before);
    QuotaDesk anew({{"b", rule("sliding", 10, "1m")}});
    EXPECT_TRUE(anew.quota.apply(0, image));
    EXPECT_EQ(anew.image(), before);
}

TEST(QuotaImage, ThatIsDamagedIsRefusedAndNeverCrashes) {
    QuotaDesk desk({{"b", bucket(10, "1m", 5)}});
    desk.ask(0, R"({"op":"set_limit","resource":"b","limit":7,"burst":9})");
    desk.ask(0, R"({"resource":"b","hits":3})");
    const auto image = copy(desk.effect.after());
    EXPECT_FALSE(desk.quota.apply(0, {}));
    for (std::size_t bytes = 0; bytes < image.size() - 1; ++bytes) {
        EXPECT_FALSE(desk.quota.apply(0, std::span(image).first(bytes))) << bytes;
    }
    for (std::size_t at = 0; at < image.size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xFF}) {
            auto damaged = image;
            damaged[at] ^= static_cast<std::byte>(flip);
            QuotaDesk other({{"b", bucket(10, "1m", 5)}});
            (void)other.quota.apply(0, damaged);
            other.get(1000);
        }
    }
}

// How long ago it was, or the window after it, would overflow.
TEST(QuotaSlot, IsOfNoInstantAndNoWindowWithoutRoom) {
    for (const QuotaAlgorithm algorithm : {QuotaAlgorithm::bucket, QuotaAlgorithm::sliding}) {
        EXPECT_TRUE(sound_quota_slot(algorithm, {.words = {1, 1, stored_ms_max}}));
        EXPECT_TRUE(sound_quota_slot(algorithm, {.words = {1, 1, -stored_ms_max}}));
        EXPECT_FALSE(sound_quota_slot(algorithm, {.words = {1, 1, INT64_MAX}}));
        EXPECT_FALSE(sound_quota_slot(algorithm, {.words = {1, 1, INT64_MIN}}));
    }
}

TEST(QuotaImage, RebuildsATenantElsewhere) {
    QuotaDesk desk({{"b", bucket(10, "1m", 5)}, {"s", rule("sliding", 10, "1m")}});
    desk.ask(0, R"({"resource":"b","hits":3})");
    desk.ask(70'000, R"({"resource":"s","hits":3})");
    desk.ask(70'000, R"({"op":"set_limit","limit":7})");
    QuotaDesk other({{"b", bucket(10, "1m", 5)}, {"s", rule("sliding", 10, "1m")}});
    desk.quota.walk(
        0, [&](std::span<const std::byte> image) { EXPECT_TRUE(other.quota.apply(0, image)); });
    EXPECT_EQ(other.image(), desk.image());
    EXPECT_EQ(other.get(80'000), desk.get(80'000));
}

TEST(QuotaMemory, AllocatesNothingForADecisionInSteadyState) {
    QuotaDesk desk({{"a", rule("fixed", 1000, "1s")},
                    {"b", bucket(1000, "1s", 1000)},
                    {"c", rule("sliding", 1000, "1s")},
                    {"d", gauge(1'000'000'000)},
                    {"m", rule("fixed", 1'000'000'000, "1mo")}});
    Quota& quota = desk.quota;
    Effect effect;
    Writer writer;
    Command command;
    const auto decide = [&](std::int64_t ms) {
        for (const char* resource : {"a", "b", "c", "d", "m", "none"}) {
            command.name = resource;
            command.amount = ms % 7;
            const Case asked{.command = command, .tenant = 5, .now = instant_from_ms(ms)};
            const Judgement judgement = quota.judge(asked, effect);
            expects(effect.empty() || quota.apply(5, effect.after()));
            writer.restart(Encoding::msgpack);
            writer.begin_map();
            quota.write(writer, asked, &judgement);
            writer.end_map();
            expects(quota.state(asked).size() < 9);
        }
    };
    decide(1);
    const std::uint64_t before = allocations_so_far();
    for (std::int64_t ms = 2; ms < 20'000; ++ms) {
        decide(ms);
    }
    EXPECT_EQ(allocations_so_far() - before, 0U);
}

TEST(QuotaMemory, Takes24BytesForATenantAndResourceInUse) {
    QuotaDesk desk;
    EXPECT_LE(desk.quota.memory_bytes(), 1000U);
    for (TenantIndex tenant = 0; tenant < 10'000; ++tenant) {
        desk.ask(0, "{}", tenant);
    }
    std::cout << "quota, 10000 tenants, one resource of two used: " << desk.quota.memory_bytes()
              << " bytes\n";
    EXPECT_LE(desk.quota.memory_bytes(), 2U * 10'000 * 24);
}

}  // namespace
}  // namespace flyball
