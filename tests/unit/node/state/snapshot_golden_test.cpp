// The format as it is on the disks of those who run a release. This file is never made anew: who
// changes the format raises a version and adds a file. FLYBALL_WRITE_GOLDEN=<file> writes what this
// release makes of the same content.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "governors/governor_state.h"
#include "tests/build_tree.h"
#include "tests/unit/governors/any_governor.h"
#include "tests/unit/node/state/snapshot_story.h"

namespace flyball {
namespace {

const std::string folder = testing::source("tests/unit/node/state/golden/");
// A governor's columns have a version of their own.
const std::string golden_files[] = {folder + "snapshot-version-1",
                                    folder + "snapshot-version-1-columns-2"};

std::vector<HeldSection> content() {
    AskedGovernor desk = any_governor("quota", {}, 7);
    for (int i = 0; i < 12; ++i) {
        desk.pass(Span{i * 100});
        desk.ask_admin({{"tenant", "tenant-" + std::to_string(i % 5)},
                        {"id", i},
                        {"resource", "b" + std::to_string(i % 4)},
                        {"hits", i}});
    }
    ByteBuffer bytes;
    GovernorState::save(desk.governor(), bytes);
    return {{.type = node_section, .bytes = "the node"},
            {.bytes = std::string(bytes.bytes())},
            {.type = 77, .version = 5, .required = false, .bytes = "carried along"}};
}

Bytes golden(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

TEST(SnapshotFormat, IsWhatItWas) {
    const Bytes bytes = snapshot_bytes(content());
    if (const char* to = std::getenv("FLYBALL_WRITE_GOLDEN")) {
        std::ofstream(to, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
    }
    EXPECT_EQ(bytes, golden(golden_files[1])) << golden_files[1];
}

TEST(SnapshotFormat, IsReadAsItWas) {
    for (const std::string& name : golden_files) {
        MemoryDisk disk = disk_with(snapshot_name(1), golden(name));
        auto sections = read_sections(disk, snapshot_name(1));
        ASSERT_TRUE(sections.has_value()) << sections.error().message;
        ASSERT_EQ(sections->size(), 3U);
        // What is in the columns, in today's form.
        AskedGovernor loaded = any_governor("quota", {}, 1);
        std::string& columns = (*sections)[1].bytes;
        ASSERT_TRUE(
            GovernorState::load(loaded.governor(), std::as_bytes(std::span(columns))).has_value());
        ByteBuffer again;
        GovernorState::save(loaded.governor(), again);
        columns = again.bytes();
        EXPECT_EQ(sections.value(), content()) << name;
    }
}

}  // namespace
}  // namespace flyball
