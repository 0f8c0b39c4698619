#include "tests/e2e/node_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "tests/build_tree.h"
#include "tests/e2e/bus_client.h"

namespace flyball::testing {

namespace {

constexpr Span online_wait = std::chrono::seconds(20);

// fork and exec, not posix_spawn: only a fork can ask the kernel to end the child with its parent.
pid_t spawn(const std::vector<std::string>& arguments, const std::string& log,
            const std::vector<std::string>& environment) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));  // execv writes to none of them
    }
    argv.push_back(nullptr);
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
        ::putenv(const_cast<char*>(variable.c_str()));  // the child's own, until it is another
    }
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

}  // namespace

NodeProcess::NodeProcess(NodeProcessSettings settings) : settings_(std::move(settings)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "flyball-node-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder for a node");
    }
    folder_ = pattern;
    settings_.in_broker = settings_.in_broker && settings_.program.empty();
    std::ofstream(folder_ / "node.toml") << settings_.config;
    start();
}

NodeProcess::~NodeProcess() {
    end(SIGKILL);
    std::error_code ignored;  // a leftover folder in the temporary directory fails no test
    std::filesystem::remove_all(folder_, ignored);
}

void NodeProcess::start() {
    launch();
    await_online();
}

bool runs_in_broker() {
    return std::getenv("FLYBALL_IN_BROKER") != nullptr;
}

// What a plugin has no command line for is in its broker's environment.
void NodeProcess::launch_in_broker() {
    if (home_ != nullptr) {
        home_->start();
        return;
    }
    std::vector<std::string> environment = {
        "FLYBALL_REGION=" + settings_.region, "FLYBALL_NODE=" + settings_.node,
        fmt::format("FLYBALL_STATE_DIR={}/state", folder_.string())};
    for (std::size_t i = 0; i + 1 < settings_.flags.size(); i += 2) {
        std::string name = "FLYBALL_" + settings_.flags[i].substr(2);
        std::ranges::transform(name, name.begin(), [](char c) {
            return c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        });
        environment.push_back(name + "=" + settings_.flags[i + 1]);
    }
    for (const std::string& variable : preloaded()) {
        environment.push_back(variable);  // a sanitizer has to be there before the broker is
    }
    environment.insert(environment.end(), settings_.environment.begin(),
                       settings_.environment.end());
    const std::uint16_t port = free_port();
    environment.push_back(fmt::format("FLYBALL_MQTT_BROKER=tcp://127.0.0.1:{}", port));
    home_ = std::make_unique<Broker>(
        BrokerSettings{.extra = fmt::format("plugin {}\nplugin_opt_config {}", plugin_library(),
                                            (folder_ / "node.toml").string()),
                       .environment = std::move(environment),
                       .port = port});
}

std::string NodeProcess::broker() const {
    return home_ ? home_->address() : settings_.broker;
}

void NodeProcess::launch() {
    if (settings_.in_broker) {
        launch_in_broker();
        return;
    }
    if (pid_ > 0) {
        throw std::logic_error("the node runs already");
    }
    const std::string program = settings_.program.empty() ? node_program() : settings_.program;
    std::vector<std::string> arguments = {program,          "--config",       folder_ / "node.toml",
                                          "--mqtt.broker",  settings_.broker, "--region",
                                          settings_.region, "--node",         settings_.node,
                                          "--state.dir",    folder_ / "state"};
    arguments.insert(arguments.end(), settings_.flags.begin(), settings_.flags.end());
    pid_ = spawn(arguments, folder_ / "log", settings_.environment);
}

// A health report of an earlier life may still be retained: only another start counts.
void NodeProcess::await_online() {
    try {
        BusClient watcher(broker(), {root() + "/health"});
        watcher.await(
            [this](const BusClient::Arrived& arrived) {
                const auto health = nlohmann::json::parse(arrived.payload, nullptr, false);
                if (!health.is_object() || health.value("status", "") != "online" ||
                    health.at("started_at") == started_at_) {
                    return false;
                }
                started_at_ = health.at("started_at");
                return true;
            },
            online_wait);
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(
            fmt::format("the node did not come online: {}; its log:\n{}", error.what(), log()));
    }
}

int NodeProcess::stop() {
    if (home_ != nullptr) {
        return home_->stop();
    }
    const auto status = end(SIGTERM);
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

void NodeProcess::kill() {
    if (home_ != nullptr) {
        home_->kill();
        return;
    }
    end(SIGKILL);
}

// A node in a broker ends by itself when it has drained; its broker goes on until it is told.
int NodeProcess::wait_in_broker() {
    const auto deadline = std::chrono::steady_clock::now() + online_wait;
    while (home_->running() && log().find("drained; idle") == std::string::npos) {
        if (std::chrono::steady_clock::now() > deadline) {
            return -1;
        }
    }
    return home_->stop();
}

int NodeProcess::wait() {
    if (home_ != nullptr) {
        return wait_in_broker();
    }
    constexpr int patience_ms = 10'000;
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    pollfd ended{handle, POLLIN, 0};
    const bool is_over = handle >= 0 && ::poll(&ended, 1, patience_ms) == 1;
    ::close(handle);
    if (!is_over) {
        return -1;
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::optional<int> NodeProcess::end(int signal) {
    if (pid_ <= 0) {
        return std::nullopt;
    }
    int status = 0;
    ::kill(pid_, signal);
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
}

bool NodeProcess::running() {
    if (home_ != nullptr) {
        return home_->running();
    }
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = -1;
    }
    return pid_ > 0;
}

std::string NodeProcess::log() const {
    if (home_ != nullptr) {
        return home_->log();
    }
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string NodeProcess::root() const {
    return "flyball/v1/" + settings_.region + "/" + settings_.node;
}

}  // namespace flyball::testing
