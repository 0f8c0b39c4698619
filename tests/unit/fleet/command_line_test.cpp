// The tool as a script sees it, without a broker: exit status, help, completion.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/build_tree.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

struct Ran {
    int status;
    std::string out;
    std::string err;
};

Ran flyball(std::vector<std::string> arguments, const std::vector<std::string>& environment = {}) {
    arguments.insert(arguments.begin(), tool_program());
    Program program(arguments, environment);
    const int status = program.wait();
    return {status, program.out(), program.err()};
}

TEST(CommandLine, RefusesWhatItDoesNotUnderstandWith64) {
    const std::vector<std::vector<std::string>> wrong{
        {},
        {"nonsense"},
        {"ask"},
        {"ask", "eu/pi"},
        {"ask", "pi-7", "quota/main"},
        {"ask", "eu/PI", "quota/main"},
        {"ask", "eu/pi", "quota"},
        {"ask", "eu/pi", "quota/main", "check", "get"},
        {"ask", "eu/pi", "quota/main", "a=1", "a=2"},
        {"ask", "eu/pi", "quota/main", "--id", "1", "id=2"},
        {"ask", "eu/pi", "quota/main", "tenant=\xff"},
        {"ask", "eu/pi", "quota/main", "--tenant-topic"},
        {"ask", "eu/pi", "quota/main", "--encoding", "xml"},
        {"ask", "eu/pi", "quota/main", "--batch", "/nonexistent"},
        {"ask", "eu/pi", "quota/main", "--timeout", "5"},
        {"ask", "eu/pi", "quota/main", "--broker", "gopher://x"},
        {"ask", "eu/pi", "quota/main", "--prefix", "a/#"},
        {"ask", "eu/pi", "admit", "--admin"},
        {"ask", "eu/pi", "control", "--admin"},
        {"watch", "pi-7"},
        {"watch", "--count", "0"},
        {"watch", "--for", "1mo"},
        {"health", "pi-7"},
        {"health", "eu/pi", "--expect", "x"},
        {"health", "--expect", "/nonexistent"},
        {"health", "--max-age", "soon"},
        {"trace"},
        {"trace", "pi-7"},
        {"trace", "eu/pi", "--for", "61s"},
        {"trace", "eu/pi", "--max", "0"},
        {"trace", "eu/pi", "--max", "10001"},
        {"profile"},
        {"profile", "eu/pi", "quota/main"},
        {"profile", "eu/pi", "--for", "61s"},
        {"completion"},
        {"completion", "tcsh"},
        {"doctor", "pi-7"},
        {"pki"},
        {"pki", "init"},
        {"pki", "sign", "/tmp"},
        {"pki", "node", "/nonexistent", "eu/pi"},
        {"pki", "list", "/nonexistent", "--days", "3"},
        {"acl", "--node", "pi-7"},
        {"acl", "--node", "eu/pi", "--operator", "eu/pi"},
        {"acl", "--pki", "/nonexistent"},
        {"acl", "--reply-prefix", "clients"},
        {"acl", "--prefix", "a/#"},
        {"state"},
        {"state", "show"},
        {"state", "mend", "/var/lib/flyball"},
    };
    for (const auto& arguments : wrong) {
        const Ran ran = flyball(arguments);
        const std::string line = ::testing::PrintToString(arguments);
        EXPECT_EQ(ran.status, 64) << line << ran.err;
        EXPECT_EQ(ran.out, "") << line;
        EXPECT_NE(ran.err, "") << line;
    }
}

TEST(CommandLine, NamesTheBrokerThatIsNotThere) {
    const Ran flag = flyball({"health", "--broker", "tcp://127.0.0.1:1"});
    EXPECT_EQ(flag.status, 69) << flag.err;
    EXPECT_NE(flag.err.find("127.0.0.1:1"), std::string::npos) << flag.err;
    const Ran variable =
        flyball({"ask", "eu/pi", "quota/main"}, {"FLYBALL_MQTT_BROKER=tcp://127.0.0.1:2"});
    EXPECT_EQ(variable.status, 69);
    EXPECT_NE(variable.err.find("127.0.0.1:2"), std::string::npos) << variable.err;
}

