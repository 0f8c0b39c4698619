// State folders as a release left them, in tests/data: today's code reads the same state from them.
// Those files are never made anew: who changes a format raises a version and adds a folder.
// FLYBALL_WRITE_GOLDEN=<folder> writes what this release makes of the same traffic. Only
// export.json may be made anew, when an export says more.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "node/state/journal_format.h"
#include "node/state/snapshot_format.h"
#include "tests/build_tree.h"
#include "tests/sim/memory_disk.h"
#include "tests/unit/node/inspect/journal_edit.h"
#include "tests/unit/node/inspect/kept_state.h"

namespace flyball {
namespace {

const std::filesystem::path golden = testing::source("tests/data/state-version-1");
// Its journal says of the node what not every release has noted.
const std::filesystem::path announced = testing::source("tests/data/state-version-1-announced");
const std::string announced_topic = "homeassistant/device/flyball_eu-west_pi-7_0f3a/config";
constexpr std::string_view export_name = "export.json";

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

std::string text_of(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A segment without the pages that were never written to, as if it had been made as small.
void trim(Bytes& segment) {
    std::size_t size = segment.size();
    while (size > segment_step_bytes &&
           std::all_of(segment.begin() + static_cast<std::ptrdiff_t>(size - segment_step_bytes),
                       segment.begin() + static_cast<std::ptrdiff_t>(size),
                       [](std::byte byte) { return byte == std::byte{0}; })) {
        size -= segment_step_bytes;
    }
    segment.resize(size);
}

DiskImage made_today() {
    MemoryDisk disk;
    KeptState kept(disk, 20261126);
    kept.ask_many(120);
    kept.snapshot();
    kept.keep_event("flyball/v1/eu-west/pi-7/quota/main/event",
                    R"({"event":"quota_warning","n":1})");
    kept.ask_many(120);
    kept.snapshot();
    kept.ask_many(60);
    kept.write();
    DiskImage image = disk.image();
    std::erase_if(image, [](const auto& file) { return file.first.starts_with("spare-"); });
    trim(own_bytes(image, newest_file(image, "journal-")));
    return image;
}

// A journal alone, which begins without the topic.
DiskImage announced_today() {
    MemoryDisk disk;
    KeptState kept(disk, 20261126);
    kept.ask_many(20);
    kept.announce(announced_topic);
    kept.ask_many(20);
    kept.write();
    DiskImage image = disk.image();
    std::erase_if(image, [](const auto& file) { return file.first.starts_with("spare-"); });
    trim(own_bytes(image, newest_file(image, "journal-")));
    return image;
}

void write_folder(const std::filesystem::path& to, const DiskImage& image) {
    std::filesystem::create_directories(to);
    for (const auto& [name, bytes] : image) {
        write_file(to / name, *bytes);
    }
}

DiskImage kept_since(const std::filesystem::path& folder = golden) {
    DiskImage image;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        if (name != export_name) {
            image[name] = std::make_shared<Bytes>(read_file(entry.path()));
        }
    }
    return image;
}

TEST(StateFormat, OfTodayIsReadToo) {
    const DiskImage today = made_today();
    MemoryDisk disk(today);
    EXPECT_TRUE(asked_of(disk, &verify_state).sound);
    const std::string text = asked_of(disk, &export_state).text;
    EXPECT_NE(text.find("quota_warning"), std::string::npos);
    if (const char* to = std::getenv("FLYBALL_WRITE_GOLDEN")) {
        write_folder(to, today);
        write_file(std::filesystem::path(to) / export_name, std::as_bytes(std::span(text)));
        write_folder(std::filesystem::path(to) / "announced", announced_today());
    }
}

TEST(StateFormat, IsReadAsItWas) {
    MemoryDisk disk(kept_since());
    EXPECT_EQ(asked_of(disk, &export_state).text, text_of(read_file(golden / export_name)));
    EXPECT_TRUE(asked_of(disk, &verify_state).sound);
}

TEST(StateFormat, IsRecoveredFromWithoutAFault) {
    MemoryDisk disk(kept_since());
    Engine engine(sim::engine_options());
    Recovery recovery(engine);
    StateStore store(disk, {});
    const auto recovered = store.recover(engine, recovery);
    ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
    EXPECT_EQ(recovered->faults, std::vector<std::string>());
    EXPECT_GT(recovered->records, 20U);
    EXPECT_EQ(recovery.node().epoch, 1U);
    EXPECT_EQ(recovery.events().size(), 1U);
}

std::string announced_in(const DiskImage& image) {
    MemoryDisk disk(image);
    Engine engine(sim::engine_options());
    Recovery recovery(engine);
    StateStore store(disk, {});
    const auto recovered = store.recover(engine, recovery);
    EXPECT_TRUE(recovered.has_value() && recovered->faults.empty());
    EXPECT_TRUE(asked_of(disk, &verify_state).sound);
    return recovery.node().announced;
}

TEST(StateFormat, OfANodeIsReadWithAndWithoutWhatItAnnounced) {
    EXPECT_EQ(announced_in(kept_since()), "") << "of before it was noted";
    EXPECT_EQ(announced_in(kept_since(announced)), announced_topic);
    EXPECT_EQ(announced_in(announced_today()), announced_topic);
}

TEST(StateFormat, KeepsWhatANodeAnnouncedInSnapshotsAndForgetsWhatIsTakenBack) {
    MemoryDisk disk;
    KeptState kept(disk, 1);
    kept.announce(announced_topic);
    kept.snapshot();
    EXPECT_EQ(announced_in(disk.image()), announced_topic);
    kept.announce("");
    kept.write();
    EXPECT_EQ(announced_in(disk.image()), "");
}

// ---- what a later release may have left

struct Added {
    std::uint16_t type;
    std::uint16_t version;
    bool required;
};

// The newest snapshot with a section behind those that it has.
std::string add_section(DiskImage& image, const Added& added) {
    const std::string name = newest_file(image, "snapshot-");
    MemoryDisk disk(image);
    MemoryDisk other;
    auto writer = SnapshotWriter::begin(other, *snapshot_record(name));
    const auto copied = read_snapshot(
        disk, name, [&](const SnapshotSection& section) { return (*writer)->section(section); });
    expects(copied.has_value(), "a sound snapshot");
    expects((*writer)
                ->section({.type = added.type,
                           .version = added.version,
                           .required = added.required,
                           .bytes = "of a later release"})
                .has_value());
    expects((*writer)->finish().has_value());
    image[name] = other.image().at(name);
    return name;
}

Result<StateStore::Recovered> recover(MemoryDisk& disk) {
    Engine engine(sim::engine_options());
    Recovery recovery(engine);
    StateStore store(disk, {});
    return store.recover(engine, recovery);
}

TEST(LaterFormat, IsRefusedByNameWhenItIsRequired) {
    for (const Added& added : {Added{77, 1, true}, Added{governor_section, 9, true}}) {
        DiskImage image = kept_since();
        const std::string name = add_section(image, added);
        MemoryDisk disk(image);
        const auto recovered = recover(disk);
        ASSERT_FALSE(recovered.has_value());
        EXPECT_EQ(recovered.error().code, ErrorCode::refused);
        const std::string& message = recovered.error().message;
        EXPECT_NE(message.find(name), std::string::npos) << message;
        EXPECT_NE(message.find("version " + std::to_string(added.version)), std::string::npos);
        EXPECT_TRUE(disk.has(name)) << "what another release can read is not set aside";
    }
}

TEST(LaterFormat, IsRefusedByNameInTheJournal) {
    DiskImage image = kept_since();
    const std::string name = newest_file(image, "journal-");
    Bytes& bytes = own_bytes(image, name);
    StoredGroup group;
    ASSERT_EQ(check_group(bytes, *claimed_segment(bytes), 0, group), GroupCheck::sound);
    group.header.version = 2;
    seal_group(group.header, std::span(bytes).first(group_header_bytes + group.body.size()));
    MemoryDisk disk(image);
    const auto recovered = recover(disk);
    ASSERT_FALSE(recovered.has_value());
    EXPECT_EQ(recovered.error().code, ErrorCode::refused);
    EXPECT_NE(recovered.error().message.find(name + " has format version 2"), std::string::npos)
        << recovered.error().message;
}

TEST(LaterFormat, IsCarriedAlongWhenItIsNotRequired) {
    DiskImage image = kept_since();
    add_section(image, {77, 3, false});
    MemoryDisk disk(image);
    Engine engine(sim::engine_options());
    Recovery recovery(engine);
    StateStore store(disk, {});
    ASSERT_TRUE(store.recover(engine, recovery).has_value());
    ASSERT_TRUE(store.begin_journal().has_value());
    SnapshotPiece piece;
    piece.through_record = store.next_record() - 1;
    StateStore::make_node_piece(engine, recovery.node(), {}, piece);
    ASSERT_TRUE(store.begin_snapshot(piece).has_value());
    ASSERT_TRUE(store.finish_snapshot().has_value());
    const auto names = list_snapshots(disk);
    ASSERT_TRUE(names.has_value());
    bool there = false;
    const auto read = read_snapshot(disk, names->front(), [&](const SnapshotSection& section) {
        there = there || (section.type == 77 && section.version == 3 && !section.required &&
                          section.bytes == "of a later release");
        return Result<void>();
    });
    EXPECT_TRUE(read.has_value());
    EXPECT_TRUE(there);
}

}  // namespace
}  // namespace flyball
