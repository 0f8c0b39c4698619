// flyball fleet: a small fleet of real brokers and nodes, from the first process to nothing left.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "tests/build_tree.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/running_fleet.h"

namespace flyball::testing {
namespace {

using FleetRun = RunningFleet;

TEST_F(FleetRun, SixDevicesCanBeScaledKilledAndStopped) {
    const auto run = start({"run", "--devices", "us-east=3,eu-west=3", "--governors", "7", "--rate",
                            "0", "--for", "10m"});
    ASSERT_TRUE(await(all_up(6)).is_object()) << run->err();
    EXPECT_EQ(fleet({"scale", "eu-west=+2"}).status, 0);
    ASSERT_TRUE(await(all_up(8)).is_object()) << run->err();
    EXPECT_EQ(fleet({"scale", "us-east=1"}).status, 0);
    const Json before = await([](const Json& now) {
        return now["up"] == 6 && node(now, "us-east/device-02").empty() &&
               node(now, "us-east/device-03").empty();
    });
    ASSERT_TRUE(before.is_object()) << run->err();

    EXPECT_EQ(fleet({"kill", "eu-west/device-05"}).status, 0);
    const Json after = await([](const Json& now) {
        return node(now, "eu-west/device-05")["restarts"] == 1 && now["up"] == 6;
    });
    ASSERT_TRUE(after.is_object()) << run->err();
    EXPECT_NE(node(after, "eu-west/device-05")["pid"], node(before, "eu-west/device-05")["pid"]);

    EXPECT_EQ(fleet({"kill", "eu-west/device-77"}).status, 2);
    EXPECT_EQ(fleet({"scale", "mars=+1"}).status, 2);
    EXPECT_EQ(fleet({"scale", "eu-west"}).status, 64);
    EXPECT_EQ(fleet({"scale", "eu-west=+-1"}).status, 64);
    EXPECT_EQ(fleet({"status", "--rate", "7"}).status, 64);
    EXPECT_EQ(fleet({"stop", "eu-west"}).status, 64);
    EXPECT_NE(fleet({"status"}).out.find("6/6 devices up"), std::string::npos);
    EXPECT_EQ(fleet({"stop"}).status, 0);
    EXPECT_EQ(run->wait(), 0) << run->err();
    expect_nothing_left();
    const Ran gone = fleet({"status"});
    EXPECT_EQ(gone.status, 69);
    EXPECT_NE(gone.err.find("no fleet runs here"), std::string::npos) << gone.err;
}

TEST_F(FleetRun, TwoFleetsAreBothToBeReached) {
    const auto first = start({"run", "--devices", "eu=1", "--governors", "5", "--rate", "0"});
    ASSERT_TRUE(await(all_up(1)).is_object()) << first->err();
    const auto second = start({"run", "--devices", "us=2", "--governors", "5", "--rate", "0"});
    const std::string hint = "reach this one with --broker ";
    std::string said;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (said.find(hint) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(20ms);
        said = second->err();
    }
    ASSERT_NE(said.find(hint), std::string::npos) << said;
    const std::string rest = said.substr(said.find(hint) + hint.size());
    const std::string broker = rest.substr(0, rest.find('\n'));
    EXPECT_EQ(status()["devices"], 1) << "the file still names the first";
    const Ran other = fleet({"status", "--json", "--broker", broker});
    EXPECT_EQ(Json::parse(other.out, nullptr, false)["devices"], 2) << other.out << other.err;
    EXPECT_EQ(fleet({"stop", "--broker", broker}).status, 0);
    second->wait();
    EXPECT_EQ(status()["devices"], 1) << "nor did its end take the file away";
    EXPECT_EQ(fleet({"stop"}).status, 0);
    first->wait();
    expect_nothing_left();
}

TEST_F(FleetRun, GarbageOnTheBusEndsNothing) {
    const auto run =
        start({"run", "--devices", "eu=1", "--governors", "5", "--rate", "0", "--for", "10m"});
    const Json now = await(all_up(1));
    ASSERT_TRUE(now.is_object()) << run->err();
    BusClient stranger(now["hub"], {"stranger/reply"});
    const std::string control = "flyball/fleet/" + now["run"].get<std::string>() + "/control";
    const std::string device = "flyball/v1/eu/device-01/";
    const std::vector<std::pair<std::string, std::string>> messages{
        {device + "health", R"({"status":5})"},
        {device + "health", R"([{"status":"online"}])"},
        {device + "health", R"({"status":"online","session":"x","governors":[{"status":1}]})"},
        {device + "health", R"({"status":"online","session":0,"governors_total":"5"})"},
        {device + "quota/main/event", R"({"n":1e999})"},
        {device + "quota/main/event", "[1]"},
        {control, R"({"op":"status","reply_to":5})"},
        {control, R"({"op":["status"]})"},
        {control, "\x81\xa2op\xa1\xff"}};
    for (const auto& [topic, payload] : messages) {
        Message message;
        message.topic = topic;
        message.payload = payload;
        message.qos = Qos::at_least_once;
        stranger.publish(message);
    }
    Message last;
    last.topic = control;
    last.payload = R"({"op":"stop"})";
    last.response_topic = "stranger/reply";
    last.has_response_topic = true;
    EXPECT_NE(stranger.ask(last, Span(10'000)).payload.find("\"ok\""), std::string::npos);
    EXPECT_EQ(run->wait(), 0) << run->err();
    expect_nothing_left();
}

TEST_F(FleetRun, WithTlsEverybodyHasACertificate) {
    const std::string report = place_.folder() / "report";
    const auto run = start({"run", "--devices", "us-east=2,eu-west=1", "--governors", "7", "--rate",
                            "60", "--for", "4s", "--tls", "--no-throughput", "--report", report});
    const Json now = await(all_up(3));
    ASSERT_TRUE(now.is_object()) << run->err();
    EXPECT_TRUE(now["hub"].get<std::string>().starts_with("mqtts://localhost:")) << now;
    EXPECT_EQ(fleet({"scale", "eu-west=+1"}).status, 0);
    ASSERT_TRUE(await(all_up(4)).is_object()) << run->err();
    // 0 or 1: whether four nodes meet what a hundred may take is not the question here.
    const int status = run->wait(patience);
    EXPECT_TRUE(status == 0 || status == 1) << status << run->err();
    const Json figures = read_report(report);
    EXPECT_EQ(figures["fleet"]["tls"], true);
    EXPECT_EQ(figures["fleet"]["devices_up"], 4);
    for (const char* gate :
         {"violated invariants", "nodes not up at the end", "unanswered requests"}) {
        EXPECT_EQ(target(figures, gate)["met"], true) << gate << figures["targets"];
    }
    expect_nothing_left();
}

TEST_F(FleetRun, PlainProcessesAreLookedAfterTheSame) {
    const auto run = start({"run", "--devices", "us-east=2", "--governors", "5", "--isolate",
                            "--rate", "0", "--for", "10m"});
    const Json before = await(all_up(2));
    ASSERT_TRUE(before.is_object()) << run->err();
    // Not by the tool: whatever ends a node, it comes back.
    ASSERT_EQ(::kill(node(before, "us-east/device-01")["pid"].get<pid_t>(), SIGKILL), 0);
    EXPECT_TRUE(await([](const Json& now) {
                    return node(now, "us-east/device-01")["restarts"] == 1 && now["up"] == 2;
                }).is_object())
        << run->err();
    run->signal(SIGINT);
    EXPECT_EQ(run->wait(), 0) << run->err();
    expect_nothing_left();
}

TEST_F(FleetRun, ChaosBreaksNoInvariantAndEverythingComesBack) {
    const std::string folder = place_.folder() / "report";
    const auto run =
        start({"run", "--devices", "us-east=3,eu-west=3", "--governors", "5", "--rate", "150",
               "--for", "8s", "--chaos", "kill=1/2s,broker=1/4s,cut=1/8s", "--no-throughput",
               "--report", folder, "--seed", std::to_string(number_from("FLYBALL_SEED", 1))});
    remember_ports();
    const int status = run->wait(120s);
    const Json report = read_report(folder);
    ASSERT_TRUE(report.is_object()) << run->err();
    EXPECT_EQ(status, report["missed"].empty() ? 0 : 1) << run->err();
    for (const Json& line : report["invariants"]) {
        EXPECT_EQ(line["violations"], 0) << line << run->out();
        const std::string name = line["name"];
        const bool from_inside = name.starts_with("I4") || name.starts_with("I5") ||
                                 name.starts_with("I6") || name.starts_with("I8") ||
                                 name.starts_with("I10");
        EXPECT_EQ(line["checks"] == 0, from_inside) << line;
    }
    // 99.99 % is a gate for a machine that does nothing else.
    EXPECT_GE(target(report, "availability")["measured"], 99.0) << run->out();
    EXPECT_EQ(target(report, "nodes not up at the end")["measured"], 0) << run->out();
    int kills = 0;
    for (const Json& row : report["restarts"]) {
        const bool broker = row["node"].get<std::string>().ends_with("/broker");
        EXPECT_EQ(broker, row["cause"] == "broker") << row;
        if (row["cause"] == "kill") {
            ++kills;
            // A line to the hub is cut for 10 s meanwhile: that is no node's restart.
            EXPECT_LT(row["restart_ms"], 8'000) << row;
        }
    }
    EXPECT_GT(kills, 0) << report["restarts"];
    expect_nothing_left();
}

TEST_F(FleetRun, ADeviceThatLeavesAndComesAgainIsJudgedLikeTheOthers) {
    const std::string folder = place_.folder() / "report";
    const auto run = start({"run", "--devices", "eu=1", "--governors", "5", "--rate", "100",
                            "--for", "10m", "--no-throughput", "--report", folder});
    const Json now = await([](const Json& status) { return status["phase"] == "load"; });
    ASSERT_TRUE(now.is_object()) << run->err();
    EXPECT_EQ(fleet({"scale", "eu=0"}).status, 0);
    ASSERT_TRUE(await([](const Json& status) { return status["nodes"].empty(); }).is_object());
    EXPECT_EQ(fleet({"scale", "eu=1"}).status, 0);
    ASSERT_TRUE(await(all_up(1)).is_object()) << run->err();
    constexpr int enough = 500;  // more than it was asked in its first life
    BusClient client(now["hub"], {"flyball/v1/eu/device-01/health"});
    client.await(
        [](const auto& at) {
            const Json health = Json::parse(at.payload, nullptr, false);
            return health.is_object() &&
                   health.value("/throughput/requests"_json_pointer, 0) >= enough;
        },
        Span(60'000));
    EXPECT_EQ(fleet({"stop"}).status, 0);
    run->wait(90s);
    const Json load = read_report(folder)["load"];
    ASSERT_TRUE(load.is_object()) << run->err();
    EXPECT_GT(load["calm"]["asked"], enough / 2) << load["all"];
    EXPECT_TRUE(load["error_reasons"].empty()) << load["error_reasons"];
    expect_nothing_left();
}

TEST_F(FleetRun, EachFaultHasAnEnd) {
    const std::string folder = place_.folder() / "report";
    const auto run =
        start({"run", "--devices", "eu=3", "--governors", "5", "--rate", "100", "--for", "4s",
               "--no-throughput", "--report", folder, "--chaos", "kill=100/1s,pause=20/1s",
               "--seed", std::to_string(number_from("FLYBALL_SEED", 1))});
    run->wait(120s);
    const Json report = read_report(folder);
    ASSERT_TRUE(report.is_object()) << run->err();
    EXPECT_GE(report["fleet"]["faults"], 3) << "not even each device once";
    EXPECT_EQ(report["fleet"]["faults"], report["restarts"].size()) << report["restarts"];
    expect_nothing_left();
}

TEST_F(FleetRun, AFleetThatNeverComesUpMissesItsGatesAndHasAReport) {
    // A tool beside a node that does nothing.
    const auto tool = place_.folder() / "flyball-tool";
    std::filesystem::copy_file(tool_program(), tool);
    const auto node = place_.folder() / "flyball-node";
    std::ofstream(node) << "#!/bin/sh\nexec sleep 600\n";
    std::filesystem::permissions(node, std::filesystem::perms::owner_all);
    const std::string folder = place_.folder() / "report";
    Program run(
        {tool, "fleet", "run", "--devices", "eu=2", "--isolate", "--for", "1s", "--report", folder},
        place_.environment());
    EXPECT_EQ(run.wait(120s), 1) << run.err();
    const Json report = read_report(folder);
    ASSERT_TRUE(report.is_object()) << run.err();
    EXPECT_EQ(report["fleet"]["devices"], 2);
    EXPECT_EQ(report["fleet"]["devices_up"], 0);
    EXPECT_EQ(target(report, "nodes not up at the end")["measured"], 2);
    expect_nothing_left();
}

TEST_F(FleetRun, AReaperThatIsKilledLeavesNothingEither) {
    const auto run = start({"run", "--devices", "eu=1", "--governors", "5", "--rate", "0"});
    ASSERT_TRUE(await(all_up(1)).is_object()) << run->err();
    pid_t reaper = 0;
    for (const pid_t pid : place_.processes()) {
        std::ifstream name(fmt::format("/proc/{}/comm", pid));
        std::string text;
        name >> text;
        reaper = text == "flyball-reaper" ? pid : reaper;
    }
    ASSERT_GT(reaper, 0);
    ASSERT_EQ(::kill(reaper, SIGKILL), 0);
    EXPECT_EQ(run->wait(), 70) << run->err();
    EXPECT_NE(run->err().find("the reaper"), std::string::npos) << run->err();
    expect_nothing_left();
}

// In `rounds` rounds, at moments and by signals that a seed chooses.
TEST_F(FleetRun, NothingIsLeftWheneverItEnds) {
    const auto rounds = static_cast<int>(number_from("FLYBALL_FLEET_ROUNDS", 4));
    const std::uint64_t seed = number_from("FLYBALL_SEED", 7);
    std::mt19937 random(static_cast<unsigned>(seed));
    constexpr std::array<int, 3> signals{SIGKILL, SIGINT, SIGTERM};
    for (int round = 0; round < rounds; ++round) {
        const int signal = signals[static_cast<std::size_t>(round) % signals.size()];
        const auto moment = std::chrono::milliseconds(random() % 4'000);
        SCOPED_TRACE(fmt::format("FLYBALL_SEED={} round {}: signal {} after {} ms", seed, round,
                                 signal, moment.count()));
        const auto run =
            start({"run", "--devices", "us-east=3,eu-west=3", "--governors", "5", "--rate", "100",
                   "--for", "10m", "--chaos", "kill=1/500ms,pause=1/700ms", "--report",
                   place_.folder() / "report"});
        std::this_thread::sleep_for(moment);
        remember_ports();
        run->signal(signal);
        const int status = run->wait();
        EXPECT_NE(status, -1) << run->err();
        expect_nothing_left();
        // With SIGINT before the tool's first line of code the signal is its end, as it should be.
        EXPECT_TRUE(signal == SIGKILL ? status == 128 + SIGKILL : true) << status << run->err();
    }
}

}  // namespace
}  // namespace flyball::testing
