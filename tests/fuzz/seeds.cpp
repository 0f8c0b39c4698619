// Writes seeds for the journal's and the snapshot's targets: small traffic of each type of
// governor, in the form of the build it is part of (with checksums, or with stubs). Usage: PROGRAM
// JOURNAL-FOLDER SNAPSHOT-FOLDER.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "node/state/journal.h"
#include "node/state/journal_files.h"
#include "node/state_store.h"
#include "schemas/expects.h"
#include "tests/sim/memory_disk.h"
#include "tests/sim/traffic.h"

namespace flyball {
namespace {

constexpr std::size_t segment_bytes = 8192;

void write_file(const std::filesystem::path& path, const Bytes& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

class Seed : private ChangeSink {
public:
    Seed(std::size_t governor, std::uint64_t traffic) : desk_(options()), traffic_(traffic) {
        journal_ =
            std::move(*Journal::begin(disk_, {.segment_bytes = segment_bytes, .pad_bytes = 64}, 1));
        const auto [title, config] = sim::governors().at(governor);
        const std::size_t slash = title.find('/');
        expects(desk_.engine()
                    .registry()
                    .add(title.substr(0, slash), title.substr(slash + 1), config, now_)
                    .has_value());
        end_decision();
    }
    void ask(int requests) {
        for (int asked = 0; asked < requests; ++asked) {
            const sim::Asked next = traffic_.next();
            now_ += Span{next.pass_ms};
            desk_.engine().pass_time(now_);
            end_decision();
            desk_.ask(next, now_);
        }
    }
    Bytes journal() {
        Bytes all;
        const auto files = list_journal(disk_);
        for (const std::uint64_t number : files->segments) {
            expects(number * segment_bytes == 2 * (all.size() + segment_bytes));
            const Bytes& bytes = *disk_.image().at(segment_name(number));
            all.insert(all.end(), bytes.begin(), bytes.end());
        }
        const std::size_t segments = files->segments.size();
        expects(segments >= 1 && segments <= 4, "as the target reads them");
        all.insert(all.begin(), static_cast<std::byte>(segments - 1));
        return all;
    }
    Bytes snapshot() {
        MemoryDisk disk;
        StateStore store(disk, {});
        SnapshotPiece piece;
        piece.through_record = 1;
        StateStore::make_node_piece(desk_.engine(), {.epoch = 1, .at = now_},
                                    {{.number = 1, .topic = "t", .payload = "{}"}}, piece);
        auto done = store.begin_snapshot(piece);
        desk_.engine().registry().each_any([&](const GovernorChange& standing, Governor* governor) {
            StateStore::make_governor_piece(standing, *governor, piece);
            done = store.add_to_snapshot(piece);
        });
        expects(done.has_value() && store.finish_snapshot().has_value());
        return *disk.image().at(snapshot_name(1));
    }

private:
    Engine::Options options() {
        Engine::Options options = sim::engine_options();
        options.changes = this;
        return options;
    }
    void note(const Change& change) override { writer_.add(change); }
    void note(const GovernorChange& change) override { writer_.add(change); }
    void end_decision() override {
        if (!writer_.empty()) {
            ByteBuffer record;
            append_record(record, writer_.finish());
            expects(journal_->write(std::as_bytes(std::span(record.bytes())), 1).has_value());
            expects(journal_->sync().has_value());
        }
    }

    Instant now_ = instant_from_ms(1'767'225'600'000);
    RecordWriter writer_;
    MemoryDisk disk_;
    std::unique_ptr<Journal> journal_;
    sim::Desk desk_;
    sim::Traffic traffic_;
};

}  // namespace
}  // namespace flyball

int main(int argc, char** argv) {
    using namespace flyball;
    if (argc != 3) {
        std::fprintf(stderr, "usage: seeds JOURNAL-FOLDER SNAPSHOT-FOLDER\n");
        return 64;
    }
    for (std::size_t governor = 0; governor < 5; ++governor) {
        Seed seed(governor, governor + 1);
        seed.ask(80);
        const std::string name = "governor-" + std::to_string(governor);
        write_file(std::filesystem::path(argv[1]) / name, seed.journal());
        write_file(std::filesystem::path(argv[2]) / name, seed.snapshot());
    }
    return 0;
}
