// The largest records that one request, one configuration, or time can make: each can be read again
// and is well below what a segment holds, or what the journal makes a larger one for.

#include <gtest/gtest.h>

#include <algorithm>

#include "governors/image_bytes.h"
#include "node/recovery.h"
#include "node/state/journal_format.h"
#include "tests/sim/traffic.h"

namespace flyball::sim {
namespace {

constexpr std::size_t segment_bytes = std::size_t{1} << 20U;
const Instant new_year = instant_from_ms(1'767'225'600'000);
const std::string tenant(64, 't');

Tree::List of_rules(std::size_t values, std::size_t value_bytes) {
    Tree::List rules;
    for (int number = 0; number < 64; ++number) {
        std::string id = std::to_string(number);
        id.resize(64, 'r');
        Tree::List list;
        for (std::size_t at = 0; at < values; ++at) {
            std::string value = std::to_string(at);
            value.resize(value_bytes, 'v');
            list.emplace_back(std::move(value));
        }
        rules.emplace_back(Tree::Map{{"id", std::move(id)},
                                     {"actions", Tree::List{"*"}},
                                     {"attribute", "region"},
                                     {"op", "in"},
                                     {"value", std::move(list)},
                                     {"severity", "warn"}});
    }
    return rules;
}

class Ignores : public RecordVisitor {
    bool visit(const Change& /*change*/) override { return true; }
    bool visit(const GovernorChange& /*change*/) override { return true; }
    bool visit(const EventChange& /*change*/) override { return true; }
    bool visit(const NodeChange& /*change*/) override { return true; }
};

// Keeps the size of the largest record, and sees that each can be read.
class Sizes : public ChangeSink {
public:
    void note(const Change& change) override { writer_.add(change); }
    void note(const GovernorChange& change) override { writer_.add(change); }
    void end_decision() override {
        if (!writer_.empty()) {
            const std::string_view record = writer_.finish();
            Ignores all;
            unread += reader_.read(std::as_bytes(std::span(record)), all) ? 0U : 1U;
            largest = std::max(largest, record.size());
            ++count;
        }
    }
    void begin() {
        end_decision();
        largest = count = 0;
    }
    std::size_t largest = 0;
    std::size_t count = 0;
    std::size_t unread = 0;

private:
    RecordWriter writer_;
    RecordReader reader_;
};

class RecordBounds : public testing::Test {
protected:
    RecordBounds() : desk(options()) {}
    Engine::Options options() {
        Engine::Options all = engine_options();
        all.changes = &sizes;
        return all;
    }
    Result<Governor*> add(std::string_view type, const std::string& name, const Tree& config = {}) {
        auto added = desk.engine().registry().add(type, name, config, new_year);
        sizes.end_decision();
        return added;
    }

    Sizes sizes;
    Desk desk;
};

TEST_F(RecordBounds, OfTheLargestAdmit) {
    ASSERT_TRUE(add("compliance", "main", Tree(Tree::Map{{"rules", of_rules(1, 8)}})));
    ASSERT_TRUE(add("billing", "main", Tree(Tree::Map{{"opening_credit", 100}})));
    ASSERT_TRUE(add("subscription", "main"));
    Json quota = Json::array();
    Json entitlement = Json::array();
    for (int number = 0; number < 8; ++number) {
        std::string name = "n" + std::to_string(number);
        name.resize(63, 'x');
        ASSERT_TRUE(add("quota", name));
        ASSERT_TRUE(add("entitlement", name));
        quota.push_back({{"governor", name}});
        entitlement.push_back({{"governor", name}, {"feature", "basic"}});
    }
    desk.ask({.below = "subscription/main/admin", .request = {{"op", "start"}, {"tenant", tenant}}},
             new_year);
    sizes.begin();
    const Json reply = desk.ask(
        {.below = "admit/request",
         .request = {{"tenant", tenant},
                     {"id", std::string(64, 'i')},
                     {"entitlement", entitlement},
                     {"subscription", Json::object()},
                     {"compliance", {{"action", "store"}, {"attributes", {{"region", "us"}}}}},
                     {"quota", quota},
                     {"billing", {{"amount", 1}}}}},
        new_year);
    EXPECT_EQ(reply.at("decision"), "allow") << reply;
    EXPECT_EQ(reply.at("compliance").at("violations").size(), 64U);
    EXPECT_EQ(sizes.unread, 0U);
    EXPECT_GT(sizes.largest, 6U * 1024);
    EXPECT_LT(sizes.largest, segment_bytes / 16);
}

// A tenant that comes back after ten years of a period of a second, all of it by one request.
TEST_F(RecordBounds, OfTimeThatOneRequestLetsPass) {
    const Tree plan(Tree::Map{{"period", "1s"}, {"trial", "0s"}});
    ASSERT_TRUE(add("subscription", "main",
                    Tree(Tree::Map{{"plans", Tree::Map{{"std", plan}}}, {"notice", "10ms"}})));
    desk.ask({.below = "subscription/main/admin", .request = {{"op", "start"}, {"tenant", tenant}}},
             new_year);
    sizes.begin();
    const Json reply = desk.ask(
        {.below = "subscription/main/request", .request = {{"op", "get"}, {"tenant", tenant}}},
        new_year + std::chrono::hours{24 * 3650});
    EXPECT_EQ(reply.at("state"), "active");
    EXPECT_EQ(sizes.unread, 0U);
    EXPECT_GT(sizes.count, 1000U);
    EXPECT_LT(sizes.largest, 1024U);
}

TEST_F(RecordBounds, OfALargeConfiguration) {
    ASSERT_TRUE(add("compliance", "large", Tree(Tree::Map{{"rules", of_rules(256, 100)}})));
    EXPECT_EQ(sizes.unread, 0U);
    EXPECT_GT(sizes.largest, segment_bytes);
    EXPECT_LT(sizes.largest, segment_bytes_max);
    const auto refused = add("compliance", "huge", Tree(Tree::Map{{"rules", of_rules(256, 1000)}}));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.starts_with("config: ")) << refused.error().message;
}

// A forged one: governors could not keep what they make of it.
TEST(RecordTime, IsNoneThatNoGovernorCanKeep) {
    const auto is_read = [](std::int64_t ms) {
        RecordWriter writer;
        writer.add(NodeChange{.at = instant_from_ms(ms)});
        Ignores all;
        return RecordReader().read(std::as_bytes(std::span(writer.finish())), all);
    };
    EXPECT_TRUE(is_read(stored_ms_max));
    EXPECT_TRUE(is_read(-stored_ms_max));
    EXPECT_FALSE(is_read(stored_ms_max + 1));
    EXPECT_FALSE(is_read(INT64_MIN));
}

}  // namespace
}  // namespace flyball::sim
