// Every reason of `error`, over a real broker in both encodings. tests/e2e/bad_input_test.cpp goes
// further into what is malformed or too large; here each reason is brought about once.

#include <fmt/core.h>

#include "tests/build_tree.h"
#include "tests/e2e/conformance_desk.h"

namespace flyball::testing {
namespace {

const std::string below_quota = "quota/main/request";

// The reply has to be this error; it is recorded.
void expect_error(ConformanceRecord& record, const Json& reply, const std::string& reason,
                  Wire wire) {
    SCOPED_TRACE(reason);
    EXPECT_EQ(reply.at("decision"), "error") << reply;
    EXPECT_EQ(reply.at("reason"), reason) << reply;
    record.reply("quota", "", reply, wire);
}

TEST_F(Conformance, ErrorsOfARequestsFields) {
    struct Case {
        const char* reason;
        std::string below;
        Json request;
    };
    const Json acme = {{"tenant", "acme"}};
    const auto with = [&acme](const char* key, const Json& value) {
        Json request = acme;
        request[key] = value;
        return request;
    };
    const std::vector<Case> cases = {
        {"missing_field", below_quota, Json::object()},
        {"bad_field", below_quota, with("hits", -1)},
        {"unknown_op", below_quota, with("op", "fly")},
        {"not_permitted", below_quota, with("op", "reset")},
        {"unknown_governor", "quota/nobody/request", acme},
        {"unsupported", below_quota, with("must", {"warp"})},
        {"too_large", below_quota, with("x", std::string(2000, 'x'))},
    };
    for (const Case& one : cases) {
        for (const Wire wire : wires) {
            expect_error(record(), desk().ask(one.below, one.request, wire), one.reason, wire);
        }
    }
}

TEST_F(Conformance, ErrorsOfAMessage) {
    for (const Wire wire : wires) {
        const std::string request = bytes_of({{"tenant", "acme"}, {"hits", 1}}, wire);
        const auto ask = [&](const std::string& below, const Desk::Raw& raw) {
            return document_of(desk().ask_raw(below, raw).payload, wire);
        };
        expect_error(record(), ask(below_quota, {.payload = request.substr(0, request.size() - 1)}),
                     "malformed", wire);
        expect_error(record(), ask(below_quota, {.payload = request, .retain = true}), "retained",
                     wire);
        desk().client().publish({.topic = desk().node().root() + "/" + below_quota,
                                 .qos = Qos::at_least_once,
                                 .retain = true});  // takes the retained message back
        expect_error(record(),
                     ask(below_quota, {.payload = request, .response_topic = "home/kitchen"}),
                     "bad_reply_topic", wire);
        expect_error(record(),
                     ask(below_quota + "/other",
                         {.payload = request, .response_topic = "conformance/reply/1"}),
                     "tenant_mismatch", wire);
    }
}

TEST_F(Conformance, ErrorsOfWhatAGovernorKnows) {
    for (const Wire wire : wires) {
        const auto ask = [&](const char* name, const Json& request) {
            return desk().ask(fmt::format("quota/{}/request", name), request, wire);
        };
        const std::string id = fmt::format("once-{}", text_of(wire));
        EXPECT_EQ(ask("main", {{"tenant", "acme"}, {"id", id}}).at("allowed"), true);
        expect_error(record(), ask("main", {{"tenant", "acme"}, {"id", id}, {"hits", 2}}),
                     "id_reused", wire);
        EXPECT_EQ(ask("small", {{"tenant", "first"}}).at("allowed"), true);
        expect_error(record(), ask("small", {{"tenant", "second"}}), "tenant_limit", wire);
        ask("promising", {{"tenant", "acme"}, {"id", "fills the memory"}});
        const Json full = ask("promising", {{"tenant", "acme"}, {"id", id}});
        expect_error(record(), full, "overloaded", wire);
        EXPECT_GT(full.at("retry_after_ms"), 0);
        desk().tell("control", "",
                    {{.op = "fault", .fields = {{"governor", "quota/small"}}, .says = "ok"}}, wire);
        expect_error(record(), ask("small", {{"tenant", "first"}}), "governor_down", wire);
    }
}

// The same program, linked with a build date that lies in the future: to it no clock is set.
TEST_F(Conformance, ErrorsOfAClockThatIsNotSet) {
    const auto own = own_desk("unset", {}, built("tests/flyball_node_ahead"));
    own->tell("subscription/main", "early", {{.op = "start", .says = "error clock_unset"}});
    own->tell("entitlement/main", "early",
              {
                  {.op = "check", .fields = {{"feature", "basic"}}, .says = "allow"},
                  {.op = "grant",
                   .fields = {{"feature", "x"}, {"ttl_ms", 1000}},
                   .says = "error clock_unset"},
                  {.op = "grant", .fields = {{"feature", "x"}}, .says = "ok"},
              });
    own->close();
}

}  // namespace
}  // namespace flyball::testing
