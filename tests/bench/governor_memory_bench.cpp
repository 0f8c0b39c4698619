// Heap bytes of governors, counted at the allocator: empty, with a full ring of 1,024 events, with
// 1,024 ids besides; forty of them; thirty with 100 tenants each. Prints each beside its bound and
// exits 1 when one is missed.

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
    void ask(Governor& governor, const std::string& json) {
        const Payload payload = decoder_.decode(json);
        expects(payload.good(), "the benchmark's request decodes");
        read_request(*payload.root, payload.encoding, request_);
        governor.decide(request_, {.now = now_, .encoding = payload.encoding}, decided_, effect_);
        expects(decided_.reply.verdict == Verdict::allow, "the benchmark's request is granted");
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

int run() {
    constexpr int ring = 1024;
    constexpr std::size_t kib = 1024;
    bool met = report("an idle governor", measure(1, 0, 1, false), 0);
    met &= report("a governor, 1,024 events", measure(1, ring, 4, false), 25 * kib);
    met &= report("a governor, 1,024 events and 1,024 ids", measure(1, ring, 4, true), 52 * kib);
    met &= report("40 governors, 1,024 events each", measure(40, ring, 4, false), 1024 * kib);
    met &= report("30 governors, 100 tenants each, full rings", measure(30, ring, 100, true), 0);
    return met ? 0 : 1;
}

}  // namespace
}  // namespace flyball

int main() {
    return flyball::run();
}
