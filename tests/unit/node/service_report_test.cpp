// What a service manager hears, with injected time: ready, status, and a watchdog that only an
// engine that gets on feeds.

#include "node/service/service_report.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "node/service/notify_socket.h"
#include "node/service/watched_disk.h"

namespace flyball {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::string_view broker = "tcp://localhost:1883";

// A service manager that may be out of reach for a while.
class Listener {
public:
    ServiceReport::Options options(std::optional<Span> watchdog = std::nullopt) {
        return {.sink =
                    [this](std::string_view lines) {
                        if (reachable) {
                            heard.emplace_back(lines);
                        }
                        return reachable;
                    },
                .watchdog = watchdog,
                .started_us = 100 * second};
    }
    std::vector<std::string> take() { return std::exchange(heard, {}); }

    std::vector<std::string> heard;
    bool reachable = true;
};

using Heard = std::vector<std::string>;

ServiceReport::Turn connecting() {
    return {.link = LinkState::connecting, .attempts = 1, .status = "online", .broker = broker};
}
ServiceReport::Turn down(std::uint64_t attempts = 1) {
    return {.link = LinkState::down, .attempts = attempts, .status = "online", .broker = broker};
}
ServiceReport::Turn up(std::string_view status = "online") {
    return {.link = LinkState::up, .attempts = 1, .status = status, .broker = broker};
}

TEST(ServiceReport, IsReadyOnceTheBrokerHasTakenTheSubscriptions) {
    Listener manager;
    ServiceReport report(manager.options());
    report.turn_made({.link = LinkState::down, .status = "online", .broker = broker}, 100 * second);
    report.turn_made(connecting(), 101 * second);
    EXPECT_EQ(manager.take(), Heard{});
    report.turn_made(up(), 102 * second);
    EXPECT_EQ(manager.take(), Heard{"READY=1\nSTATUS=online, connected to tcp://localhost:1883"});
    report.turn_made(up(), 103 * second);
    EXPECT_EQ(manager.take(), Heard{}) << "said once";
}

TEST(ServiceReport, IsReadyWithoutABrokerToo) {
    const Heard ready{"READY=1\nSTATUS=online, no broker at tcp://localhost:1883, trying again"};
    Listener manager;
    ServiceReport refused(manager.options());
    refused.turn_made(down(), 100 * second);
    EXPECT_EQ(manager.take(), ready);
    ServiceReport again(manager.options());
    again.turn_made(
        {.link = LinkState::connecting, .attempts = 2, .status = "online", .broker = broker},
        100 * second);
    EXPECT_EQ(manager.take(), ready) << "the first attempt is over, the second under way";
    ServiceReport silent(manager.options());
    silent.turn_made(connecting(), 105 * second - 1);
    EXPECT_EQ(manager.take(), Heard{});
    silent.turn_made(connecting(), 105 * second);
    EXPECT_EQ(manager.take(), ready) << "a broker that neither answers nor refuses";
}

TEST(ServiceReport, SaysWhatChanges) {
    Listener manager;
    ServiceReport report(manager.options());
    report.turn_made(up(), 100 * second);
    report.turn_made(up("degraded"), 101 * second);
    report.turn_made(down(), 102 * second);
    report.turn_made(connecting(), 103 * second);
    report.turn_made(up(), 104 * second);
    report.reloading(104 * second + 7);
    report.reloaded();
    report.stopping();
    EXPECT_EQ(manager.take(),
              (Heard{"READY=1\nSTATUS=online, connected to tcp://localhost:1883",
                     "STATUS=degraded, connected to tcp://localhost:1883",
                     "STATUS=online, no broker at tcp://localhost:1883, trying again",
                     "STATUS=online, connected to tcp://localhost:1883",
                     "RELOADING=1\nMONOTONIC_USEC=104000007", "READY=1",
                     "STOPPING=1\nSTATUS=stopping: deciding what has arrived, writing a last "
                     "snapshot"}));
}

TEST(ServiceReport, SaysAgainWhatCouldNotBeSent) {
    Listener manager;
    ServiceReport report(manager.options(Span{4000}));
    manager.reachable = false;
    report.turn_made(up(), 100 * second);
    manager.reachable = true;
    report.turn_made(up(), 100 * second);
    EXPECT_EQ(manager.take(),
              (Heard{"READY=1\nSTATUS=online, connected to tcp://localhost:1883", "WATCHDOG=1"}));
}

TEST(ServiceReport, FeedsTheWatchdogWithTurnsAndAtAQuarterOfItsPatience) {
    Listener manager;
    ServiceReport report(manager.options(Span{8000}));
    EXPECT_EQ(report.longest_pause(Span{60'000}), Span{2000});
    EXPECT_EQ(report.longest_pause(Span{10}), Span{10});
    report.turn_made(up(), 200 * second);
    manager.take();
    std::size_t feeds = 0;
    for (std::int64_t at_us = 200 * second; at_us <= 220 * second; at_us += second / 10) {
        report.turn_made(up(), at_us);
        feeds += manager.take().size();
    }
    EXPECT_EQ(feeds, 10U);
    // An engine that hangs makes no turn, and nothing else feeds.
    EXPECT_EQ(manager.take(), Heard{});
}

TEST(ServiceReport, FeedsNobodyWhoDidNotAsk) {
    Listener manager;
    ServiceReport report(manager.options());
    report.turn_made(up(), 200 * second);
    report.turn_made(up(), 300 * second);
    EXPECT_EQ(manager.take().size(), 1U);
    EXPECT_EQ(report.longest_pause(Span{60'000}), Span{60'000});
}

TEST(ServiceReport, DoesNotFeedWhileTheKeepersThreadHangs) {
    Listener manager;
    ServiceReport report(manager.options(Span{4000}));
    report.keeper().works(100 * second);
    report.turn_made(up(), 105 * second);
    manager.take();
    report.turn_made(up(), 107 * second);
    EXPECT_EQ(manager.take(), Heard{"STATUS=online, connected to tcp://localhost:1883; what keeps "
                                    "the state hangs"});
    report.turn_made(up(), 108 * second);
    EXPECT_EQ(manager.take(), Heard{});
    report.keeper().works(109 * second);
    report.turn_made(up(), 109 * second);
    EXPECT_EQ(manager.take(),
              (Heard{"STATUS=online, connected to tcp://localhost:1883", "WATCHDOG=1"}));
}

TEST(KeeperPulse, GivesACardThatStallsAMinuteAndAThreadFiveSeconds) {
    KeeperPulse pulse;
    EXPECT_TRUE(pulse.is_good(0)) << "before its first turn";
    pulse.works(100 * second);
    EXPECT_TRUE(pulse.is_good(105 * second));
    EXPECT_FALSE(pulse.is_good(105 * second + 1));
    pulse.calls_the_disk(100 * second);
    EXPECT_TRUE(pulse.is_good(160 * second));
    EXPECT_FALSE(pulse.is_good(160 * second + 1));
    pulse.rests_until(400 * second);
    EXPECT_TRUE(pulse.is_good(405 * second));
    EXPECT_FALSE(pulse.is_good(405 * second + 1)) << "it slept through what it had to do";
}

// ---- the disk that is watched

std::int64_t watched_now_us = 0;
std::int64_t watched_now() noexcept {
    return watched_now_us;
}

// Looks at the pulse from within a call, as a watchdog would while the card stalls.
void stalls(const KeeperPulse& pulse) {
    EXPECT_TRUE(pulse.is_good(watched_now_us + 60 * second));
    EXPECT_FALSE(pulse.is_good(watched_now_us + 60 * second + 1));
}

class StallingFile final : public DiskFile {
public:
    explicit StallingFile(const KeeperPulse& pulse) : pulse_(pulse) {}
    ~StallingFile() override { stalls(pulse_); }
    Result<void> write(std::uint64_t, std::span<const std::byte>) override {
        stalls(pulse_);
        return {};
    }
    Result<std::size_t> read(std::uint64_t, std::span<std::byte>) override {
        stalls(pulse_);
        return std::size_t{0};
    }
    Result<void> sync() override {
        stalls(pulse_);
        return {};
    }
    Result<std::uint64_t> size() override {
        stalls(pulse_);
        return std::uint64_t{0};
    }
    void forget_cache() override { stalls(pulse_); }

private:
    const KeeperPulse& pulse_;
};

class StallingDisk final : public Disk {
public:
    explicit StallingDisk(const KeeperPulse& pulse) : pulse_(pulse) {}
    Result<std::unique_ptr<DiskFile>> open(std::string_view, Open) override {
        stalls(pulse_);
        return std::unique_ptr<DiskFile>(std::make_unique<StallingFile>(pulse_));
    }
    Result<void> rename(std::string_view, std::string_view) override {
        stalls(pulse_);
        return {};
    }
    Result<void> remove(std::string_view) override {
        stalls(pulse_);
        return {};
    }
    Result<void> sync_folder() override {
        stalls(pulse_);
        return {};
    }
    Result<std::vector<std::string>> list() override {
        stalls(pulse_);
        return std::vector<std::string>{};
    }

private:
    const KeeperPulse& pulse_;
};

TEST(WatchedDisk, SaysForEachCallThatItIsTheCardThatIsWaitedFor) {
    KeeperPulse pulse;
    watched_now_us = 1000 * second;
    const auto disk = watched_disk(std::make_unique<StallingDisk>(pulse), pulse, watched_now);
    const auto only_works = [&] { return !pulse.is_good(watched_now_us + 5 * second + 1); };
    auto file = disk->open("journal-1", Disk::Open::write);
    ASSERT_TRUE(file.has_value());
    EXPECT_TRUE(only_works());
    EXPECT_TRUE((*file)->write(0, {}) && only_works());
    EXPECT_TRUE((*file)->read(0, {}) && only_works());
    EXPECT_TRUE((*file)->sync() && only_works());
    EXPECT_TRUE((*file)->size() && only_works());
    (*file)->forget_cache();
    EXPECT_TRUE(only_works());
    file->reset();
    EXPECT_TRUE(only_works());
    EXPECT_TRUE(disk->rename("a", "b") && only_works());
    EXPECT_TRUE(disk->remove("a") && only_works());
    EXPECT_TRUE(disk->sync_folder() && only_works());
    EXPECT_TRUE(disk->list() && only_works());
}

// ---- the socket

class ManagerSocket {
public:
    explicit ManagerSocket(const std::string& address) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        address.copy(at.sun_path, address.size());
        if (address.front() == '@') {
            at.sun_path[0] = '\0';
        }
        const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), bytes), 0);
    }
    ~ManagerSocket() { ::close(fd_); }
    ManagerSocket(const ManagerSocket&) = delete;
    ManagerSocket& operator=(const ManagerSocket&) = delete;
    std::string next() const {
        std::array<char, 512> buffer{};
        const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }

private:
    int fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST(NotifySocket, SendsOneDatagramToAPathOrAnAbstractName) {
    const std::string unique = "/flyball-notify-test-" + std::to_string(::getpid());
    const std::string path = ::testing::TempDir() + unique;
    for (const std::string& address : {path, "@" + unique}) {
        const ManagerSocket manager(address);
        const auto socket = NotifySocket::open(address);
        ASSERT_TRUE(socket.has_value()) << address;
        EXPECT_TRUE(socket->send("READY=1\nSTATUS=online"));
        EXPECT_EQ(manager.next(), "READY=1\nSTATUS=online");
        EXPECT_EQ(manager.next(), "");
    }
    ::unlink(path.c_str());
}

TEST(NotifySocket, NeverWaitsAndRefusesWhatIsNoAddress) {
    EXPECT_FALSE(NotifySocket::open("").has_value());
    EXPECT_FALSE(NotifySocket::open("@").has_value());
    EXPECT_FALSE(NotifySocket::open("vsock:2:1234").has_value());
    EXPECT_FALSE(NotifySocket::open("/" + std::string(108, 'x')).has_value());
    const std::string name = "@flyball-full-" + std::to_string(::getpid());
    const ManagerSocket manager(name);
    const auto socket = NotifySocket::open(name);
    std::size_t sent = 0;
    while (sent < 100'000 && socket->send("WATCHDOG=1")) {
        ++sent;
    }
    EXPECT_LT(sent, 100'000U) << "a manager that does not read";
    EXPECT_FALSE(NotifySocket::open("@nobody-is-there")->send("READY=1"));
}

TEST(ServiceReport, ListensToTheWatchdogOfItsOwnProcessOnly) {
    std::map<std::string, std::string> environment;
    const auto options = [&] {
        return ServiceReport::options_from(
            [&](const std::string& name) -> std::optional<std::string> {
                const auto found = environment.find(name);
                return found == environment.end() ? std::nullopt : std::optional(found->second);
            },
            42, 7);
    };
    EXPECT_FALSE(options().sink);
    environment["WATCHDOG_USEC"] = "10000000";
    EXPECT_FALSE(options().watchdog) << "nobody to tell";
    environment["NOTIFY_SOCKET"] = "@somebody";
    EXPECT_TRUE(options().sink);
    EXPECT_EQ(options().watchdog, Span{10'000});
    EXPECT_EQ(options().started_us, 7);
    environment["WATCHDOG_PID"] = "42";
    EXPECT_EQ(options().watchdog, Span{10'000});
    for (const auto& [name, value] : std::map<std::string, std::string>{
             {"WATCHDOG_PID", "41"}, {"WATCHDOG_USEC", "soon"}, {"NOTIFY_SOCKET", ""}}) {
        auto kept = environment;
        environment[name] = value;
        EXPECT_FALSE(options().watchdog) << name << "=" << value;
        environment = std::move(kept);
    }
}

}  // namespace
}  // namespace flyball
