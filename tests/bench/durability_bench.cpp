// What keeping costs: decisions per second and the time to a reply for each state.durability, with
// 1, 8 and 64 requests in flight, beside SQLite as it is usually told to be safe. Engine and keeper
// on a real disk, no broker: from msgpack bytes until the reply may leave. Rounds alternate; shown
// are medians, and ratios within a round.
//
//   durability_bench [--dir FOLDER] [--rounds N] [--ms N]
//   durability_bench --loop none|interval --count N    decides and nothing else, for callgrind

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>

#include "node/clock.h"
#include "schemas/expects.h"
#include "tests/bench/kept_engine.h"

namespace flyball::bench {
namespace {

constexpr double interval_cost_max = 0.10;
constexpr double commit_gain_min = 20;
constexpr std::size_t record_bytes = 160;  // about what one decision's record has

struct Plan {
    std::filesystem::path dir = std::filesystem::temp_directory_path();
    int rounds = 5;
    std::int64_t ms = 500;
    std::string loop{};
    int count = 0;
};

struct Measured {
    double per_second = 0;
    double p50_us = 0;
    double p99_us = 0;
    double written = 0;  // bytes a decision that the process caused to be written (/proc/self/io)
    double handed = 0;   // bytes a decision that went through the door to the disk
    double syncs = 0;    // a second
};

struct Subject {
    const char* name;
    std::function<Measured(const Plan& plan)> run;
    std::vector<Measured> rounds{};
};

std::uint64_t written_bytes() {
    std::ifstream io("/proc/self/io");
    std::uint64_t bytes = 0;
    for (std::string key; io >> key >> bytes && key != "write_bytes:";) {
    }
    return bytes;
}

// From the first decision to the last reply.
class Stopwatch {
public:
    void answered(std::int64_t began_ns) {
        ++count_;
        if (count_ % 8 == 0 || count_ < 4096) {
            took_.push_back(monotonic_ns() - began_ns);
        }
    }
    bool over(std::int64_t ms) const { return monotonic_ns() - began_ > ms * 1'000'000; }
    Measured done(std::uint64_t handed, std::uint64_t syncs) {
        const double seconds = static_cast<double>(monotonic_ns() - began_) / 1e9;
        const auto count = static_cast<double>(count_);
        std::ranges::sort(took_);
        const auto at = [&](double part) {
            const auto place = static_cast<std::size_t>(part * static_cast<double>(took_.size()));
            return static_cast<double>(took_[std::min(place, took_.size() - 1)]) / 1000;
        };
        return {.per_second = count / seconds,
                .p50_us = at(0.5),
                .p99_us = at(0.99),
                .written = static_cast<double>(written_bytes() - written_) / count,
                .handed = static_cast<double>(handed) / count,
                .syncs = static_cast<double>(syncs) / seconds};
    }

private:
    std::uint64_t written_ = written_bytes();
    std::int64_t began_ = monotonic_ns();
    std::uint64_t count_ = 0;
    std::vector<std::int64_t> took_;
};

Measured keep(const Plan& plan, Durability durability, std::size_t in_flight) {
    KeptEngine engine(plan.dir, durability);
    for (int warm = 0; warm < 2000; ++warm) {
        if (const std::uint64_t record = engine.decide(); warm % 200 == 199 && record != 0) {
            engine.await_durable(record);
        }
    }
    struct Waiting {
        std::uint64_t record;
        std::int64_t began_ns;
    };
    std::deque<Waiting> waiting;
    const std::uint64_t bytes = engine.counts().bytes;
    const std::uint64_t syncs = engine.counts().syncs;
    Stopwatch watch;
    while (!watch.over(plan.ms)) {
        const std::int64_t began_ns = monotonic_ns();
        const std::uint64_t record = engine.decide();
        if (record == 0) {
            watch.answered(began_ns);
            continue;
        }
        waiting.push_back({record, began_ns});
        if (waiting.size() == in_flight) {
            engine.await_durable(waiting.front().record);
        }
        for (; !waiting.empty() && waiting.front().record <= engine.durable();
             waiting.pop_front()) {
            watch.answered(waiting.front().began_ns);
        }
    }
    for (; !waiting.empty(); waiting.pop_front()) {
        engine.await_durable(waiting.front().record);
        watch.answered(waiting.front().began_ns);
    }
    return watch.done(engine.counts().bytes - bytes, engine.counts().syncs - syncs);
}

// One connection, one row a decision, each its own transaction.
Measured keep_in_sqlite(const Plan& plan) {
    const std::filesystem::path file = plan.dir / "flyball-bench.sqlite";
    const auto remove = [&file] {
        for (const char* end : {"", "-wal", "-shm"}) {
            std::filesystem::remove(file.string() + end);
        }
    };
    remove();
    sqlite3* db = nullptr;
    sqlite3_stmt* insert = nullptr;
    const auto good = [](int status) { expects(status == SQLITE_OK, "SQLite works"); };
    good(sqlite3_open(file.c_str(), &db));
    for (const char* text : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
                             "CREATE TABLE log(seq INTEGER PRIMARY KEY, record BLOB)"}) {
        good(sqlite3_exec(db, text, nullptr, nullptr, nullptr));
    }
    good(sqlite3_prepare_v2(db, "INSERT INTO log(record) VALUES(?)", -1, &insert, nullptr));
    std::array<unsigned char, record_bytes> record{};
    Stopwatch watch;
    std::uint64_t syncs = 0;
    while (!watch.over(plan.ms)) {
        const std::int64_t began_ns = monotonic_ns();
        std::memcpy(record.data(), &began_ns, sizeof(began_ns));
        good(sqlite3_bind_blob(insert, 1, record.data(), static_cast<int>(record.size()),
                               SQLITE_STATIC));
        expects(sqlite3_step(insert) == SQLITE_DONE, "SQLite works");
        good(sqlite3_reset(insert));
        ++syncs;
        watch.answered(began_ns);
    }
    const Measured measured = watch.done(0, syncs);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    remove();
    return measured;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

template <typename Value>
double median_of(const Subject& subject, Value value) {
    std::vector<double> values;
    for (const Measured& round : subject.rounds) {
        values.push_back(value(round));
    }
    return median(std::move(values));
}

// Of rates, round by round.
double ratio(const Subject& subject, const Subject& against) {
    std::vector<double> ratios;
    for (std::size_t at = 0; at < subject.rounds.size(); ++at) {
        ratios.push_back(subject.rounds[at].per_second / against.rounds[at].per_second);
    }
    return median(std::move(ratios));
}

void show(const std::vector<Subject>& subjects) {
    std::printf("%-22s %12s %10s %10s %10s %12s %10s %8s\n", "durability", "decisions/s", "p50 us",
                "p99 us", "syncs/s", "written B", "handed B", "of none");
    for (const Subject& subject : subjects) {
        std::printf("%-22s %12.0f %10.1f %10.1f %10.1f %12.0f %10.0f %8.3f\n", subject.name,
                    median_of(subject, [](const Measured& m) { return m.per_second; }),
                    median_of(subject, [](const Measured& m) { return m.p50_us; }),
                    median_of(subject, [](const Measured& m) { return m.p99_us; }),
                    median_of(subject, [](const Measured& m) { return m.syncs; }),
                    median_of(subject, [](const Measured& m) { return m.written; }),
                    median_of(subject, [](const Measured& m) { return m.handed; }),
                    ratio(subject, subjects.front()));
    }
}

int run(const Plan& plan) {
    std::vector<Subject> subjects = {
        {"none", [](const Plan& p) { return keep(p, Durability::none, 1); }},
        {"interval, 1 s", [](const Plan& p) { return keep(p, Durability::interval, 1); }},
        {"commit, 1 in flight", [](const Plan& p) { return keep(p, Durability::commit, 1); }},
        {"commit, 8 in flight", [](const Plan& p) { return keep(p, Durability::commit, 8); }},
        {"commit, 64 in flight", [](const Plan& p) { return keep(p, Durability::commit, 64); }},
        {"SQLite, WAL, FULL", &keep_in_sqlite},
    };
    for (int round = 0; round < plan.rounds; ++round) {
        for (Subject& subject : subjects) {
            subject.rounds.push_back(subject.run(plan));
        }
    }
    show(subjects);
    const double cost = 1 - ratio(subjects[1], subjects[0]);
    const double gain = ratio(subjects[4], subjects[2]);
    std::printf("\ninterval costs %.1f %% of the rate of none (aim: %.0f %% at most): %s\n",
                100 * cost, 100 * interval_cost_max, cost <= interval_cost_max ? "met" : "MISSED");
    std::printf("64 in flight: %.1f times the rate of one sync a decision (aim: %.0f): %s\n", gain,
                commit_gain_min, gain >= commit_gain_min ? "met" : "MISSED");
    return cost <= interval_cost_max && gain >= commit_gain_min ? 0 : 1;
}

}  // namespace
}  // namespace flyball::bench

int main(int argc, char** argv) {
    flyball::bench::Plan plan;
    for (int at = 1; at + 1 < argc; at += 2) {
        const std::string_view flag = argv[at];
        const std::string_view value = argv[at + 1];
        const auto number = [&](auto& to) {
            std::from_chars(value.data(), value.data() + value.size(), to);
        };
        if (flag == "--dir") {
            plan.dir = value;
        } else if (flag == "--rounds") {
            number(plan.rounds);
        } else if (flag == "--ms") {
            number(plan.ms);
        } else if (flag == "--loop") {
            plan.loop = value;
        } else if (flag == "--count") {
            number(plan.count);
        }
    }
    if (!plan.loop.empty()) {
        using flyball::Durability;
        flyball::bench::KeptEngine engine(
            plan.dir, plan.loop == "none" ? Durability::none : Durability::interval);
        for (int asked = 0; asked < plan.count; ++asked) {
            engine.decide();
        }
        return 0;
    }
    return flyball::bench::run(plan);
}
