// Memory that runs out while a message on a governed topic is denied: for every k the k-th
// allocation fails. What fails behind the verdict does not let the message pass.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/hostile/starved_device.h"

namespace flyball::testing {
namespace {

// One message a day, and with an error none.
constexpr const char* governed_text = R"(
node = "pi-7"
[governor.quota.main]
resources.api_calls = { limit = 100, window = "1d" }
resources.one = { limit = 1, window = "1d" }
[governor.quota.extra]
max_tenants = 5
[[govern]]
topic = "data/#"
governor = "quota/main"
request = { resource = "one" }
on_error = "deny"
)";

End try_denial(const DiskImage& image, std::uint64_t k, std::uint64_t& all) {
    StarvedDevice device(image);
    device.use(governed_text);
    EXPECT_TRUE(device.start());
    set_at_work(device, [](StarvedDevice&) {});
    EXPECT_TRUE(device.allows({.topic = "data/first", .user = "ann"}));
    device.forget_what_was_said();
    const std::uint64_t before = allocations();
    fail_allocation(k);
    const bool allowed = device.allows({.topic = "data/second", .user = "ann"});
    const bool struck = stop_failing();
    all = k == 0 ? allocations() - before : all;
    EXPECT_TRUE(struck || k == 0);
    EXPECT_FALSE(allowed);
    EXPECT_TRUE(device.said_nothing()) << "nobody has asked a node: " << device.reply();
    expect_what_was_known(device);
    return ::testing::Test::HasFailure() ? End::wrong : End::done;
}

TEST(AllocationFailure, InADenialOfAMessageDropsItAllTheSame) {
    const DiskImage image = image_with_a_state();
    std::uint64_t all = 0;
    ASSERT_EQ(try_denial(image, 0, all), End::done);
    ASSERT_GT(all, 0U);
    for (std::uint64_t k = 1; k <= all; ++k) {
        ASSERT_NE(in_a_child([&] { return try_denial(image, k, all); }), End::wrong)
            << "allocation " << k << " of " << all;
    }
    fmt::print("a denial of a message: {} allocations\n", all);
}

}  // namespace
}  // namespace flyball::testing
