// The health report's bounds: whole JSON of so many bytes, whatever there is to report.

#include "node/health.h"

#include <gtest/gtest.h>

#include "tests/unit/node/asked_engine.h"

namespace flyball {
namespace {

Json report_of(Engine& engine, Instant now, std::size_t bytes_max) {
    const Root root{"flyball/v1", std::string(63, 'r'), std::string(63, 'n')};
    const Latency latency;
    const ProcessStats process{};
    const EventQueue events(root, 10);
    const Keeper::Health state{};
    Writer writer(Encoding::json);
    write_health(writer, {.status = "online",
                          .root = root,
                          .engine = engine,
                          .latency = latency,
                          .recent = {},
                          .process = process,
                          .rates = {},
                          .events = events,
                          .state = state,
                          .at = now,
                          .started_at = now,
                          .clock = "synchronized",
                          .transport = "loopback",
                          .broker = "loopback",
                          .policy_rev = "0123456789ab",
                          .governed = GovernedTopics(root),
                          .bytes_max = bytes_max});
    EXPECT_LE(writer.bytes().size(), bytes_max);
    return Json::parse(writer.bytes());
}

TEST(Health, StaysWithinItsBytesAndListsTheGovernorsThatAreDownFirst) {
    AskedEngine node;
    Registry& registry = node.engine().registry();
    constexpr std::size_t governors = 40;
    for (std::size_t i = 0; i < governors; ++i) {
        const std::string name = "g" + std::to_string(i);
        ASSERT_TRUE(registry.add("billing", name, Tree(Tree::Map{}), node.now()).has_value());
        registry.find("billing", name)->standing().down = i >= governors - 5;
    }
    for (const std::size_t bytes_max : {health_bytes_max, std::size_t{6000}}) {
        const Json report = report_of(node.engine(), node.now(), bytes_max);
        EXPECT_EQ(report.at("governors_total"), governors + 1);
        const Json& rows = report.at("governors");
        EXPECT_EQ(rows.size() == health_governors_max, bytes_max == health_bytes_max);
        ASSERT_GT(rows.size(), 8U);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            EXPECT_EQ(rows[i].at("status"), i < 5 ? "down" : "up") << rows[i];
        }
    }
}

}  // namespace
}  // namespace flyball
