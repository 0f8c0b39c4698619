// What doctor says, and how it reads what the node's program prints; programs that it runs.

#include "fleet/doctor/findings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "fleet/clock.h"
#include "fleet/doctor/checks.h"
#include "fleet/doctor/run_program.h"

namespace flyball {
namespace {

TEST(Findings, AreALineEachWithTheAdviceBelow) {
    Findings findings;
    findings.ok("clock", "synchronised");
    findings.warn("state disk", "is on tmpfs", "another disk");
    findings.fail("key", "bad\x1b[2J", "chmod 0640 key");
    EXPECT_EQ(findings_text(findings, Style{}),
              "ok    clock       synchronised\n"
              "warn  state disk  is on tmpfs\n"
              "                  another disk\n"
              "fail  key         bad\\x1b[2J\n"
              "                  chmod 0640 key\n"
              "1 ok, 1 to look at, 1 wrong\n");
    const Json json = findings_json(findings);
    EXPECT_EQ(json["fail"], 1);
    EXPECT_EQ(json["checks"][1]["grade"], "warn");
    EXPECT_EQ(json["checks"][1]["advice"], "another disk");
}

TEST(Findings, GoOnBelowThemselvesOnANarrowTerminal) {
    Findings findings;
    findings.ok("pages",
                "of 16 KiB: a node takes more memory than with pages of 4 KiB, which matters");
    EXPECT_EQ(findings_text(findings, Style{.colour = false, .width = 60}),
              "ok    pages  of 16 KiB: a node takes more memory than with\n"
              "             pages of 4 KiB, which matters\n"
              "1 ok, 0 to look at, 0 wrong\n");
}

TEST(PrintedConfig, IsReadAsTheNodeHasIt) {
    BusOptions bus;
    const auto config = read_printed_config(
        "region = \"eu-west\"\nnode = \"pi-7\"\n[mqtt]\nbroker = \"mqtts://hub:8883\"\n"
        "prefix = \"flyball/v1\"\nusername = \"pi-7\"\npassword_file = \"/etc/flyball/password\"\n"
        "ca_file = \"/etc/flyball/ca.pem\"\n[state]\ndir = \"/var/lib/flyball\"\n"
        "max_bytes = \"64 MiB\"\n",
        bus);
    ASSERT_TRUE(config.has_value());
    EXPECT_EQ(config->region + "/" + config->node, "eu-west/pi-7");
    EXPECT_EQ(config->state_dir, "/var/lib/flyball");
    EXPECT_EQ(config->state_bytes_max, 64 << 20);
    EXPECT_EQ(bus.broker, "mqtts://hub:8883");
    EXPECT_EQ(bus.username, "pi-7");
    EXPECT_EQ(bus.password_file, "/etc/flyball/password");
    EXPECT_EQ(bus.ca_file, "/etc/flyball/ca.pem");
    EXPECT_EQ(
        read_printed_config("max_bytes = 7\n[state]\nmax_bytes = 1048576\n", bus)->state_bytes_max,
        1 << 20);
    EXPECT_FALSE(read_printed_config("region = ", bus).has_value());
    // The library has an assertion for each of these, were it let.
    for (const char* text : {"[[[[[", "[\x7f]", "[{]", "[[]]", "=", "]"}) {
        EXPECT_FALSE(read_printed_config(text, bus).has_value()) << text;
    }
}

TEST(RunProgram, KeepsWhatItPrintsAndHowItEnds) {
    const auto run = run_program({"/bin/sh", "-c", "echo $NAME; echo no >&2; exit 7"},
                                 {"NAME=value"}, Span{10'000});
    ASSERT_TRUE(run.has_value());
    EXPECT_EQ(run->status, 7);
    EXPECT_EQ(run->out, "value\n");
    EXPECT_EQ(run->err, "no\n");
    EXPECT_EQ(run_program({"/bin/sh", "-c", "kill -9 $$"}, {}, Span{10'000})->status, 137);
}

TEST(RunProgram, IsBoundedInOutputAndTime) {
    const auto much = run_program({"/bin/sh", "-c", "head -c 3000000 /dev/zero"}, {}, Span{20'000});
    ASSERT_TRUE(much.has_value());
    EXPECT_EQ(much->status, 0);
    EXPECT_LE(much->out.size(), output_bytes_max + 4096);
    const auto slow = run_program({"/bin/sh", "-c", "exec sleep 60"}, {}, Span{100});
    ASSERT_FALSE(slow.has_value());
    EXPECT_NE(slow.error().message.find("was not done"), std::string::npos);
    EXPECT_FALSE(run_program({"/nonexistent/program"}, {}, Span{100}).has_value());
}

// A certificate of 90 days from now, seen at other times.
TEST(CheckFiles, FindsACertificateThatHasNotBegunEndsSoonOrHasEnded) {
    std::string folder = ::testing::TempDir() + "flyball-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string file = folder + "/cert.pem";
    const auto made =
        run_program({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                     "/CN=x", "-days", "90", "-keyout", folder + "/key.pem", "-out", file},
                    {}, Span{60'000});
    ASSERT_TRUE(made.has_value() && made->status == 0);
    ExaminedDevice device;
    device.bus.cert_file = file;
    constexpr std::int64_t day_ms = 86'400'000;
    const auto seen_after = [&](std::int64_t days) {
        Findings findings;
        check_files(device, instant_from_ms(to_ms(wall_now()) + days * day_ms), findings);
        EXPECT_EQ(findings.all().size(), 1U);
        return findings.all().front();
    };
    EXPECT_EQ(seen_after(0).grade, Grade::ok);
    EXPECT_EQ(seen_after(75).grade, Grade::ok);
    EXPECT_EQ(seen_after(77).grade, Grade::warn);
    EXPECT_NE(seen_after(91).text.find("has ended"), std::string::npos);
    EXPECT_EQ(seen_after(91).grade, Grade::fail);
    EXPECT_EQ(seen_after(-2).grade, Grade::fail);
    EXPECT_NE(seen_after(-2).advice.find("clock"), std::string::npos);
    std::filesystem::remove_all(folder);
}

TEST(CheckClock, FindsOneThatWasNeverSet) {
    Findings findings;
    check_clock(instant_from_ms(0), findings);
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].grade, Grade::fail);
    EXPECT_NE(findings.all()[0].text.find("1970"), std::string::npos);
}

}  // namespace
}  // namespace flyball
