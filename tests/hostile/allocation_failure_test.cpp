// Memory that runs out: the k-th allocation fails, for every k, while a node starts, while its
// configuration is read again, while a governor is added, in a charge, an admit and a denial. What
// was asked for is done or refused as a whole, and what the node knew it still knows.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <new>

#include "node/node.h"
#include "tests/from_environment.h"
#include "tests/hostile/bare_parts.h"
#include "tests/hostile/heap.h"
#include "tests/sim/memory_disk.h"
#include "tests/unit/node/asked_engine.h"
#include "tests/unit/node/machine.h"

namespace flyball::testing {
namespace {

constexpr const char* config_path = "/etc/flyball/node.toml";
constexpr const char* config_text = R"(
node = "pi-7"
[governor.quota.main]
resources.api_calls = { limit = 100, window = "1d" }
resources.storage_mb = { limit = 5, window = "1h" }
[governor.quota.extra]
max_tenants = 5
)";
constexpr std::int64_t opening_balance = 100;
constexpr const char* other_text = R"(
node = "pi-7"
[governor.quota.main]
resources.api_calls = { limit = 50, window = "1d" }
resources.storage_mb = { limit = 5, window = "2h" }
[governor.billing.extra]
opening_credit = 7
)";

// A node over a disk in memory.
class Device {
public:
    explicit Device(const DiskImage& image) : disk(image) {
        use(config_text);
        said_.topic.reserve(1024);
        said_.payload.reserve(std::size_t{64} * 1024);
    }
    void use(const char* text) { machine_.file(config_path, text); }
    // As the program does: the configuration, its governors tried out, the state. False: an error.
    bool start() {
        Config config = machine_.read();
        check_governors(config, sample_clock().wall);
        if (!config.faults.empty()) {
            return false;
        }
        auto made =
            Node::make({.settings = config.settings,
                        .transport = std::make_unique<Wire>(receiver_, said_),
                        .waker = waker_,
                        .log = log_,
                        .disk = std::make_unique<Lent>(disk),
                        .fresh = {.instance = 11, .seed = 7},
                        .started = sample_clock(),
                        .reread = [this] { return machine_.read(); },
                        .pace = [](Keeper& keeper,
                                   Keeper::Owner&) { return std::make_unique<NoPace>(keeper); }});
        if (!made) {
            return false;
        }
        node_ = std::move(*made);
        node_->start();
        return true;
    }
    void finish() {
        node_->finish();
        node_.reset();
    }
    void forget_what_was_said() { said_.payload.clear(); }
    void hand_over(const Message& message) {
        forget_what_was_said();
        receiver_->on_message(message);
    }
    bool allows(const GovernedAct& act) { return node_->allows(act); }
    bool said_nothing() const { return said_.payload.empty(); }
    Json reply() const { return Json::parse(said_.payload, nullptr, false); }
    Json ask(std::string_view below, const Json& request) {
        const std::string topic = "flyball/v1/local/pi-7/" + std::string(below);
        const std::string payload = request.dump();
        hand_over({.topic = topic, .payload = payload});
        return reply();
    }
    MemoryDisk disk;

private:
    Machine machine_;
    NoWaker waker_;
    Log log_{LogLevel::error, [](LogLevel, const std::string&) {}};
    Receiver* receiver_ = nullptr;
    Wire::Said said_;
    std::unique_ptr<Node> node_;
};

const Json remembered = {{"tenant", "a"}, {"id", "once"}, {"hits", 3}};

DiskImage image_with_a_state() {
    Device device({});
    EXPECT_TRUE(device.start());
    EXPECT_EQ(device.ask("quota/main/request", remembered).at("decision"), "allow");
    EXPECT_EQ(device.ask("control", {{"op", "add_governor"}, {"type", "quota"}, {"name", "more"}})
                  .at("decision"),
              "ok");
    const Json topup = {{"op", "topup"}, {"tenant", "b"}, {"amount", opening_balance}, {"id", 1}};
    EXPECT_EQ(device.ask("billing/main/admin", topup).at("decision"), "ok");
    device.finish();
    return device.disk.image();
}

void expect_what_was_known(Device& device) {
    const Json again = device.ask("quota/main/request", remembered);
    EXPECT_TRUE(again.value("replayed", false)) << again;
    EXPECT_EQ(again.at("used"), 3) << again;
    EXPECT_EQ(device.ask("quota/more/request", {{"tenant", "a"}, {"hits", 0}}).at("decision"),
              "allow");
}

