// A governor as bytes: what is loaded answers as what was saved, whatever was asked before and is
// asked after; damaged bytes are refused and never believed.

#include "governors/governor_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "governors/column.h"
#include "governors/image_bytes.h"
#include "tests/unit/governors/any_governor.h"

namespace flyball {
namespace {

std::string saved(AskedGovernor& desk) {
    ByteBuffer bytes;
    GovernorState::save(desk.governor(), bytes);
    return std::string(bytes.bytes());
}

Result<void> load(AskedGovernor& desk, std::string_view bytes) {
    return GovernorState::load(desk.governor(), std::as_bytes(std::span(bytes)));
}

// Salts of tenants that are new since differ from run to run, and so do the hashes over them.
Json without_hashes(Json reply) {
    for (const char* key : {"audit", "head"}) {
        if (reply.contains(key)) {
            reply[key].erase("hash");
        }
    }
    return reply;
}

std::vector<AnyStep> any_log(const std::string& type, int most) {
    return *rc::gen::scale(most / 100.0, rc::gen::container<std::vector<AnyStep>>(any_step(type)));
}

class GovernorStateOf : public testing::TestWithParam<std::string_view> {
protected:
    std::string type() const { return std::string(GetParam()); }
    AskedGovernor after_a_while(int steps) const {
        AskedGovernor desk = any_governor(GetParam(), {}, 1);
        for (int i = 0; i < steps; ++i) {
            const std::string name = "b" + std::to_string(i % 3);
            const std::string tenant = "tenant-" + std::to_string(i % 7);
            Json request = {{"tenant", tenant}, {"id", i},        {"resource", name},
                            {"feature", name},  {"action", name}, {"amount", i + 1},
                            {"hold", name}};
            request["op"] = type() == "billing"        ? (i < 7 ? "topup" : "hold")
                            : type() == "entitlement"  ? "grant"
                            : type() == "subscription" ? (i < 7 ? "start" : "paid")
                                                       : "check";
            desk.pass(Span{i});
            desk.ask_admin(request);
        }
        return desk;
    }
};

std::string name_of(const testing::TestParamInfo<std::string_view>& type) {
    return std::string(type.param);
}
INSTANTIATE_TEST_SUITE_P(Types, GovernorStateOf, testing::ValuesIn(type_names), name_of);

TEST_P(GovernorStateOf, AnswersEveryLaterRequestAlike) {
    EXPECT_TRUE(rc::check([this] {
        const Tree::Map common = any_common();
        AskedGovernor desk = any_governor(type(), common, 1);
        for (const AnyStep& step : any_log(type(), 150)) {
            perform(desk, step);
        }
        AskedGovernor loaded = any_governor(type(), common, 2);
        loaded.turn_back_to(desk.now());
        const std::string bytes = saved(desk);
        const auto done = load(loaded, bytes);
        RC_ASSERT(done.has_value());
        RC_ASSERT(saved(loaded) == bytes);
        RC_ASSERT(loaded.governor().next_due() == desk.governor().next_due());
        desk.take_events();
        for (const AnyStep& step : any_log(type(), 80)) {
            RC_ASSERT(without_hashes(perform(loaded, step)) == without_hashes(perform(desk, step)));
            RC_ASSERT(loaded.take_events() == desk.take_events());
        }
        const EventRing& history = desk.governor().events();
        RC_ASSERT(loaded.governor().events().size() == history.size());
        for (std::size_t age = 0; age < history.size(); ++age) {
            RC_ASSERT(loaded.governor().events().at_age(age) == history.at_age(age));
        }
    }));
}

TEST_P(GovernorStateOf, KeepsTheNewestInSmallerRings) {
    AskedGovernor desk = after_a_while(60);
    const std::size_t ids = desk.governor().ids().size();
    ASSERT_GT(ids, 8U);
    AskedGovernor small = any_governor(GetParam(),
                                       {{"max_tenants", 2},
                                        {"ring", Tree::Map{{"capacity", 8}}},
                                        {"ids", Tree::Map{{"capacity", 8}}}},
                                       2);
    ASSERT_TRUE(load(small, saved(desk)).has_value());
    EXPECT_EQ(small.governor().events().size(), 8U);
    for (std::size_t age = 0; age < 8; ++age) {
        EXPECT_EQ(small.governor().events().at_age(age), desk.governor().events().at_age(age));
    }
    std::vector<RememberedId> of_all;
    desk.governor().ids().walk([&](const RememberedId& id, auto) { of_all.push_back(id); });
    std::vector<RememberedId> kept;
    small.governor().ids().walk([&](const RememberedId& id, auto) { kept.push_back(id); });
    EXPECT_EQ(kept, std::vector<RememberedId>(of_all.end() - 8, of_all.end()));
    EXPECT_EQ(small.governor().tenants(), desk.governor().tenants());
}

TEST_P(GovernorStateOf, IsNotLoadedFromBytesCutShort) {
    AskedGovernor desk = after_a_while(12);
    const std::string bytes = saved(desk);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        AskedGovernor loaded = any_governor(GetParam(), {}, 2);
        const auto done = load(loaded, std::string_view(bytes).substr(0, size));
        ASSERT_FALSE(done.has_value()) << size;
        EXPECT_EQ(done.error().code, ErrorCode::damaged);
    }
    AskedGovernor loaded = any_governor(GetParam(), {}, 2);
    EXPECT_FALSE(load(loaded, bytes + '\0').has_value());
}

// Checksums find such bits; whoever forges those too gets an error or some governor, no crash.
TEST_P(GovernorStateOf, SurvivesEveryFlippedBit) {
    AskedGovernor desk = after_a_while(12);
    std::string bytes = saved(desk);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
        AskedGovernor loaded = any_governor(GetParam(), {}, 2);
        if (load(loaded, bytes)) {
            ASSERT_FALSE(saved(loaded).empty());
            loaded.ask_admin({{"tenant", "tenant-1"}, {"op", "get"}});
        }
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    }
}

