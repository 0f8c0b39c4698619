// Counts every operator new of the process: decoding, reading and writing allocate nothing once
// their buffers have grown. Also what msgpack-c's parse context must keep doing for that.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "schemas/reply.h"
#include "schemas/request.h"
#include "tests/unit/schemas/codec_vocabulary.h"

namespace {
std::size_t allocations = 0;
}

// RapidJSON's stack comes from malloc: it is the same buffer from the first payload on.
void* operator new(std::size_t size) {
    ++allocations;
    void* memory = std::malloc(size > 0 ? size : 1);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}
// Not inlined: GCC would see free() beside a call of new, and warn of a mismatch.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace flyball::testing {
namespace {

std::string quota_request(Encoding encoding) {
    Writer writer(encoding);
    writer.begin_map();
    writer.field("tenant", "tenant-0042");
    writer.field("op", "check");
    writer.field("resource", "api_calls");
    writer.field("hits", 3);
    writer.field("note", "tab\t and \xC3\xA9");
    writer.key("list");
    writer.begin_array();
    for (int i = 0; i < 40; ++i) {
        writer.integer(i * 1000);
    }
    writer.end_array();
    writer.end_map();
    return std::string(writer.bytes());
}

void write_reply(Writer& writer, Encoding encoding, const Request& request) {
    writer.restart(encoding);
    Reply reply;
    reply.id = request.id;
    reply.tenant = request.tenant;
    reply.governor = "quota/main";
    reply.reason = Reason::bad_field;
    reply.field = "hits";
    reply.expected = "an integer of at least 0";
    reply.ignored = request.own.ignored();
    open_reply(writer, reply);
    writer.end_map();
}

std::size_t allocations_of_second_round(Encoding encoding) {
    const std::string payload = quota_request(encoding);
    Decoder decoder;
    Writer writer;
    Request request;
    std::size_t before = 0;
    for (int round = 0; round < 100; ++round) {
        if (round == 1) {
            before = allocations;
        }
        const Payload decoded = decoder.decode(payload);
        if (!decoded.good()) {
            return static_cast<std::size_t>(-1);
        }
        read_request(*decoded.root, encoding, request);
        write_reply(writer, encoding, request);
    }
    return allocations - before;
}

TEST(Allocation, MsgpackIsReadAndAnsweredWithout) {
    EXPECT_EQ(allocations_of_second_round(Encoding::msgpack), 0U);
}

TEST(Allocation, JsonIsReadAndAnsweredWithout) {
    EXPECT_EQ(allocations_of_second_round(Encoding::json), 0U);
}

TEST(Allocation, AMalformedPayloadIsRefusedWithout) {
    Decoder decoder;
    const std::string good = quota_request(Encoding::msgpack);
    const std::string cut = good.substr(0, good.size() / 2);
    const std::string text = "{\"a\":[1,2";
    ASSERT_TRUE(decoder.decode(good).good());
    ASSERT_FALSE(decoder.decode(text).good());
    const std::size_t before = allocations;
    const bool refused = !decoder.decode(cut).good() && !decoder.decode(text).good();
    EXPECT_EQ(allocations, before);
    EXPECT_TRUE(refused);
}

// What the kept parse context rests on: after a payload that was cut in the middle of anything,
// init() makes it as new.
TEST(Allocation, TheKeptParseContextStartsEveryPayloadAnew) {
    Decoder decoder;
    const std::string good = quota_request(Encoding::msgpack);
    const std::string shown = show(decoder.decode(good));
    for (std::size_t size = 1; size < good.size(); ++size) {
        EXPECT_EQ(show(decoder.decode(std::string_view(good).substr(0, size))), "malformed");
        EXPECT_EQ(show(decoder.decode(good)), shown);
    }
}

}  // namespace
}  // namespace flyball::testing
