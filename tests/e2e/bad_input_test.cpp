// Whatever a stranger publishes, a real node behind a real broker answers with the right error and
// goes on: every limit and every error of docs/protocol.md, in both encodings.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
using namespace std::string_literals;

constexpr Span answer_wait = std::chrono::seconds(10);
const std::string own_replies = "flyball/v1/reply/test/1";
const std::string tenant_replies = "elsewhere/reply/1";  // allowed on any tenant's topic

// What docs/protocol.md lists under Replies, but for clock_unset: the clock of this machine is set.
const std::set<std::string> reasons = {
    "malformed",   "too_large",       "missing_field", "bad_field",        "unknown_op",
    "id_reused",   "bad_reply_topic", "not_permitted", "unknown_governor", "tenant_mismatch",
    "unsupported", "tenant_limit",    "overloaded",    "governor_down",    "retained"};

constexpr const char* config = R"(
allow_faults = true
[governor.quota.small]
max_tenants = 1
[governor.quota.promising]
id_window = "1h"
ids.capacity = 1
)";

std::string packed(const Json& value) {
    const std::vector<std::uint8_t> bytes = Json::to_msgpack(value);
    return {bytes.begin(), bytes.end()};
}

// One broker and one node for all tests: the node has to survive every one of them.
class BadInput : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        broker_ = std::make_unique<Broker>();
        node_ = std::make_unique<NodeProcess>(
            NodeProcessSettings{.broker = broker_->address(), .config = config, .flags = {}});
        client_ = std::make_unique<BusClient>(
            node_->broker(),
            std::vector<std::string>{own_replies, tenant_replies, node_->root() + "/+/+/decision/#",
                                     node_->root() + "/control/reply"});
        fmt::print("{:<12} {:<44} {:<8} {}\n", "section", "line", "encoding", "reason");
    }
    static void TearDownTestSuite() {
        fmt::print("{} of {} error reasons seen\n", seen_.size(), reasons.size());
        client_.reset();
        if (node_ != nullptr) {  // else it did not start, which has been said
            EXPECT_EQ(node_->stop(), 0) << node_->log();
        }
        node_.reset();
        broker_.reset();
    }

    struct Try {
        std::string below;    // topic below the root
        std::string payload;  // raw bytes
        bool retain = false;
        std::string response_topic = own_replies;
    };

    static Json parse(const BusClient::Arrived& reply) {
        return reply.content_type == "application/json" ? Json::parse(reply.payload)
                                                        : Json::from_msgpack(reply.payload);
    }
    static BusClient::Arrived ask_raw(const Try& attempt) {
        const std::string topic = node_->root() + "/" + attempt.below;
        return client_->ask({.topic = topic,
                             .payload = attempt.payload,
                             .qos = Qos::at_least_once,
                             .retain = attempt.retain,
                             .response_topic = attempt.response_topic,
                             .has_response_topic = !attempt.response_topic.empty()},
                            answer_wait);
    }
    static Json ask(const std::string& below, const Json& request) {
        return parse(ask_raw({.below = below, .payload = request.dump()}));
    }

    static void expect_alive(const std::string& after) {
        ASSERT_TRUE(node_->running()) << after << "\n" << node_->log();
        const Json reply = ask("quota/main/request", {{"tenant", "alive"}, {"hits", 0}});
        EXPECT_EQ(reply.at("decision"), "allow") << after;
    }

    // The attempt is answered by one error map of this reason, and the node goes on.
    static void expect_error(const char* section, const std::string& line, const Try& attempt,
                             const std::string& reason, const std::string& on_topic = own_replies) {
        SCOPED_TRACE(line);
        const BusClient::Arrived reply = ask_raw(attempt);
        const bool msgpack = !reply.utf8_payload;
        EXPECT_EQ(reply.content_type, msgpack ? "application/vnd.msgpack" : "application/json");
        const Json error = parse(reply);
        ASSERT_TRUE(error.is_object()) << error;
        EXPECT_EQ(error.at("decision"), "error");
        EXPECT_EQ(error.at("allowed"), false);
        EXPECT_EQ(error.at("reason"), reason) << error;
        EXPECT_FALSE(error.at("message").get<std::string>().empty());
        EXPECT_FALSE(error.contains("seq"));
        EXPECT_EQ(reply.topic, on_topic);
        expect_alive(line);
        EXPECT_TRUE(reasons.contains(reason));
        seen_.insert(reason);
        fmt::print("{:<12} {:<44} {:<8} {}\n", section, line, msgpack ? "msgpack" : "json", reason);
    }
    static void expect_error_in_both(const char* section, const std::string& line,
                                     const std::string& below, const Json& request,
                                     const std::string& reason,
                                     const std::string& replies = own_replies) {
        for (const std::string& payload : {request.dump(), packed(request)}) {
            expect_error(section, line,
                         {.below = below, .payload = payload, .response_topic = replies}, reason,
                         replies);
        }
    }
    static std::string root() { return node_->root(); }

    static inline std::unique_ptr<Broker> broker_;
    static inline std::unique_ptr<NodeProcess> node_;
    static inline std::unique_ptr<BusClient> client_;
    static inline std::set<std::string> seen_;
};

