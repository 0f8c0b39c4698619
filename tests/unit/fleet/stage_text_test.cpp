#include "fleet/stage_text.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

const Style plain{};

Json traced(double decide) {
    return {{"governor", "quota/main"},
            {"tenant", "acme"},
            {"seq", 7},
            {"decision", "allow"},
            {"us",
             {{"receive", 2.0},
              {"decode", 30.26},
              {"decide", decide},
              {"encode", 10.0},
              {"publish", 100.0}}}};
}

TEST(TraceText, GivesEveryRequestALineAndSumsThemUp) {
    TraceText text(plain);
    EXPECT_EQ(text.average(), "") << "nothing came";
    EXPECT_EQ(text.header(),
              "time      governor             tenant         decision  receive   decode   decide"
              "   encode  publish    all µs\n");
    EXPECT_EQ(text.line(traced(40), {}).substr(10),
              "quota/main           acme           allow         2.0     30.3     40.0     10.0"
              "    100.0    182.3\n");
    text.line(traced(60), {});
    EXPECT_EQ(text.lines(), 2U);
    EXPECT_EQ(text.average(),
              "mean      of 2 requests                                     2.0     30.3     50.0"
              "     10.0    100.0    192.3\n");
}

TEST(TraceText, LeavesOutWhatANodeDoesNotSay) {
    TraceText text(plain);
    const std::string line = text.line({{"governor", "admit"}, {"us", {{"decide", 1}}}}, {});
    EXPECT_EQ(line.substr(10),
              "admit" + std::string(47, ' ') + "-        -      1.0        -        -      1.0\n");
    EXPECT_NE(text.line({{"us", "soon"}, {"tenant", "\x1b[2J"}}, {}).find("\\x1b[2J"),
              std::string::npos);
}

TEST(ProfileText, IsATableOfStagesWithABarOfTheirShare) {
    const Json reply = {{"for_ms", 1000},
                        {"stages",
                         {{{"stage", "decide"}, {"calls", 4}, {"total_us", 750.0}, {"share", 0.75}},
                          {{"stage", "encode"}, {"calls", 4}, {"total_us", 250.0}, {"share", 0.25}},
                          {{"stage", "publish"}, {"calls", 0}, {"total_us", 0}, {"share", 0}}}}};
    EXPECT_EQ(profile_text(reply, plain),
              "STAGE    CALLS  TOTAL   EACH       SHARE\n"
              "decide   4      750 µs  187.50 µs  75.0 %  ██████████████████████▌\n"
              "encode   4      250 µs  62.50 µs   25.0 %  ███████▌\n"
              "publish  0      0 µs    -          0.0 %\n"
              "\n1.0 ms in 1 s: 0.10 % of one core's time\n");
    EXPECT_EQ(profile_text({{"decision", "ok"}}, plain), "no stages in the reply\n");
}

}  // namespace
}  // namespace flyball