// A copy of the tool in an empty folder, and nothing on PATH.
TEST(CommandLine, NamesThePlacesWhereTheNodesProgramWasLookedFor) {
    std::string folder = (std::filesystem::temp_directory_path() / "flyball-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::filesystem::copy_file(tool_program(), folder + "/flyball");
    Program alone({folder + "/flyball", "state", "verify", "/nowhere"}, {"PATH=" + folder});
    EXPECT_EQ(alone.wait(), 69);
    EXPECT_NE(alone.err().find(folder + "/flyball-node"), std::string::npos) << alone.err();
    EXPECT_NE(alone.err().find("PATH"), std::string::npos) << alone.err();
    std::filesystem::remove_all(folder);
}

TEST(CommandLine, SuggestsTheVerbThatWasMeant) {
    EXPECT_NE(flyball({"helth"}).err.find("did you mean health?"), std::string::npos);
}

TEST(CommandLine, HelpBeginsWithExamples) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                      {"ask", "--help"},
                                                      {"watch", "--help"},
                                                      {"health", "--help"},
                                                      {"trace", "--help"},
                                                      {"profile", "--help"},
                                                      {"doctor", "--help"},
                                                      {"state", "--help"},
                                                      {"pki", "--help"},
                                                      {"acl", "--help"},
                                                      {"completion", "-h"}}) {
        const Ran ran = flyball(arguments);
        EXPECT_EQ(ran.status, 0);
        EXPECT_TRUE(ran.out.starts_with("Examples:\n  ")) << ran.out;
    }
    const Ran ask = flyball({"ask", "--help"});
    for (const char* option :
         {"--admin", "--batch", "--encoding", "--id", "--tenant-topic", "--dry-run", "--brief",
          "--broker", "--ca-file", "--cert-file", "--key-file", "--username", "--password-file",
          "--prefix", "--timeout", "--json", "FLYBALL_MQTT_BROKER"}) {
        EXPECT_NE(ask.out.find(option), std::string::npos) << option;
    }
}

TEST(CommandLine, HelpFitsAnOrdinaryTerminal) {
    for (const char* verb : {"ask", "watch", "health", "trace", "profile", "doctor", "state",
                             "fleet", "pki", "acl", "completion"}) {
        std::istringstream lines(flyball({verb, "--help"}).out);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(line.size(), 80U) << verb << ": " << line;
        }
    }
}

TEST(CompletionFiles, AreWhatTheToolGenerates) {
    const std::vector<std::pair<std::string, std::string>> files{
        {"bash", "flyball.bash"}, {"zsh", "_flyball"}, {"fish", "flyball.fish"}};
    for (const auto& [shell, file] : files) {
        std::ifstream stream(source("packaging/completions/" + file), std::ios::binary);
        const std::string kept(std::istreambuf_iterator<char>(stream), {});
        EXPECT_TRUE(flyball({"completion", shell}).out == kept)
            << "renew it: flyball completion " << shell << " > packaging/completions/" << file;
    }
}

// Asks the generated bash function, in bash, what it would offer for a command line.
std::string offered(const std::string& words) {
    const std::string script = "flyball() { " + tool_program() +
                               " \"$@\"; }\nsource <(flyball completion bash)\nCOMP_WORDS=(" +
                               words +
                               ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\ncompopt() { :; }\n"
                               "_flyball\necho \"${COMPREPLY[*]}\"\n";
    Program bash({"/bin/bash", "-c", script}, {"FLYBALL_MQTT_BROKER=tcp://127.0.0.1:1"});
    EXPECT_EQ(bash.wait(), 0) << bash.err();
    EXPECT_EQ(bash.err(), "");
    return bash.out();
}

TEST(CompletionFiles, CompleteVerbsOptionsAndOps) {
    EXPECT_EQ(offered("flyball he"), "health\n");
    EXPECT_EQ(offered("flyball ask --enc"), "--encoding\n");
    EXPECT_EQ(offered("flyball ask --encoding j"), "json\n");
    EXPECT_EQ(offered("flyball ask eu/pi bill"), "billing/main\n");
    EXPECT_EQ(offered("flyball ask --username me eu/pi billing/prepaid to"), "topup\n");
    EXPECT_EQ(offered("flyball ask eu/pi control add"), "add_governor\n");
    EXPECT_EQ(offered("flyball ask eu/pi admit ''"), "\n");
    EXPECT_EQ(offered("flyball completion z"), "zsh\n");
    EXPECT_EQ(offered("flyball state v"), "verify\n");
    EXPECT_EQ(offered("flyball state verify /pro"), "/proc\n");
    EXPECT_EQ(offered("flyball pki rev"), "revoke\n");
    EXPECT_EQ(offered("flyball acl --pki /pro"), "/proc\n");
}

}  // namespace
}  // namespace flyball::testing
