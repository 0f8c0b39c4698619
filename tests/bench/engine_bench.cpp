// One core's decisions per second from msgpack bytes to msgpack bytes, through the engine as a
// transport would call it: topic, decode, decide, encode; for every type and an admit over all of
// them, with and without a journal's records, and over the number of tenants. Beside them, in the
// same run, a reference that does only the codec's work the usual way (msgpack::unpack, read the
// fields, msgpack::pack).
//
//   engine_bench                        the tables, medians of several rounds
//   engine_bench --kinds                what --loop takes
//   engine_bench --loop KIND N [journal]
//                                       N requests of that kind and nothing else, for callgrind;
//                                       KIND `sha256`: what a compliance check hashes
//   engine_bench --train                requests of every kind, with and without a journal: the
//                                       same ones on every machine, for tools/train

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <msgpack.hpp>
#include <string>
#include <vector>

#include "governors/audit.h"
#include "tests/bench/bench_engine.h"
#include "tests/bench/count_allocations.h"

namespace flyball {
namespace {

// Of this thread, on whichever core: another program's turn does not count.
double cpu_ns() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

constexpr int rounds = 11;
constexpr int calls_per_round = 50'000;
constexpr int warm_calls = 20'000;  // every ring is full, every buffer has grown
constexpr int usual_tenants = 100;

// One row: what is called again and again, and what it took. Rows take turns, round by round, so
// that whatever else the machine does falls on all of them.
struct Row {
    std::string name;
    std::function<void(int)> work;  // so many calls
    std::vector<double> ns{};
    std::uint64_t allocations = 0;

