#include "schemas/request.h"

#include <gtest/gtest.h>

#include <array>

#include "schemas/region.h"
#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

// A request read from JSON; its views live as long as this.
struct Read {
    explicit Read(std::string_view json) {
        const Payload payload = decoder.decode(json);
        root = payload.root;
        EXPECT_TRUE(payload.good()) << json << ": " << payload.fault.message;
        if (payload.good()) {
            read_request(*root, payload.encoding, request);
        }
    }
    Decoder decoder;
    const Value* root = nullptr;
    Request request;
};

TEST(Request, ReadsEveryCommonKey) {
    const Read read(R"({"tenant":"acme","op":"charge","id":"a-1","cid":42,"reply_to":"x/reply/y",)"
                    R"("ttl_ms":500,"dry_run":true,"brief":true,"must":["batch","x"],)"
                    R"("traceparent":"00-ab","tracestate":"k=v","amount":5})");
    const Request& request = read.request;
    EXPECT_FALSE(request.fault);
    EXPECT_EQ(request.tenant, "acme");
    EXPECT_EQ(request.op, "charge");
    EXPECT_EQ(request.id, (Id{.form = Id::Form::text, .number = 0, .text = "a-1"}));
    EXPECT_EQ(request.cid, (Id{.form = Id::Form::number, .number = 42, .text = {}}));
    EXPECT_TRUE(request.has_reply_to);
    EXPECT_EQ(request.reply_to, "x/reply/y");
    EXPECT_EQ(request.ttl_ms, 500);
    EXPECT_TRUE(request.dry_run);
    EXPECT_TRUE(request.brief);
    ASSERT_NE(request.must, nullptr);
    EXPECT_EQ(show(*request.must), "['batch','x']");
    EXPECT_EQ(request.traceparent, "00-ab");
    EXPECT_EQ(request.tracestate, "k=v");
}

TEST(Request, AnEmptyMapIsACheckWithoutATenant) {
    const Read read("{}");
    EXPECT_FALSE(read.request.fault);
    EXPECT_EQ(read.request.op, "check");
    EXPECT_TRUE(read.request.tenant.empty());
    EXPECT_FALSE(read.request.id.present());
    EXPECT_FALSE(read.request.has_reply_to);
    EXPECT_FALSE(read.request.ttl_ms.has_value());
}

TEST(Request, ReplacesWhatWasThere) {
    Read read(R"({"tenant":"a","op":"get","id":1,"cid":2,"reply_to":"r","ttl_ms":1,"dry_run":true,)"
              R"("brief":true,"must":[],"traceparent":"t","tracestate":"s","own":1,"hits":"x"})");
    const Payload empty = read.decoder.decode("{}");
    read_request(*empty.root, Encoding::json, read.request);
    const Request& request = read.request;
    EXPECT_TRUE(request.tenant.empty());
    EXPECT_EQ(request.op, "check");
    EXPECT_FALSE(request.id.present());
    EXPECT_FALSE(request.cid.present());
    EXPECT_FALSE(request.has_reply_to);
    EXPECT_FALSE(request.ttl_ms.has_value());
    EXPECT_FALSE(request.dry_run);
    EXPECT_FALSE(request.brief);
    EXPECT_EQ(request.must, nullptr);
    EXPECT_TRUE(request.traceparent.empty());
    EXPECT_TRUE(request.tracestate.empty());
    EXPECT_EQ(request.own.ignored().count, 0U);
}

TEST(Request, EveryWrongFormIsABadFieldThatNamesItself) {
    struct Row {
        std::string_view json;
        std::string_view field;
        std::string_view expected;
    };
    constexpr std::string_view id_form = "a text of 1 to 64 bytes or an unsigned integer";
    constexpr std::string_view tenant_form = "a text of 1 to 64 bytes without control characters";
    const std::string long_tenant = R"({"tenant":")" + std::string(65, 't') + "\"}";
    const std::string long_id = R"({"id":")" + std::string(65, 'i') + "\"}";
    const std::array rows{
        Row{R"({"must":"batch"})", "must", "an array of texts"},
        Row{R"({"must":null})", "must", "an array of texts"},
        Row{R"({"must":["a",1]})", "must", "an array of texts"},
        Row{R"({"tenant":""})", "tenant", tenant_form},
        Row{R"({"tenant":null})", "tenant", tenant_form},
        Row{R"({"tenant":7})", "tenant", tenant_form},
        Row{R"({"tenant":"a\u0007"})", "tenant", tenant_form},
        Row{R"({"tenant":"a\u007f"})", "tenant", tenant_form},
        Row{R"({"tenant":"a\u0085"})", "tenant", tenant_form},
        Row{long_tenant, "tenant", tenant_form},
        Row{R"({"op":1})", "op", "a text"},
        Row{R"({"op":null})", "op", "a text"},
        Row{R"({"id":""})", "id", id_form},
        Row{R"({"id":-1})", "id", id_form},
        Row{R"({"id":1.5})", "id", id_form},
        Row{R"({"id":null})", "id", id_form},
        Row{R"({"id":true})", "id", id_form},
        Row{R"({"id":[]})", "id", id_form},
        Row{long_id, "id", id_form},
        Row{R"({"cid":{}})", "cid", id_form},
        Row{R"({"reply_to":1})", "reply_to", "a text"},
        Row{R"({"reply_to":null})", "reply_to", "a text"},
        Row{R"({"ttl_ms":-1})", "ttl_ms", "an integer of at least 0"},
        Row{R"({"ttl_ms":"5"})", "ttl_ms", "an integer of at least 0"},
        Row{R"({"ttl_ms":null})", "ttl_ms", "an integer of at least 0"},
        Row{R"({"dry_run":1})", "dry_run", "true or false"},
        Row{R"({"brief":"yes"})", "brief", "true or false"},
    };
    for (const Row& row : rows) {
        const Read read(row.json);
        EXPECT_EQ(read.request.fault.reason, Reason::bad_field) << row.json;
        EXPECT_EQ(read.request.fault.field, row.field) << row.json;
        EXPECT_EQ(read.request.fault.expected, row.expected) << row.json;
    }
}

