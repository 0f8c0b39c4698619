#include "tests/e2e/broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool answers(std::uint16_t port) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool open =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    return open;
}

std::string mosquitto_path() {
    const std::string fixed = "/usr/sbin/mosquitto";  // Debian's place, not on a user's PATH
    return ::access(fixed.c_str(), X_OK) == 0 ? fixed : "mosquitto";
}

// fork and exec, not posix_spawn: only a fork can ask the kernel to end the child with its parent.
pid_t spawn_broker(const std::string& program, const std::string& config, const std::string& log,
                   const std::vector<std::string>& environment) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) {
        return child;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (::getppid() != parent || output < 0) {
        ::_exit(127);
    }
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    for (const std::string& variable : environment) {
        ::putenv(const_cast<char*>(variable.c_str()));
    }
    ::execlp(program.c_str(), program.c_str(), "-c", config.c_str(), nullptr);
    ::_exit(127);
}

}  // namespace

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        ::close(socket);
        throw std::runtime_error("no free loopback port");
    }
    ::close(socket);
    return ntohs(address.sin_port);
}

Broker::Broker(const BrokerSettings& settings) : Broker(settings, OnlyPrepared{}) {
    start();  // what throws from here on is followed by the destructor
}

Broker::Broker(const BrokerSettings& settings, OnlyPrepared /*unused*/)
    : environment_(settings.environment), port_(settings.port != 0 ? settings.port : free_port()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "flyball-broker-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder for a broker");
    }
    folder_ = pattern;
    std::ofstream config(folder_ / "mosquitto.conf");
    // `user`: started by root, Mosquitto would change to a user who cannot read the folder.
    config << (::geteuid() == 0 ? "user root\n" : "")
           << "persistence false\nset_tcp_nodelay true\nmax_inflight_messages 0\n"
           << "max_queued_messages 10000\nsys_interval 1\n"
           << "allow_anonymous " << (settings.anonymous ? "true" : "false") << "\n"
           << settings.extra << "\nlistener " << port_ << " 127.0.0.1\n"
           << settings.listener << "\n";
}

Broker::~Broker() {
    kill();
    std::error_code ignored;  // a leftover folder in the temporary directory fails no test
    std::filesystem::remove_all(folder_, ignored);
}

void Broker::start() {
    if (pid_ > 0) {
        throw std::logic_error("the broker runs already");
    }
    pid_ =
        spawn_broker(mosquitto_path(), folder_ / "mosquitto.conf", folder_ / "log", environment_);
    wait_for_port();
}

void Broker::wait_for_port() {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!answers(port_)) {
        if (std::chrono::steady_clock::now() > deadline || !running()) {
            throw std::runtime_error(fmt::format("mosquitto did not come up; its log:\n{}", log()));
        }
        std::this_thread::sleep_for(2ms);
    }
}

int Broker::end(int signal) {
    int status = 0;
    if (pid_ > 0) {
        ::kill(pid_, signal);
        ::kill(pid_, SIGCONT);  // a paused one would never see SIGTERM
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
    }
    return status;
}

int Broker::stop() {
    const int status = end(SIGTERM);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool Broker::running() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = -1;
    }
    return pid_ > 0;
}

void Broker::reload() {
    ::kill(pid_, SIGHUP);
}

void Broker::kill() {
    end(SIGKILL);
}

void Broker::pause() {
    ::kill(pid_, SIGSTOP);
}

void Broker::resume() {
    ::kill(pid_, SIGCONT);
}

std::string Broker::log() const {
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string Broker::address() const {
    return fmt::format("tcp://127.0.0.1:{}", port_);
}

}  // namespace flyball::testing
