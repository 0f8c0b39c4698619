// What the dearest payloads that a stranger can think of cost: memory, processor time and bytes of
// the reply, each beside an ordinary batch in the same run. Prints a table.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "schemas/key_bits.h"
#include "tests/hostile/guard.h"
#include "tests/hostile/heap.h"
#include "tests/idle_node.h"
#include "tests/unit/node/asked_engine.h"

namespace flyball::testing {
namespace {

using namespace std::string_literals;

constexpr std::size_t payload_max = Limits{}.payload_bytes;
constexpr std::size_t reply_bytes_max = reply_bytes_of_entry * Limits{}.batch;
// 65,536 nodes of 24 bytes and half of that while they grow; likewise the reply.
constexpr std::size_t heap_max = (std::size_t{4} << 20) + 2 * reply_bytes_max;
// Of one message: what a JSON reader keeps of the payload, its values, and the reply; each twice
// and half while it grows. Four times the payload alone is the aim; payloads of many values of a
// byte are beyond it, since each takes a node.
constexpr std::size_t heap_times_payload = 4;
constexpr std::size_t heap_bytes_a_value = 3 * sizeof(Value);
constexpr std::size_t heap_times_reply = 3;
// Microseconds; the aim is 20 a KB on a quiet machine. Entries of two bytes are decided all the
// same.
constexpr double us_a_kb_max = 5 * 20;
constexpr double us_an_entry_max = 1;
constexpr double us_a_kb_of_reply_max = 10;
constexpr std::size_t kept_max = std::size_t{128} * 1024;

struct Attack {
    std::string name;
    std::string below;
    std::string payload;
};

std::string repeated(std::string_view text, std::size_t times, std::string_view between = "") {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out.append(i == 0 ? "" : between).append(text);
    }
    return out;
}

std::string batch_of(std::string_view entry, std::size_t entries = 1024) {
    return "[" + repeated(entry, entries, ",") + "]";
}

// Keys of three letters that all have the same bit in KeyBits, so that each is compared with all.
std::vector<std::string> colliding_keys(std::size_t count) {
    std::vector<std::string> keys;
    std::string key = "aaa";
    KeyBits first;
    first.add(key);
    for (int i = 0; keys.size() < count; ++i) {
        key = {static_cast<char>('a' + i / 676 % 26), static_cast<char>('a' + i / 26 % 26),
               static_cast<char>('a' + i % 26)};
        KeyBits bits = first;
        if (bits.add(key)) {
            keys.push_back(key);
        }
    }
    return keys;
}

// Strict maps of 64 colliding keys, as many as an entry and a payload may have.
std::string colliding_maps() {
    std::string map = "\xde\x00\x40"s;
    for (const std::string& key : colliding_keys(64)) {
        map += "\xa3" + key + "\xc0";
    }
    const std::string entry =
        "\x82\xa6tenant\xa1"s + "a" + "\xaa" + "attributes" + "\x81\xa1l\x9f" + repeated(map, 15);
    return "\xdc\x00\x1e"s + repeated(entry, 30);
}

std::string many_small_values() {
    const std::string entry =
        "\x82\xa6tenant\xa1"s + "a" + "\xa1x\xdc\x03\xe8" + std::string(1000, '\xc0');
    return "\xdc\x00\x20"s + repeated(entry, 32);
}

std::vector<Attack> attacks() {
    const std::string check = "quota/main/request";
    const std::string escaped = R"({"tenant":"a","x":")" + repeated("\\u00e9", 512) + "\"}";
    const std::string digits = R"({"tenant":"a","x":0.)" + std::string(1000, '9') + "}";
    std::vector<Attack> all = {
        {"an ordinary batch", check, batch_of(R"({"tenant":"a","brief":true})")},
        {"one request", check, R"({"tenant":"acme"})"},
        {"white space", check, std::string(payload_max, ' ')},
        {"white space and a map", check, std::string(payload_max - 15, ' ') + R"({"tenant":"a"})"},
        {"empty maps", check, batch_of("{}")},
        {"numbers for maps", check, batch_of("7")},
        {"full replies", check, batch_of(R"({"tenant":"a"})")},
        {"values of a byte", check, many_small_values()},
        {"keys that collide", "compliance/main/request", colliding_maps()},
        {"nesting too deep", check, std::string(payload_max, '[')},
        {"a promise of 4 billion", check, "\xdd\xff\xff\xff\xff"s},
        {"a promise of 4 GB of text", check, "\x81\xa6tenant\xdb\xff\xff\xff\xff"s},
        {"escapes", check, batch_of(escaped, payload_max / (escaped.size() + 1) - 1)},
        {"long fractions", check, batch_of(digits, payload_max / (digits.size() + 1) - 1)},
        {"names to ignore", check,
         batch_of("{" + repeated(R"("abcdefgh":1)", 1) + R"(,"tenant":"a"})")},
        {"a name of 1 KiB to ignore", check,
         batch_of("{\"" + std::string(1024, 'n') + R"(":1,"tenant":"a"})", 240)},
        {"an account's 64 holds", "billing/main/request", R"({"op":"get","tenant":"a"})"},
        {"64 holds, in a batch", "billing/main/request", batch_of(R"({"op":"get","tenant":"a"})")},
        {"256 grants", "entitlement/main/request", R"({"op":"get","tenant":"a"})"},
        {"256 grants, in a batch", "entitlement/main/request",
         batch_of(R"({"op":"get","tenant":"a"})")},
        {"control: list", "control", batch_of(R"({"op":"list"})")},
        {"control: history", "control",
         batch_of(R"({"op":"history","governor":"quota/main","last":1024})")},
    };
    return all;
}