TEST(Request, TheFirstFaultInTheOrderOfChecksIsTheOneThatIsNamed) {
    const std::array<std::string_view, 9> keys{"must",   "tenant",  "op",    "id",      "cid",
                                               "ttl_ms", "dry_run", "brief", "reply_to"};
    for (std::size_t first = 0; first < keys.size(); ++first) {
        std::string json;
        for (std::size_t i = keys.size(); i-- > first;) {
            json += fmt::format("{}\"{}\":null", json.empty() ? "{" : ",", keys[i]);
        }
        const Read read(json + "}");
        EXPECT_EQ(read.request.fault.field, keys[first]) << json;
    }
}

TEST(Request, WhatIsWellFormedIsReadBesideAFault) {
    const Read read(R"({"tenant":5,"id":"again","cid":"c","brief":true,"own":1})");
    EXPECT_EQ(read.request.fault.field, "tenant");
    EXPECT_EQ(read.request.id.text, "again");
    EXPECT_EQ(read.request.cid.text, "c");
    EXPECT_TRUE(read.request.brief);
}

TEST(Request, IdsAreTextsOrUnsignedIntegersOfAnyWidth) {
    EXPECT_EQ(Read(R"({"id":0})").request.id.number, 0U);
    EXPECT_EQ(Read(R"({"id":18446744073709551615})").request.id.number, 18446744073709551615U);
    EXPECT_EQ(Read(R"({"id":"42"})").request.id.form, Id::Form::text);
    EXPECT_FALSE(Read(R"({"id":42})").request.id == Read(R"({"id":"42"})").request.id);
    EXPECT_EQ(Read(R"({"id":4.0})").request.id.number, 4U);
    const std::string longest(64, 'i');
    EXPECT_EQ(Read(R"({"id":")" + longest + "\"}").request.id.text.size(), 64U);
}

TEST(Request, TtlIsAlsoTheOpsOwnFieldAndNeverIgnored) {
    Read read(R"({"ttl_ms":60000})");
    EXPECT_EQ(read.request.ttl_ms, 60000);
    EXPECT_EQ(read.request.own.ignored().count, 0U);
    const Value* own = read.request.own.take("ttl_ms");
    ASSERT_NE(own, nullptr);
    EXPECT_EQ(own->integer, 60000);
}

TEST(Request, ATraceOfAWrongFormIsAnUnknownKey) {
    const Read read(R"({"traceparent":5,"tracestate":""})");
    EXPECT_FALSE(read.request.fault);
    EXPECT_TRUE(read.request.traceparent.empty());
    EXPECT_EQ(read.request.own.ignored().count, 2U);
}

TEST(Request, FindsReplyToOnlyWhenItIsAText) {
    const Read with(R"({"a":[1,2],"reply_to":"r/s"})");
    const Value* found = find_reply_to(*with.root);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->text(), "r/s");
    EXPECT_EQ(find_reply_to(*Read(R"({"reply_to":3})").root), nullptr);
    EXPECT_EQ(find_reply_to(*Read("{}").root), nullptr);
    EXPECT_EQ(find_reply_to(*Read("{\"a\":1}").root->next_sibling()), nullptr);
}

TEST(Request, TenantsHaveOneToSixtyFourBytesWithoutControlCharacters) {
    for (const std::string_view good : {"a", "acme corp", "caf\xC3\xA9", "a/b+#$%", "~",
                                        "0123456789012345678901234567890123456789012345678901234567"
                                        "890123"}) {
        EXPECT_TRUE(valid_tenant(good)) << good;
    }
    for (const std::string_view bad :
         {"", "a\n", "\x7F", "a\xC2\x85z", "a\xFFz", "\xED\xA0\x80", "12345678901234567\x1F"}) {
        EXPECT_FALSE(valid_tenant(bad)) << bad;
    }
    EXPECT_FALSE(valid_tenant(std::string(65, 'a')));
    EXPECT_FALSE(valid_tenant(std::string(1, '\0')));
}

TEST(Request, NamesAreLowerCaseAndDoNotStartWithAMark) {
    for (const std::string_view good : {"a", "0", "eu-west", "pi_7", "a-"}) {
        EXPECT_TRUE(valid_name(good)) << good;
    }
    for (const std::string_view bad : {"", "-a", "_a", "A", "a.b", "a b", "\xC3\xA9"}) {
        EXPECT_FALSE(valid_name(bad)) << bad;
    }
    EXPECT_TRUE(valid_name(std::string(63, 'a')));
    EXPECT_FALSE(valid_name(std::string(64, 'a')));
}

TEST(Request, ARegionIsNoReservedName) {
    EXPECT_TRUE(valid_region("eu-west"));
    for (const std::string_view bad : {"reply", "policy", "EU"}) {
        EXPECT_FALSE(valid_region(bad)) << bad;
    }
}

}  // namespace
}  // namespace flyball::testing
