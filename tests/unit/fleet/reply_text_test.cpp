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

TEST(ReplyText, GivesEachPartOfAnAdmitASectionOfItsOwn) {
    const Json reply = {
        {"tenant", "acme"},
        {"governor", "admit"},
        {"decision", "deny"},
        {"allowed", false},
        {"reason", "quota_exceeded"},
        {"denied_by", "quota/main"},
        {"entitlement", {{"governor", "entitlement/main"}, {"decision", "allow"}, {"value", true}}},
        {"quota",
         {{"governor", "quota/main"},
          {"decision", "deny"},
          {"reason", "quota_exceeded"},
          {"used", 9}}}};
    EXPECT_EQ(reply_text(reply, plain),
              "deny quota_exceeded\n"
              "  tenant     acme\n"
              "  governor   admit\n"
              "  denied_by  quota/main\n"
              "\nentitlement/main  allow\n"
              "  value  true\n"
              "\nquota/main  deny quota_exceeded\n"
              "  used  9\n");
    const Json replayed = {{"decision", "allow"},
                           {"replayed", true},
                           {"quota", {{"governor", "quota/main"}, {"used", 9}}}};
    EXPECT_EQ(reply_text(replayed, plain), "allow\n  replayed  true\n\nquota/main\n  used  9\n");
}

TEST(ReplyText, ShowsMapsByNameAsRowsWithDatesAndShortHashes) {
    const Json reply = {
        {"decision", "ok"},
        {"resources", {{"calls", {{"limit", 5}, {"used", 1}}}, {"disk", {{"limit", 9}}}}},
        {"events",
         {{{"seq", 1}, {"at", 1767225600000}, {"head", {{"hash", "0123456789abcdef00"}}}},
          {{"seq", 2}, {"head", Json::object()}}}}};
    EXPECT_EQ(reply_text(reply, plain),
              "ok\n"
              "\nresources\n"
              "name   limit  used\n"
              "calls  5      1\n"
              "disk   9\n"
              "\nevents\n"
              "seq  at                       head\n"
              "1    2026-01-01 00:00:00 UTC  hash 0123456789abcdef...\n"
              "2                             -\n");
}

TEST(ReplyText, ShowsAmountsAsMoney) {
    const Json reply = {{"decision", "deny"}, {"reason", "insufficient_credit"},
                        {"balance", -5},      {"available", 12345},
                        {"currency", "USD"},  {"scale", 2}};
    EXPECT_EQ(reply_text(reply, plain),
              "deny insufficient_credit\n"
              "  balance    -5  (-0.05 USD)\n"
              "  available  12345  (123.45 USD)\n"
              "  currency   USD\n"
              "  scale      2\n");
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
