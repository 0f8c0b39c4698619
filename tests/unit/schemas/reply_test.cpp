#include "schemas/reply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

std::string json(const Reply& reply) {
    Writer writer(Encoding::json);
    open_reply(writer, reply);
    writer.end_map();
    return std::string(writer.bytes());
}

Id text_id(std::string_view text) {
    return {.form = Id::Form::text, .number = 0, .text = text};
}

constexpr std::array all_errors{
    Reason::malformed,    Reason::too_large,     Reason::missing_field,    Reason::bad_field,
    Reason::unknown_op,   Reason::not_permitted, Reason::unknown_governor, Reason::tenant_mismatch,
    Reason::tenant_limit, Reason::id_reused,     Reason::bad_reply_topic,  Reason::retained,
    Reason::unsupported,  Reason::governor_down, Reason::overloaded,       Reason::clock_unset,
};

TEST(Reply, APlainAllowHasNoReason) {
    Reply reply;
    reply.governor = "quota/main";
    reply.verdict = Verdict::allow;
    reply.seq = 1;
    reply.at = instant_from_ms(1000);
    reply.state = "normal";
    EXPECT_EQ(json(reply),
              R"({"governor":"quota/main","decision":"allow","allowed":true,"seq":1,"at":1000,)"
              R"("state":"normal"})");
}

TEST(Reply, EveryKeyHasItsPlace) {
    Reply reply;
    reply.cid = {.form = Id::Form::number, .number = 7, .text = {}};
    reply.id = text_id("a-1");
    reply.tenant = "acme";
    reply.governor = "quota/main";
    reply.verdict = Verdict::deny;
    reply.reason = Reason::quota_exceeded;
    reply.retry_after_ms = 250;
    reply.seq = 9;
    reply.at = instant_from_ms(5);
    reply.state = "exceeded";
    reply.granted = 0;
    reply.policy_rev = "0123456789ab";
    reply.replayed = true;
    reply.dry_run = true;
    reply.ignored.names[0] = "hit";
    reply.ignored.count = 1;
    reply.traceparent = "00-ab";
    reply.tracestate = "k=v";
    EXPECT_EQ(json(reply),
              R"({"cid":7,"id":"a-1","tenant":"acme","governor":"quota/main","decision":"deny",)"
              R"("allowed":false,"reason":"quota_exceeded","retry_after_ms":250,"seq":9,"at":5,)"
              R"("state":"exceeded","granted":0,"replayed":true,"dry_run":true,)"
              R"("policy_rev":"0123456789ab","ignored":["hit"],"traceparent":"00-ab",)"
              R"("tracestate":"k=v"})");
}

TEST(Reply, AnErrorSaysWhatAndWhere) {
    const std::array<std::string_view, 2> names{"check", "get"};
    Reply reply;
    reply.governor = "node";
    reply.reason = Reason::unknown_op;
    reply.message = "there is no op `chek`";
    reply.field = "op";
    reply.expected = "an op of this governor";
    reply.offset = 12;
    reply.supported = names;
    EXPECT_EQ(json(reply),
              R"({"governor":"node","decision":"error","allowed":false,"reason":"unknown_op",)"
              R"("message":"there is no op `chek`","field":"op",)"
              R"("expected":"an op of this governor","offset":12,"supported":["check","get"]})");
}

TEST(Reply, IsAllowedExactlyWithAllowAndOk) {
    for (const auto& [verdict, allowed] :
         {std::pair{Verdict::allow, true}, std::pair{Verdict::ok, true},
          std::pair{Verdict::deny, false}, std::pair{Verdict::error, false}}) {
        for (const bool brief : {false, true}) {
            Reply reply;
            reply.governor = "quota/main";
            reply.verdict = verdict;
            reply.brief = brief;
            EXPECT_NE(json(reply).find(allowed ? "\"allowed\":true" : "\"allowed\":false"),
                      std::string::npos);
        }
    }
}

TEST(Reply, PolicyRevComesOnlyWithADenialOrWhatWouldBeOne) {
    Reply reply;
    reply.governor = "quota/main";
    reply.policy_rev = "0123456789ab";
    reply.verdict = Verdict::allow;
    EXPECT_EQ(json(reply).find("policy_rev"), std::string::npos);
    reply.would_deny = true;
    reply.reason = Reason::quota_exceeded;
    EXPECT_NE(json(reply).find(R"("would":"deny","policy_rev":"0123456789ab")"), std::string::npos);
    reply.would_deny = false;
    reply.verdict = Verdict::error;
    EXPECT_EQ(json(reply).find("policy_rev"), std::string::npos);
}

