// One core's decisions per second from msgpack bytes to msgpack bytes, through the engine as a
// transport would call it: topic, decode, decide, encode. Prints nanoseconds, heap allocations and
// reply bytes a decision, beside a reference that does only the codec's work the usual way
// (msgpack::unpack, read the fields, msgpack::pack), in the same run.
//
//   engine_bench             the table, medians of several rounds
//   engine_bench --loop N    N quota checks and nothing else, for callgrind

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <msgpack.hpp>
#include <new>
#include <string>
#include <vector>

#include "node/engine.h"

namespace {

std::uint64_t allocations = 0;

}  // namespace

void* operator new(std::size_t bytes) {
    ++allocations;
    if (void* place = std::malloc(bytes)) {
        return place;
    }
    throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
    std::free(place);
}

namespace flyball {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 9;
constexpr int decisions_per_round = 200'000;

class Sink : public EngineHost {
public:
    void send(const Message& message) override {
        bytes += message.payload.size();
        ++replies;
    }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}
    std::uint64_t bytes = 0;
    std::uint64_t replies = 0;
};

std::string request(const std::string& tenant, std::uint64_t id, bool with_id) {
    msgpack::sbuffer buffer;
    msgpack::packer packer(buffer);
    packer.pack_map(with_id ? 4 : 3);
    packer.pack(std::string("tenant"));
    packer.pack(tenant);
    packer.pack(std::string("resource"));
    packer.pack(std::string("api_calls"));
    packer.pack(std::string("hits"));
    packer.pack(1);
    if (with_id) {
        packer.pack(std::string("id"));
        packer.pack(id);
    }
    return {buffer.data(), buffer.size()};
}

struct Bench {
    explicit Bench(const char* resources)
        : engine({.root = {.prefix = "flyball/v1", .region = "eu", .node = "bench"},
                  .limits = {},
                  .reply_prefixes = {"*/reply/"},
                  .seed = 42}) {
        const Tree raw(Tree::Map{
            {"max_tenants", 200'000},
            {"resources", Tree::Map{{"api_calls", Tree::Map{{"limit", std::int64_t{1} << 40},
                                                            {"window", "1d"},
                                                            {"algorithm", resources}}}}}});
        const auto added = engine.registry().add("quota", "main", raw, now);
        expects(added.has_value(), "the benchmark's governor is configured");
    }

    void ask(const std::string& payload) {
        Message message;
        message.topic = "flyball/v1/eu/bench/quota/main/request";
        message.response_topic = "bench/reply/1";
        message.has_response_topic = true;
        message.correlation_data = "12345678";
        message.payload = payload;
        engine.handle(message, {}, now, sink);
    }

    Instant now = instant_from_ms(1'800'000'000'000);
    Engine engine;
    Sink sink;
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// Nanoseconds a call of `work`, median of the rounds.
template <typename Work>
double time_of(Work work) {
    std::vector<double> ns;
    for (int round = 0; round < rounds; ++round) {
        const auto begun = Clock::now();
        for (int i = 0; i < decisions_per_round; ++i) {
            work(i);
        }
        const std::chrono::duration<double, std::nano> spent = Clock::now() - begun;
        ns.push_back(spent.count() / decisions_per_round);
    }
    return median(ns);
}

// The reference: what a service written the usual way spends on decoding and encoding alone.
std::uint64_t usual_codec(const std::string& payload, msgpack::sbuffer& buffer) {
    const msgpack::object_handle handle = msgpack::unpack(payload.data(), payload.size());
    std::map<std::string, msgpack::object> fields;
    handle.get().convert(fields);
    buffer.clear();
    msgpack::packer packer(buffer);
    packer.pack_map(5);
    for (const char* key : {"tenant", "resource"}) {
        packer.pack(std::string(key));
        packer.pack(fields[key].as<std::string>());
    }
    packer.pack(std::string("hits"));
    packer.pack(fields["hits"].as<std::int64_t>());
    packer.pack(std::string("decision"));
    packer.pack(std::string("allow"));
    packer.pack(std::string("seq"));
    packer.pack(1);
    return buffer.size();
}

void row(const char* name, double ns, std::uint64_t allocated, double decisions, double bytes,
         double reference_ns) {
    std::printf("%-34s %8.0f %12.0f %8.2f %8.0f %8.2f\n", name, ns, 1e9 / ns,
                static_cast<double>(allocated) / decisions, bytes, ns / reference_ns);
}

void measure(const char* name, const char* algorithm, int tenants, bool with_id,
             double reference_ns) {
    Bench bench(algorithm);
    std::vector<std::string> payloads;
    const int distinct = with_id ? 8192 : tenants;  // more ids than the ring remembers
    for (int i = 0; i < distinct; ++i) {
        payloads.push_back(request("tenant-" + std::to_string(i % tenants),
                                   static_cast<std::uint64_t>(i), with_id));
    }
    for (int pass = 0; pass < 2; ++pass) {
        for (const std::string& payload : payloads) {
            bench.ask(payload);
        }
    }
    bench.sink.bytes = bench.sink.replies = 0;
    allocations = 0;
    std::size_t next = 0;
    const double ns = time_of([&](int) {
        bench.ask(payloads[next]);
        next = next + 1 == payloads.size() ? 0 : next + 1;
    });
    const std::uint64_t allocated = allocations;
    const auto replies = static_cast<double>(bench.sink.replies);
    row(name, ns, allocated, replies, static_cast<double>(bench.sink.bytes) / replies,
        reference_ns);
}

void table() {
    const std::string payload = request("tenant-7", 0, false);
    msgpack::sbuffer buffer;
    const double reference = time_of([&](int) { usual_codec(payload, buffer); });
    std::printf("request of %zu bytes, %d rounds of %d decisions, medians\n\n", payload.size(),
                rounds, decisions_per_round);
    std::printf("%-34s %8s %12s %8s %8s %8s\n", "", "ns", "decisions/s", "allocs", "reply B",
                "ratio");
    std::printf("%-34s %8.0f %12.0f %8s %8zu %8.2f\n", "reference: usual codec alone", reference,
                1e9 / reference, "", buffer.size(), 1.0);
    measure("quota check, fixed", "fixed", 100, false, reference);
    measure("quota check, sliding", "sliding", 100, false, reference);
    measure("quota check, bucket", "bucket", 100, false, reference);
    measure("quota check, fixed, with id", "fixed", 100, true, reference);
    for (const int tenants : {10, 1'000, 10'000, 100'000}) {
        const std::string name = "quota check, " + std::to_string(tenants) + " tenants";
        measure(name.c_str(), "fixed", tenants, false, reference);
    }
}

}  // namespace
}  // namespace flyball

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "--loop") == 0) {
        flyball::Bench bench("fixed");
        const std::string payload = flyball::request("tenant-7", 0, false);
        for (long i = std::strtol(argv[2], nullptr, 10); i > 0; --i) {
            bench.ask(payload);
        }
        return 0;
    }
    flyball::table();
    return 0;
}