    void run() {
        const std::uint64_t allocated = allocations_so_far();
        const double begun = cpu_ns();
        work(calls_per_round);
        const double spent = cpu_ns() - begun;
        allocations += allocations_so_far() - allocated;
        ns.push_back(spent / calls_per_round);
    }
    double median() const {
        std::vector<double> sorted = ns;
        std::ranges::sort(sorted);
        return sorted[sorted.size() / 2];
    }
    double allocations_a_call() const {
        return static_cast<double>(allocations) / (static_cast<double>(rounds) * calls_per_round);
    }
};

Row row_of(std::string name, BenchEngine& engine) {
    Row row{.name = std::move(name), .work = [&engine](int calls) {
                for (int i = 0; i < calls; ++i) {
                    engine.ask();
                }
            }};
    row.work(warm_calls);
    row.ns.reserve(rounds);
    return row;
}

void run_in_turns(std::vector<Row>& rows) {
    for (int round = 0; round < rounds; ++round) {
        for (Row& row : rows) {
            row.run();
        }
    }
}

std::string usual_request() {
    msgpack::sbuffer buffer;
    msgpack::packer packer(buffer);
    packer.pack_map(3);
    packer.pack(std::string("tenant"));
    packer.pack(std::string("tenant-000007"));
    packer.pack(std::string("resource"));
    packer.pack(std::string("api_calls"));
    packer.pack(std::string("hits"));
    packer.pack(1);
    return {buffer.data(), buffer.size()};
}

// The reference: what a service written the usual way spends on decoding and encoding alone.
void usual_codec(const std::string& payload, msgpack::sbuffer& buffer) {
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
}

// The three hashes that the protocol asks of a compliance check, of bytes as long as the
// benchmark's.
class CheckHashes {
public:
    CheckHashes() {
        AuditRecord record;
        record.action = "store";
        record.at = instant_from_ms(1'800'000'000'000);
        record.attrs = Sha256{};
        record.decision = "allow";
        record.policy_rev = "0123456789ab";
        record.reason = "none";
        record.seq = 70'000;
        append_audit_record(record_, record);
    }
    void compute() {
        hash_ = salted_hash(hasher_, salt_, "tenant-000007");
        hash_ = salted_hash(hasher_, salt_, attributes_);
        hash_ = audit_link(hasher_, hash_, record_.bytes());
    }

private:
    Hasher hasher_;
    ByteBuffer record_;
    Salt salt_{};
    Sha256 hash_{};
    std::string attributes_ = std::string(62, 'a');
};

Row hashes_row(CheckHashes& hashes) {
    return {.name = "SHA-256 of a compliance check", .work = [&hashes](int calls) {
                for (int i = 0; i < calls; ++i) {
                    hashes.compute();
                }
            }};
}

void table_of_kinds() {
    const std::string request = usual_request();
    msgpack::sbuffer buffer;
    CheckHashes hashes;
    std::vector<std::unique_ptr<BenchEngine>> engines;
    std::vector<Row> rows;
    rows.push_back({.name = "reference: usual codec alone", .work = [&](int calls) {
                        for (int i = 0; i < calls; ++i) {
                            usual_codec(request, buffer);
                        }
                    }});
    rows.push_back(hashes_row(hashes));
    const std::size_t first = rows.size();
    for (const BenchKind& kind : bench_kinds()) {
        engines.push_back(std::make_unique<BenchEngine>(kind.name, usual_tenants, false));
        rows.push_back(row_of(std::string(kind.title), *engines.back()));
    }
    run_in_turns(rows);
    const double reference = rows[0].median();
    std::printf("%-34s %8s %12s %8s %8s %8s %8s\n", "", "ns", "decisions/s", "allocs", "asked B",
                "reply B", "ratio");
    for (std::size_t at = 0; at < rows.size(); ++at) {
        const double ns = rows[at].median();
        std::printf("%-34s %8.0f %12.0f %8.2f", rows[at].name.c_str(), ns, 1e9 / ns,
                    rows[at].allocations_a_call());
        if (at >= first) {
            const BenchEngine& engine = *engines[at - first];
            std::printf(
                " %8zu %8.0f %8.2f", engine.request_bytes(),
                static_cast<double>(engine.reply_bytes()) / static_cast<double>(engine.replies()),
                ns / reference);
        }
        std::printf("\n");
        if (rows[at].name == "compliance check") {
            std::printf("%-34s %8.0f\n", "  beside its SHA-256", ns - rows[1].median());
        }
    }
}

// The median of each round's own ratio: what swings from round to round swings in both.
double ratio_of(const Row& row, const Row& other) {
    Row ratios;
    for (std::size_t at = 0; at < row.ns.size(); ++at) {
        ratios.ns.push_back(row.ns[at] / other.ns[at]);
    }
    return ratios.median();
}

void table_of_records() {
    std::vector<std::unique_ptr<BenchEngine>> engines;
    std::vector<Row> rows;
    for (const BenchKind& kind : bench_kinds()) {
        for (const bool journal : {false, true}) {
            engines.push_back(std::make_unique<BenchEngine>(kind.name, usual_tenants, journal));
            rows.push_back(row_of(std::string(kind.title), *engines.back()));
        }
    }
    run_in_turns(rows);
    std::printf(
        "\nwith every change written as a record into a buffer, as the journal's\n%-34s %8s "
        "%8s %8s %8s\n",
        "", "ns", "ratio", "allocs", "record B");
    for (std::size_t at = 1; at < rows.size(); at += 2) {
        std::printf("%-34s %8.0f %8.2f %8.2f %8.0f\n", rows[at].name.c_str(), rows[at].median(),
                    ratio_of(rows[at], rows[at - 1]), rows[at].allocations_a_call(),
                    static_cast<double>(engines[at]->record_bytes()) /
                        static_cast<double>(engines[at]->replies()));
    }
}

void table_of_tenants() {
    constexpr std::array<int, 5> counts = {10, 100, 1'000, 10'000, 100'000};
    std::printf("\nns over the number of tenants, asked in a shuffled order\n%-34s", "");
    for (const int count : counts) {
        std::printf(" %8d", count);
    }
    std::printf("\n");
    for (const BenchKind& kind : bench_kinds()) {
        std::vector<std::unique_ptr<BenchEngine>> engines;
        std::vector<Row> rows;
        for (const int count : counts) {
            engines.push_back(std::make_unique<BenchEngine>(kind.name, count, false));
            Row row = row_of(std::string(kind.title), *engines.back());
            row.work(count);  // each of them was there once
            rows.push_back(std::move(row));
        }
        run_in_turns(rows);
        std::printf("%-34s", rows[0].name.c_str());
        for (const Row& row : rows) {
            std::printf(" %8.0f", row.median());
        }
        std::printf("\n");
    }
}

int loop(const std::string& kind, int calls, bool journal) {
    if (kind == "sha256") {
        CheckHashes hashes;
        hashes_row(hashes).work(calls);
        return 0;
    }
    const auto known = [&](const BenchKind& row) { return row.name == kind; };
    if (std::ranges::none_of(bench_kinds(), known)) {
        std::fprintf(stderr, "engine_bench: no kind is called %s; --kinds names them\n",
                     kind.c_str());
        return 64;
    }
    BenchEngine engine(kind, usual_tenants, journal);
    for (int i = 0; i < calls; ++i) {
        engine.ask();
    }
    return 0;
}

void train() {
    constexpr int calls = 20'000;
    for (const BenchKind& kind : bench_kinds()) {
        for (const bool journal : {false, true}) {
            loop(std::string(kind.name), calls, journal);
        }
    }
}

void print_kinds() {
    for (const BenchKind& kind : bench_kinds()) {
        std::printf("%s\n", std::string(kind.name).c_str());
    }
}

void print_tables() {
    std::printf("CPU time; %d rounds of %d calls in turns, medians\n\n", rounds, calls_per_round);
    table_of_kinds();
    table_of_records();
    table_of_tenants();
}

}  // namespace
}  // namespace flyball

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if ((argc == 4 || argc == 5) && what == "--loop") {
        return flyball::loop(argv[2], static_cast<int>(std::strtol(argv[3], nullptr, 10)),
                             argc == 5 && std::strcmp(argv[4], "journal") == 0);
    }
    if (argc == 2 && what == "--kinds") {
        flyball::print_kinds();
    } else if (argc == 2 && what == "--train") {
        flyball::train();
    } else if (argc == 1) {
        flyball::print_tables();
    } else {
        std::fprintf(stderr, "usage: engine_bench [--kinds | --train | --loop KIND N [journal]]\n");
        return 64;
    }
    return 0;
}
