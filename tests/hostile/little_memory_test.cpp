// A node that may have 32 MiB and some thousand tenants, or the 64 MiB of its service and as many
// as it takes: it starts, is flooded, reads its configuration again, gets another governor, is
// killed and comes back, all in one process each time. The limit is the kernel's on data, which
// counts what was asked for as well as what was touched, and so is met before a service's MemoryMax
// would be. Not with sanitizers, which need more for themselves.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/build_tree.h"
#include "tests/e2e/kill_load.h"
#include "tests/e2e/raw_client.h"
#include "tests/from_environment.h"
#include "tests/hostile/neighbour.h"
#include "transport/paho.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;

const std::string replies = "flyball/v1/reply/test/little";
constexpr Span patience{60'000};
constexpr int stack_kb = 1024;  // of a thread; else 8 MiB each that nobody touches
// Of a governor that takes 10,000; the rest is for those whose answers are looked at.
constexpr int tenants_max = 9'000;
constexpr int entries = 1000;

const std::string config = std::string(R"(
[state]
durability = "commit"
[health]
interval = "1s"
[governor.quota.own]
)") + KillLoad::governors;

std::int64_t kb_of(pid_t pid, const std::string& name) {
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    for (std::string word; status >> word;) {
        if (word == name) {
            std::int64_t kb = 0;
            status >> kb;
            return kb;
        }
    }
    return 0;
}

// The node's program under a limit that it cannot raise.
class Limited {
public:
    explicit Limited(std::int64_t data_kb) {
        std::string pattern = std::filesystem::temp_directory_path() / "flyball-little-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        folder_ = pattern;
        std::ofstream(program()) << "#!/bin/sh\nulimit -s " << stack_kb << "\nulimit -d " << data_kb
                                 << "\nexec '" << node_program() << "' \"$@\"\n";
        std::filesystem::permissions(program(), std::filesystem::perms::owner_all);
    }
    ~Limited() {
        std::error_code ignored;  // a leftover folder in the temporary directory fails no test
        std::filesystem::remove_all(folder_, ignored);
    }
    Limited(const Limited&) = delete;
    Limited& operator=(const Limited&) = delete;
    std::filesystem::path program() const { return folder_ / "flyball-node"; }

private:
    std::filesystem::path folder_;
};

struct Scene {
    explicit Scene(std::int64_t kb) : data_kb(kb), limited(kb), node(settings()) {}
    NodeProcessSettings settings() const {
        NodeProcessSettings all{.broker = broker.address(), .config = config, .flags = {}};
        all.program = limited.program();
        return all;
    }
    Json ask(const std::string& below, const std::string& payload, Span deadline = patience) {
        const std::string topic = node.root() + "/" + below;
        return Json::parse(client
                               .ask({.topic = topic,
                                     .payload = payload,
                                     .response_topic = replies,
                                     .has_response_topic = true},
                                    deadline)
                               .payload);
    }
    // So many tenants, each by a request of its own.
    void fill(const std::string& below, const Json& request, int tenants) {
        for (int first = 0; first < tenants; first += entries) {
            Json batch = Json::array();
            for (int i = 0; i < entries; ++i) {
                Json entry = request;
                entry["tenant"] = fmt::format("tenant-{}", first + i);
                entry["id"] = first + i;
                entry["brief"] = true;
                batch.push_back(std::move(entry));
            }
            const Json answers = ask(below, batch.dump());
            ASSERT_EQ(answers.size(), batch.size()) << answers;
        }
    }
    void work() {
        load.ask_new(100, 0);
        load.ask_until_answered();
        load.settle();
        load.life_ends();
        load.recheck();
    }
    void print(const char* what) const {
        fmt::print("{:<24} RSS {:>6} KB, at its height {:>6} KB, data {:>6} KB of {}\n", what,
                   kb_of(node.pid(), "VmRSS:"), kb_of(node.pid(), "VmHWM:"),
                   kb_of(node.pid(), "VmData:"), data_kb);
    }

    std::int64_t data_kb;
    Broker broker;
    Limited limited;
    NodeProcess node;
    BusClient client{broker.address(), {replies}};
    KillLoad load{client, node.root(), replies, number_from("FLYBALL_SEED", 1)};
};

void fill_all(Scene& scene, int tenants) {
    scene.fill("quota/main/request", Json::object(), tenants);
    scene.fill("billing/main/admin", {{"op", "topup"}, {"amount", 5}}, tenants);
    scene.fill("entitlement/main/admin", {{"op", "set_tier"}, {"tier", "pro"}}, tenants);
    scene.fill("compliance/main/request", {{"action", "store"}}, tenants);
    scene.fill("subscription/main/admin", {{"op", "start"}}, tenants);
}

// Counts the answers to those who named no topic for them.
class Decisions final : public Recorder {
public:
    Decisions(const std::string& broker, const std::string& topic) {
        PahoOptions options;
        options.broker = broker;
        options.client_id = "decisions";
        options.filters = {topic};
        options.inbound_packet_max = 0;
        options.tick_topic = "tick/decisions";
        link_ = std::move(make_paho(std::move(options))).value();
        link_->start(*this);
        EXPECT_TRUE(eventually([this] { return link_->link() == LinkState::up; }, patience));
    }
    ~Decisions() override { link_->stop(); }
    Decisions(const Decisions&) = delete;
    Decisions& operator=(const Decisions&) = delete;
    // Of a refusal there is one in the node's own count.
    void on_message(const Message& message) noexcept override {
        const bool refused = message.payload.starts_with('{') &&
                             message.payload.find(R"("overloaded")") != std::string_view::npos;
        made += refused ? 0 : 1;
    }
    std::atomic<std::size_t> made{0};

private:
    std::unique_ptr<Transport> link_;
};

std::size_t refused_by(const Neighbour& neighbour) {
    return Json::parse(neighbour.last_report()).at("throughput").at("refused");
}

constexpr std::size_t flood_batches = 600;
constexpr std::size_t flood_nonsense = 40;
constexpr std::size_t flood_messages = flood_batches + flood_nonsense;

// More than the inbox holds, as fast as a client can.
void flood(Scene& scene) {
    RawClient rude(scene.broker.port(), {.client_id = "rude"});
    std::string batch = "[";
    for (int i = 0; i < 1024; ++i) {
        batch += i == 0 ? R"({"tenant":"tenant-1"})" : R"(,{"tenant":"tenant-1"})";
    }
    batch += "]";
    const std::string topic = scene.node.root() + "/quota/main/request";
    for (std::size_t i = 0; i < flood_batches; ++i) {
        rude.publish(topic, batch, 0);
    }
    for (std::size_t i = 0; i < flood_nonsense; ++i) {
        rude.publish(topic, std::string(250'000, i % 2 == 0 ? '[' : ' '), 0);
    }
    rude.ping();
}

// Each message is answered or counted; and of its own reports, as long as they find no memory.
void expect_all_accounted(Scene& scene, const Neighbour& neighbour) {
    const Decisions decisions(scene.broker.address(), scene.node.root() + "/quota/main/decision");
    ASSERT_TRUE(eventually([&] { return neighbour.reports() > 0; }, patience));
    const std::size_t refused_before = refused_by(neighbour);
    const std::size_t reports_before = neighbour.reports();
    flood(scene);
    const auto accounted = [&] { return decisions.made + refused_by(neighbour) - refused_before; };
    EXPECT_TRUE(eventually([&] { return accounted() >= flood_messages; }, patience))
        << (scene.node.running() ? "it is silent:\n" : "it has ended:\n") << scene.node.log();
    const std::size_t refused = refused_by(neighbour) - refused_before;
    fmt::print("{} messages: {} decided, {} refused\n", flood_messages, decisions.made.load(),
               refused);
    EXPECT_GE(decisions.made + refused, flood_messages);
    EXPECT_LE(decisions.made + refused, flood_messages + neighbour.reports() - reports_before);
}

// While the inbox is full everybody is refused, a hundred a second of them with an answer.
bool is_allowed_again(Scene& scene) {
    try {
        return scene.ask("quota/own/request", R"({"tenant":"quiet"})", Span{1000}).at("decision") ==
               "allow";
    } catch (const std::runtime_error&) {
        return false;  // no answer within the second
    }
}

// What it logged.
std::string lives_with(std::int64_t data_kb, int tenants) {
    fmt::print("FLYBALL_SEED={}\n", number_from("FLYBALL_SEED", 1));
    Scene scene(data_kb);
    Neighbour neighbour(scene.broker.address(), scene.node.root());
    const pid_t first = scene.node.pid();
    scene.print("started");
    fill_all(scene, tenants);
    scene.print("all tenants");
    expect_all_accounted(scene, neighbour);
    EXPECT_TRUE(eventually([&] { return is_allowed_again(scene); }, patience))
        << (scene.node.running() ? "it is silent:\n" : "it has ended:\n") << scene.node.log();
    neighbour.ask(50);
    scene.print("flooded");
    scene.load.open_accounts();  // now: a governor remembers the last 1,024 ids
    EXPECT_EQ(scene.ask("control", R"({"op":"reload"})").at("decision"), "ok");
    EXPECT_EQ(scene.ask("control", R"({"op":"add_governor","type":"quota","name":"late"})")
                  .at("decision"),
              "ok");
    EXPECT_EQ(scene.ask("control", R"({"op":"snapshot"})").at("decision"), "ok");
    scene.work();
    scene.print("reload, snapshot");
    EXPECT_TRUE(scene.node.running()) << scene.node.log();
    EXPECT_EQ(scene.node.pid(), first);

    scene.node.kill();
    scene.node.start();
    scene.print("killed, started");
    scene.work();
    scene.load.check_levels();
    neighbour.ask(10);
    EXPECT_EQ(
        scene.ask("billing/main/request", R"({"op":"get","tenant":"tenant-7"})").at("balance"), 5);
    EXPECT_EQ(scene.load.lost + scene.load.doubled + scene.load.seq_reused, 0U);
    EXPECT_EQ(scene.node.stop(), 0) << scene.node.log();
    return scene.node.log();
}

TEST(LittleMemory, Of32MiBIsEnoughForAThousandTenantsEachAFloodAReloadAndARestart) {
    lives_with(32 * 1024, entries);
}

// What waits has no room here, and what takes some MB while it is decided often has none.
TEST(LittleMemory, OfALittleMoreThanTheTenantsTakeIsRefusedToAFloodAndThereForOthers) {
    lives_with(20 * 1024, entries);
}

TEST(LittleMemory, OfTheServiceIsEnoughForAllTenantsAFloodAReloadAndARestart) {
    const std::string log = lives_with(64 * 1024, tenants_max);
    EXPECT_EQ(log.find("out of memory"), std::string::npos) << log;
}

}  // namespace
}  // namespace flyball::testing