// Every k up to `all`, or so many of them, evenly.
std::uint64_t stride(std::uint64_t all) {
    return std::max<std::uint64_t>(1, all / number_from("FLYBALL_ALLOCATIONS", 100));
}

// What became of a node over whose memory the k-th allocation failed; exit statuses that neither a
// sanitizer nor the shell has.
enum class End : std::uint8_t { done = 40, refused, thrown, wrong, process_ended };

Device* at_work = nullptr;                        // in a child
std::function<void(Device&)> look_at_the_next{};  // once the process has ended

// Where a change cannot be noted for the disk the node ends its process: for want of memory, and
// with a disk from which the next one starts.
[[noreturn]] void at_the_end() {
    stop_failing();
    End end = End::wrong;
    try {
        std::rethrow_exception(std::current_exception());
    } catch (const std::bad_alloc&) {
        Device again(at_work->disk.image());
        EXPECT_TRUE(again.start());
        expect_what_was_known(again);
        look_at_the_next(again);
        end = ::testing::Test::HasFailure() ? End::wrong : End::process_ended;
    } catch (...) {
        fmt::print("ended, and not for want of memory\n");
    }
    std::fflush(stdout);
    ::_exit(static_cast<int>(end));
}

End in_a_child(const std::function<End()>& story) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        std::set_terminate(at_the_end);
        End end = End::wrong;
        try {
            end = ::testing::Test::HasFailure() ? End::wrong : story();
        } catch (const std::exception& wrong) {
            fmt::print("{}\n", wrong.what());
        }
        std::fflush(stdout);
        ::_exit(static_cast<int>(end));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const int end = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    const bool is_known =
        end >= static_cast<int>(End::done) && end <= static_cast<int>(End::process_ended);
    return is_known ? static_cast<End>(end) : End::wrong;  // a signal, a sanitizer
}

End try_start(const DiskImage& image, std::uint64_t k) {
    Device device(image);
    at_work = &device;
    look_at_the_next = [](Device&) {};
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
    Device again(device.disk.image());
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
    for (std::uint64_t k = 1; k < all; k += stride(all)) {
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
    std::function<void(Device&, Heard)> expect;
    const char* text = config_text;  // the configuration file by then
    bool from_then_on = false;       // until the message has been taken
};

bool says_done(const Json& reply) {
    return reply.is_object() && reply.value("allowed", false);
}

// The act with the k-th allocation failing, on a device made anew; 0: none does.
End attempt(const Act& act, const DiskImage& image, std::uint64_t k, std::uint64_t& all) {
    const std::string topic = "flyball/v1/local/pi-7/" + std::string(act.below);
    const std::string payload = act.request.dump();
    Device device(image);
    EXPECT_TRUE(device.start());
    device.use(act.text);
    at_work = &device;
    look_at_the_next = [&act](Device& next) {
        next.use(act.text);
        act.expect(next, Heard::nothing);
    };
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
    Device again(device.disk.image());
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
    outlives({"add_governor", "control", add, [&](Device& device, Heard heard) {
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
                  [&](Device& device, Heard heard) {
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

std::int64_t balance_of(Device& device) {
    return device.ask("billing/main/request", {{"op", "get"}, {"tenant", "b"}}).at("balance");
}

std::int64_t used_of(Device& device) {
    return device.ask("quota/main/request", {{"tenant", "b"}, {"hits", 0}}).at("used");
}

// An error has changed nothing, and asked again with its id it is done, once in any case.
void expect_once(Device& device, const char* below, const Json& request, Heard heard,
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
    Act act{"a charge", below, charge, [&](Device& device, Heard heard) {
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
    outlives({"a forget", "billing/main/admin", forget, [&](Device& device, Heard heard) {
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
    outlives({"an admit", below, admit, [&](Device& device, Heard heard) {
                  const bool is_taken = balance_of(device) == opening_balance - amount;
                  EXPECT_TRUE(is_taken || balance_of(device) == opening_balance);
                  EXPECT_EQ(used_of(device), is_taken ? hits : 0);
                  expect_once(device, below, admit, heard, is_taken);
                  EXPECT_EQ(balance_of(device), opening_balance - amount);
                  EXPECT_EQ(used_of(device), hits);
              }});
}

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
    Device device(image);
    device.use(governed_text);
    EXPECT_TRUE(device.start());
    at_work = &device;
    look_at_the_next = [](Device&) {};
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

// Of a client's message on a governed topic: what fails behind the verdict does not let it pass.
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
