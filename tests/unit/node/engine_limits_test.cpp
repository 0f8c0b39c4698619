// What a stranger may send: every limit, either encoding, just inside and just beyond it.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/node/asked_engine.h"

namespace flyball {
namespace {

const std::string request_topic = below_root("quota/main/request");

Json nested(int levels) {
    Json value = 1;
    for (int i = 0; i < levels; ++i) {
        value = Json::array({value});
    }
    return value;
}

Json with_keys(int keys) {
    Json request = {{"tenant", "acme"}};
    while (static_cast<int>(request.size()) < keys) {
        request["x_" + std::to_string(request.size())] = 1;
    }
    return request;
}

// The tenant counts as one value, the array as another.
Json with_values(int values) {
    return {{"tenant", "acme"},
            {"x_list", Json(std::vector<int>(static_cast<std::size_t>(values - 2), 1))}};
}

Json batch_of(std::size_t entries, const Json& entry) {
    return Json(std::vector<Json>(entries, entry));
}

struct Row {
    const char* limit;
    Json inside;
    Json beyond;
};

std::vector<Row> rows() {
    const Json look = {{"tenant", "a"}, {"hits", 0}, {"brief", true}};
    const Json wide = with_values(1000);
    std::vector<Row> all;
    all.push_back({"nesting 8",
                   {{"tenant", "acme"}, {"x_deep", nested(7)}},
                   {{"tenant", "acme"}, {"x_deep", nested(8)}}});
    all.push_back({"a string of 1 KiB",
                   {{"tenant", "acme"}, {"x_s", std::string(1024, 's')}},
                   {{"tenant", "acme"}, {"x_s", std::string(1025, 's')}}});
    all.push_back({"64 keys in a map", with_keys(64), with_keys(65)});
    all.push_back({"1,024 values in an entry", with_values(1024), with_values(1025)});
    all.push_back({"1,024 entries of a batch", batch_of(1024, look), batch_of(1025, look)});
    // An entry is a value too: 32 of 1,001 and one of 736 make 32,768.
    Json full = batch_of(32, wide);
    full.push_back(with_values(735));
    Json too_full = batch_of(32, wide);
    too_full.push_back(with_values(736));
    all.push_back({"32,768 values in all", full, too_full});
    return all;
}

TEST(Limits, TakeWhatIsJustInside) {
    for (const Row& row : rows()) {
        AskedEngine node;
        const std::string json = row.inside.dump();
        const Json answered = node.one({.topic = request_topic, .payload = json}).json();
        const Json first = answered.is_array() ? answered.at(0) : answered;
        EXPECT_EQ(first.at("decision"), "allow") << row.limit << first;
        const std::string msgpack = packed(row.inside);
        const Json unpacked = node.one({.topic = request_topic, .payload = msgpack}).msgpack();
        const Json again = unpacked.is_array() ? unpacked.at(0) : unpacked;
        EXPECT_EQ(again.at("decision"), "allow") << row.limit << again;
    }
}

TEST(Limits, AnswerWhatIsJustBeyondWithOneErrorMapAndChangeNothing) {
    for (const Row& row : rows()) {
        AskedEngine node;
        for (const bool as_json : {true, false}) {
            const std::string payload = as_json ? row.beyond.dump() : packed(row.beyond);
            const Sent sent = node.one({.topic = request_topic, .payload = payload});
            const Json reply = as_json ? sent.json() : sent.msgpack();
            ASSERT_TRUE(reply.is_object()) << row.limit;
            EXPECT_EQ(reply.at("decision"), "error") << row.limit;
            EXPECT_EQ(reply.at("allowed"), false) << row.limit;
            EXPECT_EQ(reply.at("reason"), "too_large") << row.limit;
            EXPECT_EQ(reply.at("governor"), "quota/main");
            EXPECT_FALSE(reply.at("message").get<std::string>().empty());
            EXPECT_EQ(sent.content_type, as_json ? "application/json" : "application/vnd.msgpack");
        }
        EXPECT_EQ(node.engine().registry().find("quota", "main")->tenants(), 0U) << row.limit;
    }
}

TEST(Limits, TakeAPayloadOf256KiBAndNotAByteMore) {
    AskedEngine node;
    const std::string request = R"({"tenant":"acme"})";
    const std::string largest = request + std::string(256 * 1024 - request.size(), ' ');
    EXPECT_EQ(node.one({.topic = request_topic, .payload = largest}).json().at("decision"),
              "allow");
    const std::string larger = largest + " ";
    EXPECT_EQ(node.one({.topic = request_topic, .payload = larger}).json().at("reason"),
              "too_large");
    const std::string binary = packed({{"tenant", "acme"}}) + std::string(256 * 1024, '\0');
    EXPECT_EQ(node.one({.topic = request_topic, .payload = binary}).msgpack().at("reason"),
              "too_large");
}

TEST(Limits, AreThoseOfTheConfiguration) {
    Engine::Options options = AskedEngine::settings();
    options.limits.batch = 2;
    options.limits.string_bytes = 8;
    AskedEngine node(options);
    const std::string three = R"([{"tenant":"a"},{"tenant":"a"},{"tenant":"a"}])";
    EXPECT_EQ(node.one({.topic = request_topic, .payload = three}).json().at("reason"),
              "too_large");
    EXPECT_EQ(node.ask({{"tenant", "acme-long"}}).at("reason"), "too_large");
    Limits wider;
    node.engine().set_limits(wider);
    EXPECT_EQ(node.one({.topic = request_topic, .payload = three}).json().size(), 3U);
    EXPECT_EQ(node.ask({{"tenant", "acme-long"}}).at("decision"), "allow");
}

struct Bad {
    const char* what;
    std::string payload;
    bool msgpack;
};

std::vector<Bad> malformed() {
    using namespace std::string_literals;
    return {
        {"nothing", "", false},
        {"white space", " \n", false},
        {"a word", "hello", false},
        {"a number", "42", false},
        {"a text", R"("check")", false},
        {"a truncated map", R"({"tenant":"acme")", false},
        {"a truncated text", R"({"tenant":"ac)", false},
        {"trailing bytes", R"({"tenant":"acme"}x)", false},
        {"two maps", R"({"tenant":"acme"}{"tenant":"acme"})", false},
        {"a trailing zero byte", R"({"tenant":"acme"})"s + '\0', false},
        {"a comma too many", R"({"tenant":"acme",})", false},
        {"NaN", R"({"tenant":"acme","hits":NaN})", false},
        {"no UTF-8", "{\"tenant\":\"ac\xff\"}", false},
        {"half a surrogate pair", R"({"tenant":"a\ud800"})", false},
        {"a key twice", R"({"tenant":"acme","hits":1,"hits":1})", false},
        {"a key twice, once escaped", R"({"tenant":"acme","hits":1,"\u0068its":1})", false},
        {"a key twice in attributes", R"({"tenant":"acme","attributes":{"a":1,"a":2}})", false},
        {"a key twice in an entry", R"([{"tenant":"a"},{"tenant":"a","tenant":"b"}])", false},
        {"a msgpack integer", "\x07", false},
        {"a msgpack nil", "\xc0", false},
        {"a truncated msgpack map", "\x82\xa6tenant\xa4"s + "acme", true},
        {"a truncated msgpack text", "\x81\xa6tenant\xa4"s + "ac", true},
        {"trailing bytes behind msgpack", packed({{"tenant", "acme"}}) + "\xc0", true},
        {"a byte that is no msgpack", "\x81\xa6tenant\xc1"s, true},
        {"a msgpack text that is no UTF-8", "\x81\xa6tenant\xa2\xff\xfe"s, true},
        {"a msgpack key twice", "\x82\xa6tenant\xa1"s + "a" + "\xa6tenant\xa1" + "b", true},
        {"a msgpack key that is no text", "\x82\xa6tenant\xa1"s + "a" + "\x01\x01", true},
    };
}

TEST(Malformed, IsAnsweredByOneErrorMapWithTheOffset) {
    AskedEngine node;
    for (const Bad& bad : malformed()) {
        const Sent sent = node.one({.topic = request_topic, .payload = bad.payload});
        const Json reply = bad.msgpack ? sent.msgpack() : sent.json();
        ASSERT_TRUE(reply.is_object()) << bad.what;
        EXPECT_EQ(reply.at("reason"), "malformed") << bad.what;
        EXPECT_EQ(reply.at("decision"), "error") << bad.what;
        EXPECT_LE(reply.at("offset").get<std::size_t>(), bad.payload.size()) << bad.what;
        EXPECT_FALSE(reply.at("message").get<std::string>().empty()) << bad.what;
        EXPECT_EQ(sent.utf8_payload, !bad.msgpack) << bad.what;
    }
    EXPECT_EQ(node.engine().registry().find("quota", "main")->tenants(), 0U);
    EXPECT_EQ(node.ask({{"tenant", "acme"}}).at("decision"), "allow") << "the node goes on";
}

TEST(Malformed, AsksForNoMemoryThatAFewBytesPromise) {
    using namespace std::string_literals;
    AskedEngine node;
    for (const std::string& payload :
         {"\xdf\xff\xff\xff\xff"s, "\xdd\xff\xff\xff\xff"s, "\x81\xa1x\xdb\xff\xff\xff\xff"s,
          "\x81\xa1x\xc6\xff\xff\xff\xff"s, "\x81\xa1x\xdd\x7f\xff\xff\xff"s}) {
        const Json reply = node.one({.topic = request_topic, .payload = payload}).msgpack();
        EXPECT_EQ(reply.at("decision"), "error");
        EXPECT_TRUE(reply.at("reason") == "malformed" || reply.at("reason") == "too_large");
    }
}

TEST(Decoding, TakesAnyValueBelowAKeyThatItIgnores) {
    using namespace std::string_literals;
    AskedEngine node;
    const std::string json =
        R"({"tenant":"acme","what":{"a":1,"a":[null,1.5,{"b":true}]},"x_y":-0.25})";
    const Json reply = node.one({.topic = request_topic, .payload = json}).json();
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_EQ(reply.at("ignored"), Json({"what"}));
    // A NaN, binary, an extension, a map whose keys are numbers.
    const std::string msgpack = "\x85\xa6tenant\xa4"s + "acme" + "\xa1" + "f" +
                                "\xcb\x7f\xf8\0\0\0\0\0\0"s + "\xa1" + "b" + "\xc4\x02\xff\xfe"s +
                                "\xa1" + "e" + "\xd4\x01\x02"s + "\xa1" + "m" + "\x81\x01\x02"s;
    EXPECT_EQ(node.one({.topic = request_topic, .payload = msgpack}).msgpack().at("decision"),
              "allow");
}

TEST(Decoding, ReadsIntegersOfEveryWidthAndWholeFloatsAlike) {
    using namespace std::string_literals;
    AskedEngine node;
    std::int64_t used = 0;
    for (const std::string& two :
         {"\x02"s, "\xcc\x02"s, "\xcd\0\x02"s, "\xce\0\0\0\x02"s, "\xcf\0\0\0\0\0\0\0\x02"s,
          "\xd0\x02"s, "\xd1\0\x02"s, "\xd2\0\0\0\x02"s, "\xd3\0\0\0\0\0\0\0\x02"s,
          "\xca\x40\0\0\0"s, "\xcb\x40\0\0\0\0\0\0\0"s}) {
        const std::string payload = "\x82\xa6tenant\xa4"s + "acme" + "\xa4hits" + two;
        const Json reply = node.one({.topic = request_topic, .payload = payload}).msgpack();
        EXPECT_EQ(reply.at("decision"), "allow");
        EXPECT_EQ(reply.at("used"), used += 2);
    }
}

TEST(Decoding, TakesNullForAValueOfAWrongType) {
    AskedEngine node;
    for (const char* key : {"tenant", "op", "id", "cid", "hits", "resource", "dry_run", "brief",
                            "ttl_ms", "must", "partial"}) {
        Json request = {{"tenant", "acme"}};
        request[key] = nullptr;
        const Json reply = node.ask(request);
        EXPECT_EQ(reply.at("reason"), "bad_field") << key;
        EXPECT_EQ(reply.at("field"), key);
    }
}

// A device has 256 MB for everything: one payload must not make every node keep a megabyte.
TEST(Decoding, GivesBackWhatALargeMessageTook) {
    AskedEngine node;
    node.ask({{"tenant", "acme"}});
    const std::size_t before = node.engine().memory_bytes();
    for (const Json& wide : {with_values(1000), Json{{"tenant", "acme"}}}) {
        Json batch = batch_of(32, wide);
        node.ask(batch);
        EXPECT_LT(node.engine().memory_bytes(), before + std::size_t{128} * 1024);
    }
    // Small ones go on without growing anew.
    const std::size_t after = node.engine().memory_bytes();
    node.ask({{"tenant", "acme"}});
    EXPECT_LE(node.engine().memory_bytes(), std::max(before, after));
}

TEST(Decoding, GivesItsBuffersBackWhenToldTo) {
    AskedEngine node;
    node.ask(batch_of(200, {{"tenant", "a"}, {"hits", 0}}));
    const std::size_t grown = node.engine().memory_bytes();
    node.engine().release_buffers();
    EXPECT_LT(node.engine().memory_bytes() + 20'000, grown);
    EXPECT_EQ(node.ask({{"tenant", "a"}, {"hits", 0}}).at("decision"), "allow");
}

TEST(Decoding, RepliesInTheEncodingOfTheRequest) {
    AskedEngine node;
    const std::string msgpack = packed({{"tenant", "acme"}});
    const Sent binary =
        node.one({.topic = request_topic, .payload = msgpack, .content_type = "application/json"});
    EXPECT_EQ(binary.content_type, "application/vnd.msgpack");
    EXPECT_FALSE(binary.utf8_payload);
    EXPECT_EQ(binary.msgpack().at("decision"), "allow");
    const std::string json = "\t\r\n {\"tenant\":\"acme\"} \n";
    const Sent text = node.one({.topic = request_topic, .payload = json});
    EXPECT_EQ(text.content_type, "application/json");
    EXPECT_TRUE(text.utf8_payload);
    EXPECT_EQ(text.json().at("decision"), "allow");
}

}  // namespace
}  // namespace flyball
