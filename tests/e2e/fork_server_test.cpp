// flyball-node --fork-server: orders in, nodes out.

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class Server {
public:
    Server() {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw std::runtime_error("no pair of sockets");
        }
        const std::string program = node_program();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::dup2(ends[1], STDIN_FILENO);
            ::dup2(ends[1], STDOUT_FILENO);
            ::execl(program.c_str(), program.c_str(), "--fork-server", nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        socket_ = ends[0];
    }
    ~Server() {
        close();
        kill();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void send(const std::string& line) const {
        const std::string text = line + "\n";
        ASSERT_EQ(::write(socket_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    // The next line; null when none came within 10 s.
    Json line() {
        while (buffered_.find('\n') == std::string::npos) {
            pollfd look{socket_, POLLIN, 0};
            std::array<char, 4096> block{};
            const ssize_t size =
                ::poll(&look, 1, 10'000) == 1 ? ::read(socket_, block.data(), block.size()) : 0;
            if (size <= 0) {
                return nullptr;
            }
            buffered_.append(block.data(), static_cast<std::size_t>(size));
        }
        const std::size_t end = buffered_.find('\n');
        const Json line = Json::parse(buffered_.substr(0, end), nullptr, false);
        buffered_.erase(0, end + 1);
        return line;
    }
    void close() {
        if (socket_ >= 0) {
            ::close(std::exchange(socket_, -1));
        }
    }
    void end_of_orders() const { ::shutdown(socket_, SHUT_WR); }
    int wait() {
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }

private:
    pid_t pid_ = -1;
    int socket_ = -1;
    std::string buffered_;
};

class ForkServer : public ::testing::Test {
protected:
    ForkServer() {
        std::string pattern = std::filesystem::temp_directory_path() / "flyball-forks-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~ForkServer() override { std::filesystem::remove_all(folder_); }

    std::string order(const std::string& node, const std::string& broker) const {
        return Json{{"arguments",
                     {"--config", "/dev/null", "--mqtt.broker", broker, "--region", "test",
                      "--node", node, "--state.dir", folder_ / node}},
                    {"stderr", folder_ / (node + ".log")}}
            .dump();
    }
    static Json await_status(BusClient& watcher, const std::string& node,
                             const std::string& status) {
        const auto arrived = watcher.await(
            [&](const BusClient::Arrived& one) {
                const auto health = Json::parse(one.payload, nullptr, false);
                return one.topic == "flyball/v1/test/" + node + "/health" && health.is_object() &&
                       health["status"] == status;
            },
            Span(20'000));
        return Json::parse(arrived.payload);
    }
    static bool gone(pid_t pid) {
        const auto deadline = std::chrono::steady_clock::now() + 5s;
        while (::kill(pid, 0) == 0 && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(5ms);
        }
        return ::kill(pid, 0) != 0;
    }

    Broker broker_;
    std::filesystem::path folder_;
};

TEST_F(ForkServer, StartsNodesAndTellsHowTheyEnd) {
    BusClient watcher(broker_.address(), {"flyball/v1/test/+/health"});
    Server server;
    server.send(order("one", broker_.address()));
    const Json one = server.line();
    ASSERT_TRUE(one.contains("started")) << one;
    const Json health = await_status(watcher, "one", "online");
    // From the fork: the warm-up is the server's.
    EXPECT_GE(health["startup_ms"], 0);
    EXPECT_LT(health["startup_ms"], 5'000);
    server.send(order("two", broker_.address()));
    const Json two = server.line();
    await_status(watcher, "two", "online");

    ASSERT_EQ(::kill(one["started"].get<pid_t>(), SIGKILL), 0);
    EXPECT_EQ(server.line(), (Json{{"ended", one["started"]}, {"signal", 9}}));
    ASSERT_EQ(::kill(two["started"].get<pid_t>(), SIGTERM), 0);
    EXPECT_EQ(server.line(), (Json{{"ended", two["started"]}, {"status", 0}}));
    await_status(watcher, "two", "offline");
}

TEST_F(ForkServer, ANodeThatCannotStartEndsAsAnyOther) {
    Server server;
    server.send(order("one", "nonsense"));
    const Json one = server.line();
    EXPECT_EQ(server.line(), (Json{{"ended", one["started"]}, {"status", 64}}));
    std::ifstream log(folder_ / "one.log");
    const std::string text(std::istreambuf_iterator<char>(log), {});
    EXPECT_NE(text.find("mqtt.broker"), std::string::npos) << text;
}

TEST_F(ForkServer, SaysWhatIsWrongWithAnOrderAndGoesOn) {
    Server server;
    for (const char* wrong : {"nonsense", "[]", "{}", R"({"arguments":[1],"stderr":"/dev/null"})",
                              R"({"arguments":[],"stderr":"/nowhere/at/all"})"}) {
        server.send(wrong);
        EXPECT_TRUE(server.line().contains("failed")) << wrong;
    }
    server.send(order("one", broker_.address()));
    EXPECT_TRUE(server.line().contains("started"));
}

TEST_F(ForkServer, EndsEveryNodeAtTheEndOfItsOrders) {
    BusClient watcher(broker_.address(), {"flyball/v1/test/+/health"});
    Server server;
    server.send(order("one", broker_.address()));
    const pid_t one = server.line()["started"];
    await_status(watcher, "one", "online");
    server.end_of_orders();
    EXPECT_EQ(server.line(), (Json{{"ended", one}, {"status", 0}}));
    EXPECT_EQ(server.wait(), 0);
}

TEST_F(ForkServer, NoNodeOutlivesAServerThatWasKilled) {
    Server server;
    server.send(order("one", broker_.address()));
    const pid_t one = server.line()["started"];
    server.kill();
    EXPECT_TRUE(gone(one));
}

}  // namespace
}  // namespace flyball::testing
