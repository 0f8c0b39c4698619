// A large batch lets others go between its slices: what is decided around them is decided in one
// order and in one time, and counts together. By the seed.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/sim/traffic.h"

namespace flyball::sim {
namespace {

constexpr std::int64_t window_ms = 20;
constexpr std::int64_t limit = 50;
constexpr std::uint64_t entries = 400;

class Breath : public testing::TestWithParam<std::uint64_t> {
protected:
    struct Decided {
        std::int64_t at = 0;
        bool allowed = false;
    };
    Breath() {
        const Tree resource(Tree::Map{{"limit", limit}, {"window", "20ms"}});
        const Tree::Map resources{{"api_calls", resource}};
        EXPECT_TRUE(desk.engine().registry().add("quota", "main",
                                                 Tree(Tree::Map{{"resources", resources}}), now));
    }
    static Asked asked(Json request) {
        return {.below = "quota/main/request", .request = std::move(request), .pass_ms = 0};
    }
    // By number, which is the order in which they were decided.
    void take(const Json& reply) {
        for (const Json& one : reply.is_array() ? reply : Json::array({reply})) {
            const bool fresh = decided
                                   .emplace(one.at("seq").get<std::uint64_t>(),
                                            Decided{one.at("at").get<std::int64_t>(),
                                                    one.at("allowed").get<bool>()})
                                   .second;
            EXPECT_TRUE(fresh) << "a number twice: " << one;
        }
    }
    // Others come, later than the batch.
    void others_come() {
        now += Span{static_cast<std::int64_t>(traffic.pick(15))};
        for (std::uint64_t more = traffic.pick(6); more > 0; --more) {
            take(desk.ask(asked({{"tenant", "ann"}}), now));
            now += Span{static_cast<std::int64_t>(traffic.pick(3))};
        }
    }

    Instant now = instant_from_ms(1'767'225'600'000);
    Traffic traffic{GetParam()};
    Desk desk{engine_options()};
    std::map<std::uint64_t, Decided> decided;
};

TEST_P(Breath, LetsOthersGoInOneOrderAndOneTime) {
    desk.on_breath([this] { others_come(); });
    for (int batches = 0; batches < 5; ++batches) {
        Json batch = Json::array();
        for (std::uint64_t entry = 0; entry < entries; ++entry) {
            batch.push_back({{"tenant", traffic.pick(3) == 0 ? "bob" : "ann"}});
        }
        take(desk.ask(asked(std::move(batch)), now));
        others_come();
    }
    EXPECT_GT(decided.size(), 5 * entries) << "and others were let go";
    std::int64_t before = 0;
    for (const auto& [seq, one] : decided) {
        EXPECT_GE(one.at, before) << "I9: time runs back at " << seq;
        before = one.at;
    }
    std::map<std::int64_t, std::int64_t> granted;  // to both tenants
    for (const auto& [seq, one] : decided) {
        granted[one.at / window_ms] += one.allowed ? 1 : 0;
    }
    for (const auto& [window, count] : granted) {
        EXPECT_LE(count, 2 * limit) << "I1: over-granted in the window " << window;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Breath, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace flyball::sim
