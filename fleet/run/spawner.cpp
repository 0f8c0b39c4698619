#include "fleet/run/spawner.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fleet/clock.h"

namespace flyball {
namespace {

constexpr Span answer_wait{10'000};  // a fork under load takes tens of milliseconds

bool is_program(const std::filesystem::path& path) {
    std::error_code none;
    return std::filesystem::is_regular_file(path, none) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string Ended::text() const {
    return signal != 0 ? fmt::format("signal {}", signal) : fmt::format("exit status {}", status);
}

Spawner::Spawner(Reaper& reaper, std::string node_program)
    : reaper_(reaper), node_program_(std::move(node_program)) {}

void Spawner::take(const Json& line) {
    if (line.contains("ended")) {
        ended_.push_back(
            {line.value("ended", 0), line.value("signal", 0), line.value("status", 0)});
    } else {
        answers_.push_back(line);
    }
}

Result<pid_t> Spawner::answer(LineChannel& channel) {
    const Deadline deadline = deadline_after(answer_wait);
    answers_.clear();
    while (answers_.empty() && !channel.over() && left_until(deadline) > Span::zero()) {
        pollfd look{channel.fd(), POLLIN, 0};
        ::poll(&look, 1, static_cast<int>(left_until(deadline).count()));
        for (const Json& line : channel.receive()) {
            take(line);
        }
    }
    if (answers_.empty()) {
        return Error{ErrorCode::internal, "the process that starts others does not answer"};
    }
    const Json& line = answers_.front();
    if (!line.contains("started")) {
        return Error{ErrorCode::unavailable, line.value("failed", "it was not started")};
    }
    return line.value("started", 0);
}

Result<pid_t> Spawner::start_program(const std::vector<std::string>& words,
                                     const std::string& log) {
    reaper_.channel().send({{"id", ++orders_}, {"start", words}, {"log", log}});
    return answer(reaper_.channel());
}

Result<pid_t> Spawner::start_fork_server() {
    reaper_.channel().send({{"id", ++orders_},
                            {"start", {node_program_, "--fork-server"}},
                            {"log", reaper_.folder() + "/fork-server.log"},
                            {"channel", true}});
    auto pid = answer(reaper_.channel());
    forks_ = pid.has_value();
    return pid;
}

Result<pid_t> Spawner::start_node(const std::vector<std::string>& arguments,
                                  const std::string& log) {
    if (forks_) {
        reaper_.fork_server().send({{"arguments", arguments}, {"stderr", log}});
        return answer(reaper_.fork_server());
    }
    return start_plain_node(arguments, log);
}

Result<pid_t> Spawner::start_plain_node(const std::vector<std::string>& arguments,
                                        const std::string& log) {
    std::vector<std::string> words{node_program_};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return start_program(words, log);
}

std::vector<Ended> Spawner::poll() {
    for (LineChannel* channel : {&reaper_.channel(), &reaper_.fork_server()}) {
        if (channel == &reaper_.fork_server() && !forks_) {
            continue;
        }
        for (const Json& line : channel->receive()) {
            take(line);
        }
    }
    return std::exchange(ended_, {});
}

bool Spawner::broken() const {
    return reaper_.channel().over() || (forks_ && reaper_.fork_server().over());
}

std::vector<int> Spawner::fds() const {
    return forks_ ? std::vector<int>{reaper_.channel().fd(), reaper_.fork_server().fd()}
                  : std::vector<int>{reaper_.channel().fd()};
}

std::string find_program(const std::string& name) {
    std::error_code failed;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (!failed && is_program(self.parent_path() / name)) {
        return self.parent_path() / name;
    }
    const char* path = std::getenv("PATH");  // nobody changes the environment
    // Debian keeps brokers where a user's PATH does not look.
    std::string folders = (path == nullptr ? std::string() : std::string(path)) + ":/usr/sbin";
    while (!folders.empty()) {
        const std::string folder = folders.substr(0, folders.find(':'));
        folders.erase(0, folder.size() + 1);
        if (!folder.empty() && is_program(std::filesystem::path(folder) / name)) {
            return std::filesystem::path(folder) / name;
        }
    }
    return {};
}

}  // namespace flyball
