// A power cut below the file system: a node works on an ext4 image; at some moment under load the
// image is copied as the device has it, repaired as at boot, and a node begins from that. With
// `commit` nothing that was answered is lost. FLYBALL_CUTS: how many (10); FLYBALL_SEED: the load.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/e2e/broker.h"
#include "tests/e2e/kill_load.h"
#include "tests/e2e/node_process.h"
#include "tests/from_environment.h"

namespace flyball::testing {
namespace {

const std::string replies = "flyball/v1/reply/test/cut";
constexpr std::size_t in_flight = 24;

const std::string config = std::string("[state]\ndurability = \"commit\"\n") + KillLoad::governors;

std::string bytes_of(const std::filesystem::path& path) {
    std::string bytes(std::filesystem::file_size(path), '\0');
    std::ifstream(path, std::ios::binary)
        .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

// An ext4 image, mounted over the folder of a node's state.
class Image {
public:
    Image(std::filesystem::path file, std::filesystem::path folder)
        : file_(std::move(file)), folder_(std::move(folder)) {
        run(fmt::format("truncate -s 16M {0} && mkfs.ext4 -q -F {0}", file_.string()));
        mount();
    }
    ~Image() {
        ::umount2(folder_.c_str(), MNT_DETACH);
        std::error_code ignored;  // a leftover image fails no test
        std::filesystem::remove(file_, ignored);
    }
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;

    // What the device holds at this moment. The node stands still; the system may still be writing,
    // so it is read until it is twice the same.
    std::string now() const {
        std::string seen = bytes_of(file_);
        for (std::string again = bytes_of(file_); again != seen; again = bytes_of(file_)) {
            seen = std::move(again);
        }
        return seen;
    }
    // As after a boot.
    void become(const std::string& bytes) {
        if (::umount(folder_.c_str()) != 0) {
            throw std::runtime_error("the image cannot be unmounted");
        }
        std::ofstream(file_, std::ios::binary) << bytes;
        // 1: errors were corrected.
        run(fmt::format("e2fsck -p -f {} >/dev/null || [ $? -eq 1 ]", file_.string()));
        mount();
    }

private:
    static void run(const std::string& command) {
        if (std::system(command.c_str()) != 0) {
            throw std::runtime_error("failed: " + command);
        }
    }
    void mount() const {
        run(fmt::format("mount -o loop {} {}", file_.string(), folder_.string()));
    }

    std::filesystem::path file_;
    std::filesystem::path folder_;
};

TEST(PowerCut, LosesNothingThatWasAnsweredWithCommit) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "an image takes root to mount";
    }
    const std::uint64_t cuts = number_from("FLYBALL_CUTS", 10);
    const std::uint64_t seed = number_from("FLYBALL_SEED", 1);
    fmt::print("FLYBALL_SEED={}\n", seed);
    Broker broker;
    NodeProcess node({.broker = broker.address(), .config = config, .flags = {}});
    ASSERT_EQ(node.stop(), 0) << node.log();
    // In memory: what a flush means is the file system's business, what it costs the disk's below.
    Image image(fmt::format("/dev/shm/flyball-{}.image", ::getpid()), node.folder() / "state");
    node.start();
    BusClient client(broker.address(), {replies});
    KillLoad load(client, node.root(), replies, seed);
    load.open_accounts();
    for (std::uint64_t cut = 0; cut < cuts && !HasFailure(); ++cut) {
        SCOPED_TRACE(cut);
        load.ask_new(in_flight, load.pick(in_flight + 1));
        ASSERT_EQ(::kill(node.pid(), SIGSTOP), 0);
        load.life_ends();
        const std::string held = image.now();
        node.kill();
        image.become(held);
        node.launch();
        load.ask_until_answered();
        load.settle();
        load.recheck();
    }
    load.check_levels();
    fmt::print("{} power cuts, {} answered, {} lost, {} doubled, {} numbers reused\n", cuts,
               load.answered, load.lost, load.doubled, load.seq_reused);
    EXPECT_EQ(load.lost + load.doubled + load.seq_reused + load.refused, 0U);
    node.kill();
}

}  // namespace
}  // namespace flyball::testing
