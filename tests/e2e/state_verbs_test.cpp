// flyball-node state ..., and flyball state ...: on the folder of a real node, while it runs and
// after it was killed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "node/state/journal_format.h"
#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;

constexpr Span patience = std::chrono::seconds(20);

struct Ran {
    int status;
    std::string out;
    std::string err;
    Json json() const { return Json::parse(out); }
};

Ran run(std::vector<std::string> arguments) {
    Program program(arguments);
    const int status = program.wait();
    return {status, program.out(), program.err()};
}

class StateVerbs : public ::testing::Test {
protected:
    StateVerbs() {
        BusClient client(broker_.address(), {node_.root() + "/+/+/decision"});
        const std::string topic = node_.root() + "/quota/main/request";
        for (int id = 1; id <= 50; ++id) {
            const Json request = {{"tenant", "acme"}, {"id", id}, {"hits", 1}};
            const std::string payload = request.dump();
            client.publish({.topic = topic, .payload = payload});
            client.await([](const BusClient::Arrived&) { return true; }, patience);
        }
    }
    Ran state(const std::string& verb, std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {node_program(), "state", verb};
        arguments.insert(arguments.end(), more.begin(), more.end());
        arguments.push_back(folder());
        return run(arguments);
    }
    std::string folder() const { return node_.folder() / "state"; }
    std::string newest(const std::string& prefix) const {
        std::string name;
        for (const auto& entry : std::filesystem::directory_iterator(folder())) {
            const std::string file = entry.path().filename();
            name = file.starts_with(prefix) && file > name ? file : name;
        }
        return folder() + "/" + name;
    }

    Broker broker_;
    NodeProcess node_{
        {.broker = broker_.address(), .config = "[state]\ndurability = \"commit\"\n", .flags = {}}};
};

TEST_F(StateVerbs, LookWhileTheNodeRunsAndSaySo) {
    for (const char* verb : {"show", "verify", "replay", "export"}) {
        const Ran ran = state(verb, {"--json"});
        EXPECT_EQ(ran.status, 0) << verb << ran.out << ran.err;
        EXPECT_NE(ran.err.find("in use by a node"), std::string::npos) << verb << ran.err;
    }
    EXPECT_TRUE(node_.running());
    EXPECT_EQ(state("show", {"--json"}).json().at("in_use"), true);
}

TEST_F(StateVerbs, FindWhatWasAnsweredAfterAKill) {
    node_.kill();
    const Ran shown = state("show", {"--json", "--records"});
    ASSERT_EQ(shown.status, 0) << shown.err;
    EXPECT_EQ(shown.err, "");
    int checks = 0;
    const Json records = shown.json().at("records");
    for (const Json& record : records) {
        checks += record.at("governor") == "quota/main" && record.at("op") == "check" ? 1 : 0;
    }
    EXPECT_EQ(checks, 50);
    EXPECT_EQ(state("verify").status, 0);
    const Json replayed = state("replay", {"--json"}).json();
    EXPECT_GE(replayed.at("decided"), 50);
    EXPECT_EQ(replayed.at("different"), 0);
    const Json exported = state("export").json();
    for (const Json& governor : exported.at("governors")) {
        if (governor.at("governor") == "quota/main") {
            EXPECT_EQ(governor.at("tenants").at("acme").at("resources").at("api_calls").at("used"),
                      50);
            EXPECT_EQ(governor.at("ids").size(), 50U);
        }
    }
}

TEST_F(StateVerbs, FindDamageAndExitWithOne) {
    EXPECT_EQ(node_.stop(), 0);
    const std::string snapshot = newest("snapshot-");
    std::fstream file(snapshot, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.put('\xa5');
    file.put('\x5a');
    file.close();
    const Ran verified = state("verify");
    EXPECT_EQ(verified.status, 1) << verified.out << verified.err;
    EXPECT_NE(verified.out.find(std::filesystem::path(snapshot).filename()), std::string::npos)
        << verified.out;
    const Ran alone = run({node_program(), "state", "verify", snapshot});
    EXPECT_EQ(alone.status, 1) << alone.out << alone.err;
}

TEST_F(StateVerbs, ReadOneFileOfAFolder) {
    EXPECT_EQ(node_.stop(), 0);
    const std::string copy = node_.folder() / "backup.bin";
    std::filesystem::copy_file(newest("snapshot-"), copy);
    const Ran exported = run({node_program(), "state", "export", copy});
    EXPECT_EQ(exported.status, 0) << exported.err;
    EXPECT_NE(exported.out.find("acme"), std::string::npos);
    EXPECT_EQ(run({node_program(), "state", "verify", newest("journal-")}).status, 0);
    EXPECT_EQ(run({node_program(), "state", "replay", copy}).status, 64);
    EXPECT_EQ(run({node_program(), "state", "verify", "/nonexistent"}).status, 64);
    EXPECT_EQ(run({node_program(), "state", "mend", copy}).status, 64);
}

// A journal whose first group is of a format that is not there yet.
TEST(LaterRelease, EndsTheNodeAndTheVerbsWith73) {
    std::string folder = (std::filesystem::temp_directory_path() / "flyball-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::filesystem::copy(source("tests/data/state-version-1"), folder,
                          std::filesystem::copy_options::recursive);
    const std::string name = folder + "/journal-0000000000000002";
    std::ifstream in(name, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto bytes = std::as_writable_bytes(std::span(text));
    StoredGroup group;
    ASSERT_EQ(check_group(bytes, 2, 0, group), GroupCheck::sound);
    group.header.version = 2;
    seal_group(group.header, bytes.first(group_header_bytes + group.body.size()));
    std::ofstream(name, std::ios::binary) << text;

    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{node_program(), "--state.dir", folder},
          {node_program(), "state", "show", folder},
          {node_program(), "state", "verify", folder},
          {node_program(), "state", "export", folder}}) {
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.status, 73) << ran.out << ran.err;
        EXPECT_NE(ran.err.find("journal-0000000000000002 has format version 2"), std::string::npos)
            << ran.err;
    }
    std::filesystem::remove_all(folder);
}

TEST_F(StateVerbs, AreTheSameFromTheOperatorsTool) {
    EXPECT_EQ(node_.stop(), 0);
    const Ran by_node = state("show", {"--json"});
    const Ran by_tool = run({tool_program(), "state", "show", "--json", folder()});
    EXPECT_EQ(by_tool.status, 0) << by_tool.err;
    EXPECT_EQ(by_tool.out, by_node.out);
}

}  // namespace
}  // namespace flyball::testing
