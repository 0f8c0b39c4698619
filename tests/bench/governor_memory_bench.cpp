// Heap bytes of governors, counted at the allocator: empty, with a full ring of 1,024 events, with
// 1,024 ids besides; forty of them; thirty with 100 tenants each, of one type and of all. Prints
// each beside its bound and exits 1 when one is missed.

#include <malloc.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "node/registry.h"
#include "schemas/decode.h"
#include "schemas/request.h"

namespace flyball {
namespace {

std::size_t heap_bytes() {
    return mallinfo2().uordblks;
}

class Asker {
public:
    void ask(Governor& governor, const std::string& json, bool admin = false) {
        const Payload payload = decoder_.decode(json);
        expects(payload.good(), "the benchmark's request decodes");
        read_request(*payload.root, payload.encoding, request_);
        governor.decide(request_, {.now = now_, .encoding = payload.encoding, .admin = admin},
                        decided_, effect_);
        expects(decided_.reply.verdict == (admin ? Verdict::ok : Verdict::allow),
                "the benchmark's request is granted");
    }

private:
    Instant now_ = instant_from_ms(1'800'000'000'000);
    Decoder decoder_;
    Request request_;
    Decided decided_;
    Effect effect_;
};

const Tree& roomy() {
    static const Tree raw(
        Tree::Map{{"resources", Tree::Map{{"api_calls", Tree::Map{{"limit", 1'000'000'000},
                                                                  {"window", "1d"},
                                                                  {"algorithm", "fixed"}}}}}});
    return raw;
}

Governor& add(Registry& registry, int number) {
    auto added = registry.add("quota", "g" + std::to_string(number), roomy(), Instant{});
    expects(added.has_value(), "the benchmark's governor is configured");
    return **added;
}

void fill(Asker& asker, Governor& governor, int requests, int tenants, bool with_ids) {
    for (int i = 0; i < requests; ++i) {
        std::string json = R"({"tenant":"tenant-)" + std::to_string(i % tenants) + '"';
        if (with_ids) {
            json += R"(,"id":"order-)" + std::to_string(i) + '"';
        }
        asker.ask(governor, json + '}');
    }
}

bool report(const char* what, std::size_t bytes, std::size_t bound) {
    const bool met = bound == 0 || bytes <= bound;
    std::printf("%-52s %10zu", what, bytes);
    if (bound != 0) {
        std::printf("  bound %9zu  ratio %4.2f  %s", bound,
                    static_cast<double>(bytes) / static_cast<double>(bound),
                    met ? "met" : "MISSED");
    }
    std::printf("\n");
    return met;
}

// Heap bytes of `count` governors, each after `requests` requests.
std::size_t measure(int count, int requests, int tenants, bool with_ids) {
    Asker asker;
    {
        // The asker's own buffers grow before the count begins.
        Registry warm({.seed = 1});
        fill(asker, add(warm, 0), 64, 4, true);
    }
    const std::size_t before = heap_bytes();
    Registry registry({.seed = 1});
    for (int i = 0; i < count; ++i) {
        fill(asker, add(registry, i), requests, tenants, with_ids);
    }
    return heap_bytes() - before;
}

// A device's governors, six of each type: each tenant has an account, a tier, a running plan, and
// asks once or, so that rings are full, eleven times.
std::size_t measure_device(int rounds) {
    constexpr int tenants = 100;
    Asker asker;
    const std::size_t before = heap_bytes();
    Registry registry({.seed = 1});
    const auto each = [&](std::string_view type, const std::string& keys, bool admin) {
        for (int number = 0; number < 6; ++number) {
            const std::string name = "g" + std::to_string(number);
            Governor* governor = registry.find(type, name);
            if (governor == nullptr) {
                const auto added = registry.add(type, name, Tree(Tree::Map{}), Instant{});
                expects(added.has_value(), "the benchmark's governors are configured");
                governor = *added;
            }
            for (int tenant = 0; tenant < tenants; ++tenant) {
                asker.ask(*governor,
                          R"({"tenant":"tenant-)" + std::to_string(tenant) + "\"" + keys + "}",
                          admin);
            }
        }
    };
    each("billing", R"(,"op":"topup","amount":1000000,"id":"open")", true);
    each("subscription", R"(,"op":"start")", true);
    each("entitlement", R"(,"op":"set_tier","tier":"pro")", true);
    for (int round = 0; round < rounds; ++round) {
        const std::string id = R"(,"id":"order-)" + std::to_string(round) + '"';
        each("billing", R"(,"op":"charge","amount":25)" + id, false);
        each("quota", id, false);
        each("compliance", R"(,"action":"store","attributes":{"region":"eu-west"})" + id, false);
        each("entitlement", R"(,"feature":"export")", false);
        each("subscription", "", false);
    }
    return heap_bytes() - before;
}

int run() {
    constexpr int ring = 1024;
    constexpr std::size_t kib = 1024;
    bool met = report("an idle governor", measure(1, 0, 1, false), 0);
    met &= report("a governor, 1,024 events", measure(1, ring, 4, false), 25 * kib);
    met &= report("a governor, 1,024 events and 1,024 ids", measure(1, ring, 4, true), 52 * kib);
    met &= report("40 governors, 1,024 events each", measure(40, ring, 4, false), 1024 * kib);
    met &= report("30 governors, 100 tenants each, full rings", measure(30, ring, 100, true), 0);
    met &= report("30 governors, 6 of a type, 100 tenants, one ask each", measure_device(1), 0);
    met &= report("30 governors, 6 of a type, 100 tenants, full rings", measure_device(11), 0);
    return met ? 0 : 1;
}

}  // namespace
}  // namespace flyball

int main() {
    return flyball::run();
}