TEST_P(GovernorStateOf, RefusesAnotherVersionByNumber) {
    AskedGovernor desk = after_a_while(3);
    std::string bytes = saved(desk);
    bytes[0] = 3;
    AskedGovernor loaded = any_governor(GetParam(), {}, 2);
    const auto done = load(loaded, bytes);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::refused);
    EXPECT_NE(done.error().message.find("version 3"), std::string::npos) << done.error().message;
}

TEST_P(GovernorStateOf, GivesOutNoNumberTwice) {
    AskedGovernor desk = after_a_while(5);
    desk.ask({{"tenant", "tenant-1"}, {"op", "get"}});
    AskedGovernor loaded = any_governor(GetParam(), {}, 2);
    ASSERT_TRUE(load(loaded, saved(desk)).has_value());
    EXPECT_EQ(loaded.governor().seq(), desk.governor().seq());
    GovernorState::skip_reserved(loaded.governor());
    EXPECT_EQ(loaded.governor().seq(), NumberLine::ahead);
}

// A governor without tenants, as somebody forged it.
std::string forged(std::uint64_t reserved, std::string_view sizes) {
    ByteBuffer bytes;
    bytes.push_back(2);
    {
        ColumnWriter numbers(bytes);
        for (const std::uint64_t number : {std::uint64_t{0}, reserved, std::uint64_t{0}}) {
            numbers.put(number);
        }
        numbers.put_word(std::uint64_t{7});
    }
    for (int of_tenants = 0; of_tenants < 4; ++of_tenants) {
        ColumnWriter none(bytes);
    }
    ColumnWriter(bytes).put(0);  // images of no tenant
    ColumnWriter(bytes).put_bytes(sizes);
    for (int rest = 0; rest < 14; ++rest) {
        ColumnWriter none(bytes);
    }
    return std::string(bytes.bytes());
}

std::string fault_of(std::string_view bytes) {
    AskedGovernor loaded = any_governor("quota", {}, 2);
    const auto done = load(loaded, bytes);
    return done ? std::string() : done.error().message;
}