Json nested(int levels) {
    Json value = 1;
    for (int i = 0; i < levels; ++i) {
        value = Json::array({value});
    }
    return value;
}

TEST_F(BadInput, ThatIsLargerThanALimitIsTooLarge) {
    struct Row {
        const char* line;
        Json request;
    };
    Json wide = {{"tenant", "a"}};
    for (int i = 0; i < 64; ++i) {
        wide["x_" + std::to_string(i)] = i;
    }
    const Json entry = {{"tenant", "a"}, {"x", std::vector<int>(1000, 1)}};
    const std::vector<Row> rows = {
        {"payload 256 KiB", std::vector<std::string>(260, std::string(1020, 'p'))},
        {"nesting 8", {{"tenant", "a"}, {"x", nested(8)}}},
        {"a string 1 KiB", {{"tenant", "a"}, {"x", std::string(1025, 's')}}},
        {"64 keys in a map", wide},
        {"1,024 values in an entry", {{"tenant", "a"}, {"x", std::vector<int>(1024, 1)}}},
        {"32,768 values in all", std::vector<Json>(33, entry)},
        {"an array of at most 1,024", std::vector<Json>(1025, {{"tenant", "a"}})},
    };
    for (const Row& row : rows) {
        expect_error_in_both("3 limits", row.line, "quota/main/request", row.request, "too_large");
    }
}

TEST_F(BadInput, ThatCannotBeReadIsMalformed) {
    const std::vector<std::pair<const char*, std::string>> rows = {
        {"neither map nor array", "hello"},
        {"neither map nor array (text)", "\"check\""},
        {"neither map nor array (msgpack 7)", "\x07"},
        {"nothing", ""},
        {"truncated", R"({"tenant":"a")"},
        {"truncated", "\x82\xa6tenant\xa1"s + "a"},
        {"trailing bytes", R"({"tenant":"a"}x)"},
        {"trailing bytes", packed({{"tenant", "a"}}) + "\x01"},
        {"no UTF-8", "{\"tenant\":\"\xff\"}"},
        {"no UTF-8", "\x81\xa6tenant\xa1\xff"s},
        {"a key twice", R"({"tenant":"a","tenant":"b"})"},
        {"a key twice", "\x82\xa6tenant\xa1"s + "a" + "\xa6tenant\xa1" + "b"},
        {"a key twice in attributes", R"({"tenant":"a","attributes":{"k":1,"k":1}})"},
        {"a key that is no text", "\x81\x01\x01"},
        {"a promise of 4 billion entries", "\xdd\xff\xff\xff\xff"s + "\x80"},
    };
    for (const auto& [line, payload] : rows) {
        const bool promise = payload.starts_with('\xdd');
        expect_error("3 decoding", line, {.below = "quota/main/request", .payload = payload},
                     promise ? "too_large" : "malformed");
    }
}

TEST_F(BadInput, InAFieldIsAnsweredByThatFieldsName) {
    struct Row {
        const char* key;
        Json value;
        const char* reason;
    };
    const std::vector<Row> rows = {
        {"must", Json::array({"warp"}), "unsupported"},
        {"must", "warp", "bad_field"},
        {"tenant", nullptr, "bad_field"},
        {"tenant", "", "bad_field"},
        {"tenant", std::string(65, 't'), "bad_field"},
        {"tenant", "a\u0001", "bad_field"},
        {"op", "fly", "unknown_op"},
        {"op", "reset", "not_permitted"},
        {"op", 1, "bad_field"},
        {"id", std::string(65, 'i'), "bad_field"},
        {"id", -1, "bad_field"},
        {"cid", 1.5, "bad_field"},
        {"ttl_ms", "soon", "bad_field"},
        {"dry_run", 1, "bad_field"},
        {"brief", "yes", "bad_field"},
        {"hits", -1, "bad_field"},
        {"hits", 1.5, "bad_field"},
        {"hits", 9223372036854775808U, "bad_field"},
        {"resource", 7, "bad_field"},
    };
    for (const Row& row : rows) {
        Json request = {{"tenant", "acme"}};
        request[row.key] = row.value;
        expect_error_in_both("4 fields", fmt::format("{} = {:.20}", row.key, row.value.dump()),
                             "quota/main/request", request, row.reason);
    }
    expect_error_in_both("4 fields", "tenant missing", "quota/main/request", {{"op", "check"}},
                         "missing_field");
}

