// Bytes of a whole state folder change: what is recovered is the state after some record, the older
// generation where the newer is damaged, with what did not check out named by file and offset, and
// kept aside.

#include <gtest/gtest.h>

#include <cstdio>

#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

class NodeRot : public testing::Test {
protected:
    // Two snapshots, with a journal behind each.
    void SetUp() override {
        ASSERT_TRUE(life.start({}));
        std::vector<Life::Act> acts;
        for (int at = 0; at < 60; ++at) {
            acts.emplace_back([this, at] {
                const Asked asked = traffic.next();
                life.ask(asked.below, asked.request);
                if (at % 20 == 15) {
                    life.ask("control", {{"op", "snapshot"}});
                }
                life.turn();
            });
        }
        life.run(acts);
        sound = life.node().killed();
        newest = life.node().keeper().newest();
        for (const auto& [name, bytes] : sound) {
            (name.starts_with("snapshot-") ? snapshots : journals).push_back(name);
        }
        std::erase_if(journals,
                      [](const std::string& name) { return !name.starts_with("journal-"); });
        ASSERT_EQ(snapshots.size(), 2U);
        ASSERT_GE(journals.size(), 2U);
    }

    // Whether anything was said of it.
    bool look_at(const DiskImage& image, const std::string& file, const std::string& what) {
        Probe found;
        EXPECT_EQ(life.image_is_wrong(image, 0, found), "") << file << ", " << what;
        ++images;
        if (found.faults.empty()) {
            // Harmless: a byte that nobody reads, or a tail that looks torn.
            EXPECT_TRUE(found.record == newest || file == journals.back()) << file << what;
            return false;
        }
        // A segment whose first group is gone shows as the end of the one before it.
        const std::string named = file.starts_with("journal-") ? "journal-" : file;
        EXPECT_EQ(found.faults.front().find(named), 0U) << found.faults.front();
        EXPECT_NE(found.faults.front().find(" at "), std::string::npos) << found.faults.front();
        EXPECT_TRUE(kept_aside(found)) << file << ", " << what;
        return true;
    }

    static bool kept_aside(const Probe& found) {
        for (const std::string& name : found.files) {
            if (name.ends_with(".damaged")) {
                return true;
            }
        }
        return false;
    }

    Life life{{.durability = Durability::commit}};
    Traffic traffic{5};
    DiskImage sound;
    std::uint64_t newest = 0;
    std::vector<std::string> snapshots;
    std::vector<std::string> journals;
    std::uint64_t images = 0;
};

TEST_F(NodeRot, OfASnapshotIsFoundAndTheOlderOneHasEverything) {
    for (const std::string& name : snapshots) {
        const std::size_t bits = 8 * sound.at(name)->size();
        for (std::size_t bit = 0; bit < bits; bit += 7) {
            DiskImage image = sound;
            flip_bit(image, name, bit);
            const bool said = look_at(image, name, "bit " + std::to_string(bit));
            EXPECT_EQ(said, name == snapshots.back()) << "the older one is not even read";
            Probe found;
            EXPECT_EQ(life.image_is_wrong(image, newest, found), "") << "the older one, and all";
        }
        for (std::size_t size = 0; size < sound.at(name)->size(); size += 3) {
            DiskImage image = sound;
            own_bytes(image, name).resize(size);
            look_at(image, name, "cut at " + std::to_string(size));
        }
    }
    std::printf("%llu images\n", static_cast<unsigned long long>(images));
}

TEST_F(NodeRot, OfTheJournalLeavesWhatWasBefore) {
    std::uint64_t said = 0;
    for (const std::string& name : journals) {
        for (std::size_t byte = 0; byte < sound.at(name)->size(); byte += 5) {
            DiskImage image = sound;
            flip_bit(image, name, 8 * byte + byte / 5 % 8);
            said += look_at(image, name, "byte " + std::to_string(byte)) ? 1U : 0U;
        }
        DiskImage image = sound;
        image.erase(name);
        Probe found;
        EXPECT_EQ(life.image_is_wrong(image, 0, found), "") << name << " is gone";
    }
    EXPECT_GT(said, 0U);
    std::printf("%llu images, %llu with damage that was named\n",
                static_cast<unsigned long long>(images), static_cast<unsigned long long>(said));
}

TEST_F(NodeRot, OfBothSnapshotsLeavesNothingInvented) {
    DiskImage image = sound;
    for (const std::string& name : snapshots) {
        flip_bit(image, name, 999);
    }
    Probe found;
    EXPECT_EQ(life.image_is_wrong(image, 0, found), "");
    EXPECT_GE(found.faults.size(), 2U);
}

TEST_F(NodeRot, OfTheIdentityEndsTheStart) {
    DiskImage image = sound;
    flip_bit(image, "identity", 77);
    EXPECT_NE(probe(image, life.probe_options()).error.find("identity"), std::string::npos);
    const auto started = life.start(image);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::state);
}

}  // namespace
}  // namespace flyball::sim