// Reads nothing of what it is handed but the size.
class Sink final : public EngineHost {
public:
    void send(const Message& message) override {
        bytes = message.payload.size();
        ++sent;
    }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}
    std::size_t bytes = 0;
    int sent = 0;
};

// A node whose tenant has as much to tell as one may have.
class Target {
public:
    Target() : control_(node.engine(), idle_, {}) {
        node.engine().set_control(&control_);
        for (const char* type : {"billing", "entitlement", "compliance"}) {
            EXPECT_TRUE(node.engine().registry().add(type, "main", Tree(), node.now()));
        }
        node.ask("billing/main/admin",
                 {{"op", "topup"}, {"tenant", "a"}, {"amount", 1'000'000}, {"id", 1}});
        node.ask("billing/main/admin",
                 {{"op", "set_rate_limit"}, {"tenant", "a"}, {"per_minute", 0}});
        for (int i = 0; i < 64; ++i) {
            node.ask("billing/main/request", {{"op", "hold"},
                                              {"tenant", "a"},
                                              {"hold", std::string(60, 'h') + std::to_string(i)},
                                              {"amount", 1},
                                              {"id", 2 + i}});
        }
        for (int i = 0; i < 256; ++i) {
            node.ask("entitlement/main/admin",
                     {{"op", "grant"},
                      {"tenant", "a"},
                      {"feature", std::string(60, 'f') + std::to_string(i)}});
        }
        for (int i = 0; i < 1024; ++i) {
            node.ask({{"tenant", "a"}});
        }
    }
    AskedEngine node;

private:
    IdleNode idle_;
    Control control_;
};

double in_kb(std::size_t bytes) {
    return static_cast<double>(bytes) / 1024;
}

std::int64_t processor_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct Cost {
    std::size_t payload = 0;
    std::size_t entries = 1;
    std::size_t values = 0;  // and keys
    std::size_t heap = 0;    // at its height, beyond what there was
    std::size_t kept = 0;    // afterwards
    std::size_t reply = 0;
    double us_per_kb = 0;
};

Cost cost_of(const Attack& attack) {
    Target target;
    Sink sink;
    const std::string topic = below_root(attack.below);
    const Message message{.topic = topic, .payload = attack.payload};
    const auto handle = [&] { target.node.engine().handle(message, {}, target.node.now(), sink); };
    Cost cost{.payload = attack.payload.size()};
    forget_peak();
    const std::size_t before = heap_bytes();
    handle();
    EXPECT_EQ(sink.sent, 1) << attack.name;
    cost.heap = heap_peak() - before;
    cost.kept = heap_bytes() - std::min(before, heap_bytes());
    cost.reply = sink.bytes;
    Decoder decoder;
    const Payload decoded = decoder.decode(attack.payload);
    cost.entries = decoded.batch && decoded.good() ? decoded.root->count : 1;
    cost.values = decoded.good() ? decoded.root->span : 0;
    std::int64_t least_ns = INT64_MAX;
    for (int i = 0; i < 7; ++i) {
        const std::int64_t began_ns = processor_ns();
        handle();
        least_ns = std::min(least_ns, processor_ns() - began_ns);
    }
    cost.us_per_kb =
        static_cast<double>(least_ns) / 1e3 / in_kb(std::max<std::size_t>(cost.payload, 1024));
    return cost;
}

TEST(Amplification, OfTheDearestPayloadsIsBounded) {
    fmt::print("{:<28} {:>8} {:>8} {:>8} {:>10} {:>7} {:>8} {:>8} {:>9} {:>7}\n", "payload",
               "bytes", "entries", "values", "heap", "ratio", "kept", "us/KB", "reply", "ratio");
    double ordinary = 0;
    for (const Attack& attack : attacks()) {
        SCOPED_TRACE(attack.name);
        const Cost cost = cost_of(attack);
        ordinary = ordinary == 0 ? cost.us_per_kb : ordinary;
        const auto times_payload = [&](std::size_t bytes) {
            return static_cast<double>(bytes) / static_cast<double>(cost.payload);
        };
        fmt::print("{:<28} {:>8} {:>8} {:>8} {:>10} {:>7.1f} {:>8} {:>8.1f} {:>9} {:>7.1f}\n",
                   attack.name, cost.payload, cost.entries, cost.values, cost.heap,
                   times_payload(cost.heap), cost.kept, cost.us_per_kb, cost.reply,
                   times_payload(cost.reply));
        EXPECT_LE(cost.heap, heap_max) << "whatever was sent";
        EXPECT_LE(cost.heap, heap_times_payload * cost.payload + heap_bytes_a_value * cost.values +
                                 heap_times_reply * cost.reply);
        EXPECT_LE(cost.kept, kept_max) << "given back, but for usual buffers";
        EXPECT_LE(cost.reply, reply_bytes_max + 512 * cost.entries);
        if (attack.below == "quota/main/request") {
            EXPECT_LE(cost.reply, 2 * cost.payload + 512 * cost.entries);
        }
        if (measures_truly) {
            EXPECT_LE(cost.us_per_kb * in_kb(std::max<std::size_t>(cost.payload, 1024)),
                      us_a_kb_max * in_kb(cost.payload) +
                          us_an_entry_max * static_cast<double>(cost.entries) +
                          us_a_kb_of_reply_max * in_kb(cost.reply));
        }
    }
}

}  // namespace
}  // namespace flyball::testing
