#include "fleet/reply_text.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

const Style plain{};

TEST(ReplyText, SaysTheDecisionFirstAndThenEveryKey) {
    const Json reply = {{"tenant", "acme"},           {"governor", "quota/main"},
                        {"decision", "deny"},         {"allowed", false},
                        {"reason", "quota_exceeded"}, {"retry_after_ms", 11'520'000},
                        {"used", 9007199254740993},   {"from_the_future", {{"x", 1}}}};
    EXPECT_EQ(reply_text(reply, plain),
              "deny quota_exceeded\n"
              "  tenant             acme\n"
              "  governor           quota/main\n"
              "  retry_after_ms     11520000  (3 h 12 min)\n"
              "  used               9007199254740993\n"
              "  from_the_future.x  1\n");
}

TEST(ReplyText, GivesAnErrorsSentenceBeforeItsTable) {
    const Json reply = {{"decision", "error"},    {"allowed", false},
                        {"reason", "unknown_op"}, {"message", "quota has no op chek"},
                        {"field", "op"},          {"supported", {"check", "get"}}};
    EXPECT_EQ(reply_text(reply, plain),
              "error unknown_op\n"
              "quota has no op chek\n"
              "  field      op\n"
              "  supported  check, get\n");
}

TEST(ReplyText, ShowsRowsAsATableAndObserveAsWould) {
    const Json reply = {
        {"decision", "allow"},
        {"would", "deny"},
        {"governors",
         {{{"type", "quota"}, {"name", "main"}}, {{"type", "billing"}, {"tenants", 3}}}}};
    EXPECT_EQ(reply_text(reply, plain),
              "allow (observe: would deny)\n"
              "\ngovernors\n"
              "type     name  tenants\n"
              "quota    main\n"
              "billing        3\n");
}

TEST(ReplyText, DoesNotLetAReplySteerTheTerminal) {
    const Json reply = {{"decision", "\x1b[2J"}, {"\x1b]0;key", "\x07"}};
    EXPECT_EQ(reply_text(reply, plain), "\\x1b[2J\n  \\x1b]0;key  \\x07\n");
}

TEST(BatchText, IsOneLineAnEntryAndACount) {
    const Json replies = {
        {{"decision", "allow"}, {"seq", 1}}, {{"decision", "deny"}, {"reason", "revoked"}}, 3};
    EXPECT_EQ(batch_text(replies, plain),
              "   1  allow  seq 1\n"
              "   2  deny revoked\n"
              "   3  (a reply without decision)\n"
              "3 answered: 1 ?, 1 allow, 1 deny\n");
}

TEST(ExitStatus, IsTheDecisionsOrTheWorstOfABatch) {
    const auto reply = [](const char* decision) { return Json{{"decision", decision}}; };
    EXPECT_EQ(exit_of_replies(reply("allow")), Exit::done);
    EXPECT_EQ(exit_of_replies(reply("ok")), Exit::done);
    EXPECT_EQ(exit_of_replies(reply("deny")), Exit::missed);
    EXPECT_EQ(exit_of_replies(reply("error")), Exit::error_reply);
    EXPECT_EQ(exit_of_replies(Json::object()), Exit::error_reply);
    EXPECT_EQ(exit_of_replies(Json::array({reply("allow"), reply("deny")})), Exit::missed);
    EXPECT_EQ(exit_of_replies(Json::array({reply("error"), reply("deny")})), Exit::error_reply);
    EXPECT_EQ(exit_of_replies(Json::array()), Exit::done);
}

TEST(Hints, SayWhatToDoAboutAnError) {
    const auto error = [](const char* reason, const char* field) {
        return Json{{"decision", "error"}, {"reason", reason}, {"field", field}};
    };
    EXPECT_NE(hint_for(error("not_permitted", "op"), Json::object(), "quota").find("--admin"),
              std::string::npos);
    EXPECT_EQ(hint_for(error("not_permitted", "op"), Json::object(), "control"), "");
    EXPECT_NE(hint_for(error("missing_field", "id"), Json::object(), "billing").find("--id auto"),
              std::string::npos);
    EXPECT_NE(
        hint_for(error("bad_field", "tenant"), {{"tenant", 42}}, "quota").find("tenant='\"42\"'"),
        std::string::npos);
    EXPECT_EQ(hint_for(error("bad_field", "hits"), {{"hits", -1}}, "quota"), "");
    Json unknown = error("unknown_op", "op");
    unknown["supported"] = {"check", "get"};
    EXPECT_EQ(hint_for(unknown, {{"op", "chek"}}, "quota"), "did you mean check?");
}

}  // namespace
}  // namespace flyball