TEST_F(BadInput, OnATopicIsAnsweredWithoutADecision) {
    const Json request = {{"tenant", "acme"}};
    expect_error_in_both("4 errors", "unknown_governor", "quota/nobody/request", request,
                         "unknown_governor");
    expect_error_in_both("4 errors", "tenant_mismatch", "quota/main/request/other", request,
                         "tenant_mismatch", tenant_replies);
    expect_error_in_both("2 topics", "a tenant level not canonical", "quota/main/request/%61",
                         Json::object(), "bad_field", tenant_replies);
    expect_error_in_both("8 control", "an op that control lacks", "control", {{"op", "fly"}},
                         "unknown_op");
    for (const std::string& payload : {request.dump(), packed(request)}) {
        expect_error("4 errors", "retained",
                     {.below = "quota/main/request", .payload = payload, .retain = true},
                     "retained");
    }
    // An empty payload takes the retained message back and is no request.
    const std::string topic = root() + "/quota/main/request";
    client_->publish({.topic = topic, .qos = Qos::at_least_once, .retain = true});
    expect_alive("a cleared topic");
}

TEST_F(BadInput, InAReplyTopicIsAnsweredOnTheDecisionTopic) {
    const std::string decision = root() + "/quota/main/decision";
    for (const std::string& wanted : {root() + "/quota/main/admin"s, "home/kitchen"s,
                                      root() + "/health"s, "clients/" + std::string(250, 'x')}) {
        const Json request = {{"tenant", "refused"}, {"hits", 5}};
        const std::string line = fmt::format("bad_reply_topic {:.14}", wanted);
        for (const std::string& payload : {request.dump(), packed(request)}) {
            expect_error(
                "2 replies", line,
                {.below = "quota/main/request", .payload = payload, .response_topic = wanted},
                "bad_reply_topic", decision);
        }
        Json in_payload = request;
        in_payload["reply_to"] = wanted;
        for (const std::string& payload : {in_payload.dump(), packed(in_payload)}) {
            expect_error("2 replies", line + " (reply_to)",
                         {.below = "quota/main/request", .payload = payload, .response_topic = ""},
                         "bad_reply_topic", decision);
        }
    }
    const Json usage = ask("quota/main/request", {{"tenant", "refused"}, {"hits", 0}});
    EXPECT_EQ(usage.at("used"), 0) << "what could not be answered was not executed";
}

TEST_F(BadInput, AgainstWhatTheGovernorKnowsIsAnError) {
    EXPECT_EQ(ask("quota/main/request", {{"tenant", "acme"}, {"id", "once"}}).at("allowed"), true);
    expect_error_in_both("4 errors", "id_reused", "quota/main/request",
                         {{"tenant", "acme"}, {"id", "once"}, {"hits", 2}}, "id_reused");
    EXPECT_EQ(ask("quota/small/request", {{"tenant", "first"}}).at("allowed"), true);
    expect_error_in_both("4 errors", "tenant_limit", "quota/small/request", {{"tenant", "second"}},
                         "tenant_limit");
    EXPECT_EQ(ask("quota/promising/request", {{"tenant", "a"}, {"id", 1}}).at("allowed"), true);
    expect_error_in_both("4 errors", "overloaded (id_window)", "quota/promising/request",
                         {{"tenant", "a"}, {"id", 2}}, "overloaded");
    const Json overloaded = ask("quota/promising/request", {{"tenant", "a"}, {"id", 3}});
    EXPECT_GT(overloaded.at("retry_after_ms"), 0);
}

TEST_F(BadInput, ThatMakesAGovernorThrowIsGovernorDownForThatRequestAlone) {
    for (const bool json : {true, false}) {
        EXPECT_EQ(ask("control", {{"op", "fault"}, {"governor", "quota/small"}}).at("decision"),
                  "ok");
        const Json request = {{"tenant", "first"}, {"hits", 0}};
        expect_error(
            "4 errors", "governor_down",
            {.below = "quota/small/request", .payload = json ? request.dump() : packed(request)},
            "governor_down");
        EXPECT_EQ(ask("quota/small/request", request).at("decision"), "allow");
    }
}

TEST_F(BadInput, InABatchIsAnErrorInItsPlace) {
    const Json batch = Json::array({{{"tenant", "b"}}, 7, {{"op", "fly"}}, {{"tenant", "b"}}});
    for (const bool json : {true, false}) {
        const Json replies = parse(ask_raw(
            {.below = "quota/main/request", .payload = json ? batch.dump() : packed(batch)}));
        ASSERT_EQ(replies.size(), 4U);
        EXPECT_EQ(replies.at(0).at("decision"), "allow");
        EXPECT_EQ(replies.at(1).at("reason"), "malformed");
        EXPECT_EQ(replies.at(2).at("reason"), "missing_field");
        EXPECT_EQ(replies.at(3).at("decision"), "allow");
        fmt::print("{:<12} {:<44} {:<8} {}\n", "3 batches", "errors in their places",
                   json ? "json" : "msgpack", "malformed, missing_field");
    }
    const Json empty = parse(ask_raw({.below = "quota/main/request", .payload = "[]"}));
    EXPECT_EQ(empty, Json::array());
    expect_alive("batches");
}

}  // namespace
}  // namespace flyball::testing
