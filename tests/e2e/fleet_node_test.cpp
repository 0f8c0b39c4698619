// The tool against a real node: what people read of each type's replies, where time goes.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>

#include "fleet/payload.h"
#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/node_process.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

const std::string node_name = "test/node";

struct Ran {
    int status;
    std::string out;
    std::string err;
};

class FleetNode : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        broker_ = std::make_unique<Broker>();
        node_ = std::make_unique<NodeProcess>(
            NodeProcessSettings{.broker = broker_->address(), .config = {}, .flags = {}});
    }
    static void TearDownTestSuite() {
        node_.reset();
        broker_.reset();
    }

    static std::unique_ptr<Program> start(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), tool_program());
        return std::make_unique<Program>(
            arguments, std::vector<std::string>{"FLYBALL_MQTT_BROKER=" + broker_->address()}, "");
    }
    static Ran flyball(std::vector<std::string> arguments) {
        const auto program = start(std::move(arguments));
        const int status = program->wait();
        return {status, program->out(), program->err()};
    }
    static Ran ask(std::vector<std::string> words) {
        words.insert(words.begin(), {"ask", node_name});
        return flyball(std::move(words));
    }
    // Until the program has said it, or has ended.
    static bool said(Program& program, const std::string& text) {
        for (int i = 0; i < 1000 && program.out().find(text) == std::string::npos; ++i) {
            if (program.wait(10ms) >= 0) {
                break;
            }
        }
        return program.out().find(text) != std::string::npos;
    }

    static inline std::unique_ptr<Broker> broker_;
    static inline std::unique_ptr<NodeProcess> node_;
};

TEST_F(FleetNode, AskReadsWellForEveryType) {
    struct Case {
        std::vector<std::string> words;
        int status;
        std::vector<std::string> shows;
    };
    const std::vector<Case> cases = {
        {{"billing/main", "topup", "tenant=acme", "amount=5000", "--id", "auto", "--admin"},
         0,
         {"ok\n", "  balance    5000  (50.00 USD)\n"}},
        {{"billing/main", "hold", "tenant=acme", "hold=order", "amount=100", "--id", "auto"},
         0,
         {"allow\n", "hold           order\n", "expires_in_ms  60000  (1 min)\n"}},
        {{"billing/main", "get", "tenant=acme"}, 0, {"\nholds\nname   amount  expires_in_ms\n"}},
        {{"entitlement/main", "tenant=acme", "feature=export"}, 1, {"deny not_entitled\n"}},
        {{"compliance/main", "tenant=acme", "action=store", "attributes.region=eu"},
         0,
         {"audit.seq   1\n"}},
        {{"subscription/main", "start", "tenant=acme", "--admin"}, 0, {"state           trialing"}},
        {{"quota/main", "get", "tenant=acme"},
         0,
         {"\nresources\nname        limit  used  remaining"}},
        {{"admit", "tenant=acme", "entitlement.feature=basic", "quota.hits=2", "billing.amount=250",
          "--id", "auto"},
         0,
         {"\nentitlement/main  allow\n", "\nquota/main  allow\n", "\nbilling/main  allow\n"}},
        {{"admit", "tenant=acme", "entitlement.feature=export", "quota.hits=2"},
         1,
         {"deny not_entitled\n", "denied_by   entitlement/main\n"}},
        {{"control", "list"}, 0, {"governors_total  5\n", "\ntype          name  status"}},
        {{"control", "history", "governor=billing/main"}, 0, {"\nevents\nseq  at  "}},
        {{"quota/main", "reset", "tenant=acme"}, 2, {"error not_permitted\n"}},
    };
    for (const Case& one : cases) {
        const Ran ran = ask(one.words);
        EXPECT_EQ(ran.status, one.status) << ran.out << ran.err;
        for (const std::string& text : one.shows) {
            EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\n" << ran.out;
        }
    }
}

TEST_F(FleetNode, TraceShowsEachRequestAndStopsAfterSoMany) {
    const auto trace = start({"trace", node_name, "quota/main", "--tenant", "acme", "--max", "2"});
    ASSERT_TRUE(said(*trace, "decision  receive")) << trace->err();
    ask({"quota/main", "tenant=other"});
    ask({"quota/main", "tenant=acme"});
    ask({"quota/main", "tenant=acme", "hits=-1"});
    EXPECT_EQ(trace->wait(), 0) << trace->err();
    const std::string out = trace->out();
    EXPECT_NE(out.find("quota/main           acme           allow"), std::string::npos) << out;
    EXPECT_NE(out.find("quota/main           acme           error"), std::string::npos) << out;
    EXPECT_EQ(out.find("other"), std::string::npos) << out;
    EXPECT_NE(out.find("of 2 requests"), std::string::npos) << out;
}

TEST_F(FleetNode, TraceEndsWithItsTimeAndOnCtrlC) {
    const Ran quiet = flyball({"trace", node_name, "--for", "50ms", "--json"});
    EXPECT_EQ(quiet.status, 0);
    EXPECT_EQ(quiet.out, "");
    EXPECT_NE(quiet.err.find("no request passed in 50 ms"), std::string::npos) << quiet.err;
    const auto trace = start({"trace", node_name, "--for", "60s"});
    ASSERT_TRUE(said(*trace, "decision  receive")) << trace->err();
    trace->signal(SIGINT);
    EXPECT_EQ(trace->wait(), 0) << trace->err();
}

TEST_F(FleetNode, TraceOfWhatIsNotThereIsAnErrorReply) {
    const Ran unknown = flyball({"trace", node_name, "quota/nobody"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_NE(unknown.err.find("unknown_governor"), std::string::npos) << unknown.err;
    EXPECT_EQ(flyball({"profile", "test/nobody", "--for", "10ms", "--timeout", "2s"}).status, 69);
}

TEST_F(FleetNode, ProfileSumsUpTheStages) {
    const auto profile = start({"profile", node_name, "--for", "3s", "--json"});
    while (profile->wait(1ms) < 0) {
        ask({"quota/main", "tenant=acme"});
    }
    EXPECT_EQ(profile->wait(), 0) << profile->err();
    const auto reply = parse_json(profile->out());
    ASSERT_TRUE(reply && reply->contains("stages")) << profile->out();
    ASSERT_EQ((*reply)["stages"].size(), 5U);
    double shares = 0;
    for (const Json& stage : (*reply)["stages"]) {
        EXPECT_GT(stage["calls"], 0) << stage;
        shares += stage["share"].get<double>();
    }
    EXPECT_NEAR(shares, 1, 0.001);
    const Ran table = flyball({"profile", node_name, "--for", "10ms"});
    EXPECT_EQ(table.status, 0);
    EXPECT_TRUE(table.out.starts_with("STAGE    CALLS  TOTAL")) << table.out;
}

}  // namespace
}  // namespace flyball::testing