// Such a start never came to an end.
TEST(GovernorState, IsDamagedByANumberThatIsLongerThanItsForm) {
    using namespace std::string_view_literals;
    for (const std::string_view sizes : {"\x80\x00\x01"sv, "\x00\x80\x00\x00\x00"sv}) {
        EXPECT_TRUE(fault_of(forged(0, sizes)).ends_with("is damaged: images"));
    }
}

// A forged snapshot that has a governor twice ended the process, at every start.
TEST_P(GovernorStateOf, IsNotLoadedTwice) {
    AskedGovernor desk = after_a_while(12);
    AskedGovernor loaded = any_governor(GetParam(), {}, 2);
    ASSERT_TRUE(load(loaded, saved(desk)).has_value());
    const auto done = load(loaded, saved(desk));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::damaged);
}

// The number after the last that the ring of ids holds ended the process.
TEST(GovernorState, LeavesNumbersToGiveOut) {
    EXPECT_FALSE(fault_of(forged(stored_seq_max, "")).ends_with(": numbers"));
    EXPECT_TRUE(fault_of(forged(stored_seq_max + 1, "")).ends_with(": numbers"));
    EXPECT_TRUE(fault_of(forged((std::uint64_t{1} << 47U) - 1, "")).ends_with(": numbers"));
}

// Tenants come and go: who is left keeps its place, and the next takes the lowest that is free.
TEST(GovernorState, KeepsTenantsInTheirPlaces) {
    AskedGovernor desk = any_governor("quota", {}, 1);
    for (const char* tenant : {"a", "b", "c", "d"}) {
        desk.ask_admin({{"tenant", tenant}, {"resource", "b0"}});
    }
    for (const char* tenant : {"a", "c"}) {
        desk.ask_admin({{"tenant", tenant}, {"op", "forget"}});
    }
    AskedGovernor loaded = any_governor("quota", {}, 2);
    ASSERT_TRUE(load(loaded, saved(desk)).has_value());
    EXPECT_EQ(loaded.governor().tenant_name(1), "b");
    EXPECT_EQ(loaded.governor().tenant_name(3), "d");
    loaded.ask({{"tenant", "e"}, {"resource", "b0"}});
    EXPECT_EQ(loaded.governor().tenant_name(0), "e");
}

TEST(GovernorState, CountsWhatPlainMapsWouldTake) {
    AskedGovernor desk = any_governor("quota", {}, 1);
    const std::uint64_t empty = GovernorState::map_bytes(desk.governor());
    const Json governor = {{"governor", "quota/main"}, {"seq", 0}, {"state", Json::array()}};
    EXPECT_EQ(empty, Json::to_msgpack(governor).size());
    desk.ask({{"tenant", "acme"}, {"resource", "b0"}, {"id", 1}});
    const RememberedId id = [&] {
        RememberedId only;
        desk.governor().ids().walk([&](const RememberedId& it, auto) { only = it; });
        return only;
    }();
    const std::int64_t at = to_ms(desk.now());
    std::string image;
    desk.governor().rules().walk(0, [&](std::span<const std::byte> bytes) {
        image.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    ASSERT_LT(image.size(), 32U);
    const Json maps[] = {
        governor,
        {{"tenant", "acme"}, {"auto", true}, {"state", {std::string(image.size(), 'x')}}},
        {{"seq", 1}, {"at", at}, {"tenant", "acme"}, {"decision", "allow"}, {"amount", 1}},
        {{"key", id.key},
         {"content", id.fingerprint},
         {"seq", 1},
         {"at", at},
         {"tag", desk.governor().ids().tenant_tag("acme")},
         {"decision", "allow"}}};
    std::uint64_t sum = 0;
    for (const Json& map : maps) {
        sum += Json::to_msgpack(map).size();
    }
    EXPECT_EQ(GovernorState::map_bytes(desk.governor()), sum);
}

}  // namespace
}  // namespace flyball
