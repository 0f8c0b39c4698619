// Memory that runs out: the k-th allocation fails, for every k, while a node starts, while its
// configuration is read again, while a governor is added, in a charge and in an admit. What was
// asked for is done or refused as a whole, and what the node knew it still knows.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <new>

#include "tests/from_environment.h"
#include "tests/hostile/starved_device.h"

namespace flyball::testing {
namespace {

constexpr const char* other_text = R"(
node = "pi-7"
state.max_bytes = "1 MiB"
[governor.quota.main]
resources.api_calls = { limit = 50, window = "1d" }
resources.storage_mb = { limit = 5, window = "2h" }
[governor.billing.extra]
opening_credit = 7
)";

// Each `stride(all)`-th of `all` allocations fails, one each time, so that about this many do.
#ifdef NDEBUG
constexpr std::uint64_t failures_wanted = 5'000;
#else  // under sanitizers, which take ten times as long
constexpr std::uint64_t failures_wanted = 25;
#endif
std::uint64_t stride(std::uint64_t all) {
    return std::max<std::uint64_t>(1, all / number_from("FLYBALL_ALLOCATIONS", failures_wanted));
}

End try_start(const DiskImage& image, std::uint64_t k) {
    StarvedDevice device(image);
    set_at_work(device, [](StarvedDevice&) {});
    bool started = false;
    bool thrown = false;
    fail_allocation(k);
    try {
        started = device.start();
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    const bool struck = stop_failing();
    if (started) {
        expect_what_was_known(device);
        return End::done;
    }
    EXPECT_TRUE(struck);
    StarvedDevice again(device.disk.image());
    EXPECT_TRUE(again.start());
    expect_what_was_known(again);
    return ::testing::Test::HasFailure() ? End::wrong : thrown ? End::thrown : End::refused;
}

TEST(AllocationFailure, AtTheStartIsAnErrorAndLeavesTheStateAsItWas) {
    const DiskImage image = image_with_a_state();
    const std::uint64_t before = allocations();
    ASSERT_EQ(try_start(image, 0), End::done);
    const std::uint64_t all = allocations() - before;
    std::map<End, int> ends;
    for (std::uint64_t k = 1; k <= all; k += stride(all)) {
        const End end = in_a_child([&] { return try_start(image, k); });
        ASSERT_NE(end, End::wrong) << "allocation " << k;
        ++ends[end];
    }
    fmt::print(
        "start: {} allocations; with one of them failing: {} started, {} said that there is "
        "no memory, {} ended the process; state intact\n",
        all, ends[End::done], ends[End::refused] + ends[End::thrown], ends[End::process_ended]);
    EXPECT_GT(ends[End::thrown], 0);
}

// What the client hears. Silence says nothing: it is done or not, and asking again tells.
enum class Heard : std::uint8_t { done, refused, nothing };

struct Act {
    const char* what;
    const char* below;
    Json request;
    std::function<void(StarvedDevice&, Heard)> expect;
    const char* text = starved_config;  // the configuration file by then
    bool from_then_on = false;          // until the message has been taken
};

bool says_done(const Json& reply) {
    return reply.is_object() && reply.value("allowed", false);
}

// The act with the k-th allocation failing, on a device made anew; 0: none does.
End attempt(const Act& act, const DiskImage& image, std::uint64_t k, std::uint64_t& all) {
    const std::string topic = "flyball/v1/local/pi-7/" + std::string(act.below);
    const std::string payload = act.request.dump();
    StarvedDevice device(image);
    EXPECT_TRUE(device.start());
    device.use(act.text);
    set_at_work(device, [&act](StarvedDevice& next) {
        next.use(act.text);
        act.expect(next, Heard::nothing);
    });
    const std::uint64_t before = allocations();
    fail_allocation(k, act.from_then_on);
    device.hand_over({.topic = topic, .payload = payload});
    const bool struck = stop_failing();
    all = k == 0 ? allocations() - before : all;
    const Json reply = device.reply();
    const bool done = says_done(reply);
    EXPECT_TRUE(struck || done) << reply;
    const Heard heard = done ? Heard::done : reply.is_discarded() ? Heard::nothing : Heard::refused;
    EXPECT_TRUE(heard != Heard::refused || reply.value("reason", "") == "overloaded") << reply;
    expect_what_was_known(device);
    act.expect(device, heard);
    device.finish();
    // An error in a governor's name is counted there, like any other.
    const bool counts =
        heard == Heard::nothing || (heard == Heard::refused && !reply.contains("id"));
    EXPECT_EQ(device.reply().at("throughput").at("refused"), counts ? 1 : 0) << device.reply();
    const Json policy_rev = device.reply().at("policy_rev");
    StarvedDevice again(device.disk.image());
    again.use(act.text);
    EXPECT_TRUE(again.start());
    expect_what_was_known(again);
    again.finish();
    EXPECT_EQ(again.reply().at("policy_rev"), policy_rev);
    return ::testing::Test::HasFailure() ? End::wrong : done ? End::done : End::refused;
}

void outlives(const Act& act) {
    const DiskImage image = image_with_a_state();
    std::uint64_t all = 0;
    ASSERT_EQ(attempt(act, image, 0, all), End::done);
    std::map<End, int> ends;
    for (std::uint64_t k = 1; k <= all; k += stride(all)) {
        const End end = in_a_child([&] { return attempt(act, image, k, all); });
        ASSERT_NE(end, End::wrong) << "allocation " << k;
        ++ends[end];
    }
    fmt::print(
        "{}: {} allocations; with one of them failing: {} done, {} refused, {} ended the "
        "process; state intact\n",
        act.what, all, ends[End::done], ends[End::refused], ends[End::process_ended]);
    EXPECT_GT(ends[End::refused], 0);
}

TEST(AllocationFailure, WhileAGovernorIsAddedAddsItWholeOrNotAtAll) {
    const Json add = {{"op", "add_governor"}, {"type", "billing"}, {"name", "late"}};
    outlives({"add_governor", "control", add, [&](StarvedDevice& device, Heard heard) {
                  const Json again = device.ask("control", add);
                  const bool was_there = again.value("field", "") == "name";
                  EXPECT_TRUE(was_there || again.at("decision") == "ok") << again;
                  EXPECT_TRUE(heard == Heard::nothing || was_there == (heard == Heard::done))
                      << again;
                  const Json get = {{"op", "get"}, {"tenant", "a"}};
                  EXPECT_EQ(device.ask("billing/late/request", get).at("reason"), "unknown_tenant");
              }});
}

TEST(AllocationFailure, WhileTheConfigurationIsReadAgainLeavesItWholeOrNotAtAll) {
    const Json reload = {{"op", "reload"}};
    outlives({.what = "reload",
              .below = "control",
              .request = reload,
              .expect =
                  [&](StarvedDevice& device, Heard heard) {
                      const Json look = {{"tenant", "a"}, {"hits", 0}};
                      const bool is_done = device.ask("quota/main/request", look).at("limit") == 50;
                      EXPECT_EQ(device.ask("quota/extra/request", look).value("reason", "") ==
                                    "unknown_governor",
                                is_done);
                      EXPECT_TRUE(heard == Heard::nothing || is_done == (heard == Heard::done));
                      EXPECT_EQ(device.ask("control", reload).at("decision"), "ok");
                      EXPECT_EQ(device.ask("quota/main/request", look).at("limit"), 50);
                      EXPECT_EQ(device.ask("quota/extra/request", look).at("reason"),
                                "unknown_governor");
                  },
              .text = other_text});
}

std::int64_t balance_of(StarvedDevice& device) {
    return device.ask("billing/main/request", {{"op", "get"}, {"tenant", "b"}}).at("balance");
}

std::int64_t used_of(StarvedDevice& device) {
    return device.ask("quota/main/request", {{"tenant", "b"}, {"hits", 0}}).at("used");
}

// An error has changed nothing, and asked again with its id it is done, once in any case.
void expect_once(StarvedDevice& device, const char* below, const Json& request, Heard heard,
                 bool has_effect) {
    EXPECT_TRUE(heard == Heard::nothing || has_effect == (heard == Heard::done));
    const Json again = device.ask(below, request);
    EXPECT_EQ(again.at("decision"), "allow") << again;
    EXPECT_EQ(again.value("replayed", false), has_effect) << again;
}

TEST(AllocationFailure, InAChargeTakesTheMoneyOnceOrSaysThatItDidNot) {
    constexpr std::int64_t amount = 7;
    const char* const below = "billing/main/request";
    const Json charge = {{"op", "charge"}, {"tenant", "b"}, {"amount", amount}, {"id", "charge"}};
    Act act{"a charge", below, charge, [&](StarvedDevice& device, Heard heard) {
                const bool is_taken = balance_of(device) == opening_balance - amount;
                EXPECT_TRUE(is_taken || balance_of(device) == opening_balance);
                expect_once(device, below, charge, heard, is_taken);
                EXPECT_EQ(balance_of(device), opening_balance - amount);
            }};
    outlives(act);
    act.what = "a charge, with no memory left from then on";
    act.from_then_on = true;
    outlives(act);
}

TEST(AllocationFailure, WhileATenantIsForgottenForgetsItOrSaysThatItDidNot) {
    const Json forget = {{"op", "forget"}, {"tenant", "b"}, {"id", "gone"}};
    outlives({"a forget", "billing/main/admin", forget, [&](StarvedDevice& device, Heard heard) {
                  const Json get = {{"op", "get"}, {"tenant", "b"}};
                  const Json left = device.ask("billing/main/request", get);
                  const bool is_gone = left.value("reason", "") == "unknown_tenant";
                  EXPECT_TRUE(is_gone || left.value("balance", 0) == opening_balance) << left;
                  EXPECT_TRUE(heard == Heard::nothing || is_gone == (heard == Heard::done));
              }});
}

TEST(AllocationFailure, InAnAdmitAppliesAllOfItOnceOrNothing) {
    constexpr std::int64_t amount = 7;
    constexpr std::int64_t hits = 2;
    const char* const below = "admit/request";
    const Json admit = {{"tenant", "b"},
                        {"id", "admit"},
                        {"entitlement", {{"feature", "basic"}}},
                        {"compliance", {{"action", "store"}}},
                        {"quota", {{"hits", hits}}},
                        {"billing", {{"amount", amount}}}};
    outlives({"an admit", below, admit, [&](StarvedDevice& device, Heard heard) {
                  const bool is_taken = balance_of(device) == opening_balance - amount;
                  EXPECT_TRUE(is_taken || balance_of(device) == opening_balance);
                  EXPECT_EQ(used_of(device), is_taken ? hits : 0);
                  expect_once(device, below, admit, heard, is_taken);
                  EXPECT_EQ(balance_of(device), opening_balance - amount);
                  EXPECT_EQ(used_of(device), hits);
              }});
}

}  // namespace
}  // namespace flyball::testing