TEST(Reply, EveryErrorReasonHasASentenceOfItsOwn) {
    std::vector<std::string> sentences;
    for (const Reason reason : all_errors) {
        Reply reply;
        reply.governor = "node";
        reply.reason = reason;
        Decoder decoder;
        const std::string bytes = json(reply);
        const Payload decoded = decoder.decode(bytes);
        ASSERT_TRUE(decoded.good()) << bytes;
        Request request;
        read_request(*decoded.root, Encoding::json, request);
        const Value* message = request.own.take("message");
        ASSERT_NE(message, nullptr) << bytes;
        EXPECT_GT(message->text().size(), 20U);
        sentences.emplace_back(message->text());
    }
    std::sort(sentences.begin(), sentences.end());
    EXPECT_EQ(std::adjacent_find(sentences.begin(), sentences.end()), sentences.end());
}

TEST(Reply, ASentenceNamesTheFieldAndWhatItMustBe) {
    Reply reply;
    reply.governor = "quota/main";
    reply.reason = Reason::bad_field;
    reply.field = "quota.hits";
    reply.expected = "an integer of at least 0";
    EXPECT_NE(
        json(reply).find("\"message\":\"field `quota.hits` must be an integer of at least 0\""),
        std::string::npos);
    reply.reason = Reason::missing_field;
    EXPECT_NE(json(reply).find("field `quota.hits` is missing: it must be an integer"),
              std::string::npos);
    reply.reason = Reason::unsupported;
    reply.field = "teleport";
    reply.expected = {};
    EXPECT_NE(json(reply).find("(`teleport`)"), std::string::npos);
}

TEST(Reply, ALongFieldNameIsCutInTheSentenceBetweenCharacters) {
    std::string field(95, 'f');
    field += "\xC3\xA9 and more";
    Reply reply;
    reply.governor = "node";
    reply.reason = Reason::bad_field;
    reply.field = field;
    reply.expected = "a text";
    EXPECT_NE(json(reply).find("field `" + std::string(95, 'f') + "...` must be a text\""),
              std::string::npos);
}

TEST(Reply, BriefHasOnlyWhatASmallDeviceNeeds) {
    Reply reply;
    reply.brief = true;
    reply.cid = text_id("c");
    reply.id = text_id("i");
    reply.tenant = "acme";
    reply.governor = "quota/main";
    reply.verdict = Verdict::allow;
    reply.reason = Reason::quota_exceeded;
    reply.message = "not shown";
    reply.retry_after_ms = 1;
    reply.granted = 2;
    reply.seq = 3;
    reply.at = instant_from_ms(4);
    reply.state = "normal";
    reply.policy_rev = "0123456789ab";
    reply.would_deny = true;
    reply.replayed = true;
    reply.dry_run = true;
    reply.traceparent = "00-ab";
    EXPECT_EQ(json(reply),
              R"({"cid":"c","id":"i","allowed":true,"decision":"allow","reason":"quota_exceeded",)"
              R"("retry_after_ms":1,"granted":2,"seq":3,"would":"deny","replayed":true,)"
              R"("dry_run":true})");
}

TEST(Reply, BriefFitsInto160BytesWithTheLargestNumbers) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::size_t longest = 0;
    for (const Id& id : {text_id("0123456789abcdef"),
                         Id{.form = Id::Form::number, .number = ~std::uint64_t{0}, .text = {}}}) {
        Reply denied;
        denied.brief = true;
        denied.id = id;
        denied.verdict = Verdict::deny;
        denied.reason = Reason::insufficient_credit;  // the longest of the denials
        denied.retry_after_ms = most;
        denied.seq = static_cast<std::uint64_t>(most);
        Reply granted;
        granted.brief = true;
        granted.id = id;
        granted.verdict = Verdict::allow;
        granted.granted = most;
        granted.seq = static_cast<std::uint64_t>(most);
        longest = std::max({longest, json(denied).size(), json(granted).size()});
    }
    EXPECT_LE(longest, 160U);
}

TEST(Reply, BothEncodingsSayTheSame) {
    Reply reply;
    reply.id = text_id("a-1");
    reply.governor = "billing/main";
    reply.reason = Reason::bad_field;
    reply.field = "amount";
    reply.expected = "an integer greater than 0";
    Writer writer(Encoding::msgpack);
    open_reply(writer, reply);
    writer.field("balance", -5);
    writer.end_map();
    const std::string msgpack(writer.bytes());
    writer.restart(Encoding::json);
    open_reply(writer, reply);
    writer.field("balance", -5);
    writer.end_map();
    Decoder first;
    Decoder second;
    EXPECT_EQ(show(first.decode(msgpack)), show(second.decode(writer.bytes())));
}

}  // namespace
}  // namespace flyball::testing
