// A load generator's connection to a real broker.

#include "fleet/load/load_link.h"

#include <gtest/gtest.h>

#include "tests/contract/recorder.h"
#include "tests/e2e/broker.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

bool becomes(const LoadLink& link, bool up, Span within) {
    return eventually([&] { return link.up() == up; }, within);
}

// What it asks while it is away counts as silence of nodes that are there; a node's own pauses
// double up to a minute when connections are short.
TEST(LoadLink, IsBackSoonHoweverOftenItsBrokerDies) {
    Broker broker;
    BusOptions bus;
    bus.broker = broker.address();
    const auto link = make_load_link(bus, -1);
    ASSERT_TRUE(link) << link.error().message;
    ASSERT_TRUE(becomes(**link, true, 20s)) << (*link)->trouble();
    for (int round = 0; round < 7; ++round) {
        broker.kill();
        ASSERT_TRUE(becomes(**link, false, 20s));
        broker.start();
        ASSERT_TRUE(becomes(**link, true, 5s)) << "round " << round << ", " << (*link)->trouble();
    }
}

}  // namespace
}  // namespace flyball::testing
