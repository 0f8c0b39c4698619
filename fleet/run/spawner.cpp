#include "fleet/run/spawner.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "fleet/clock.h"
#include "fleet/typed_json.h"

namespace flyball {
namespace {

constexpr Span answer_wait{10'000};  // a fork under load takes tens of milliseconds

bool is_program(const std::filesystem::path& path) {
    std::error_code none;
    return std::filesystem::is_regular_file(path, none) && ::access(path.c_str(), X_OK) == 0;
}

std::filesystem::path own_folder() {
    std::error_code none;  // then nothing is beside us
    return std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
}

}  // namespace

std::string Ended::text() const {
    return signal != 0 ? fmt::format("signal {}", signal) : fmt::format("exit status {}", status);
}

Spawner::Spawner(Reaper& reaper, std::string node_program)
    : reaper_(reaper),
      node_program_(std::move(node_program)),
      to_reaper_{reaper.channel()},
      to_fork_server_{reaper.fork_server()} {}

void Spawner::take(Line& line) {
    for (const Json& told : line.channel.receive()) {
        const auto number = [&told](const char* key) {
            return static_cast<int>(integer_at(told, key).value_or(0));
        };
        if (told.contains("ended")) {
            ended_.push_back({number("ended"), number("signal"), number("status")});
        } else if (line.given_up > 0) {
            --line.given_up;
            if (const pid_t late = number("started"); late > 0) {
                ::kill(late, SIGKILL);  // nobody knows of it
            }
        } else {
            line.answers.push_back(told);
        }
    }
}

Result<pid_t> Spawner::answer(Line& line) {
    const Deadline deadline = deadline_after(answer_wait);
    while (line.answers.empty() && !line.channel.over() && left_until(deadline) > Span::zero()) {
        pollfd look{line.channel.fd(), POLLIN, 0};
        ::poll(&look, 1, static_cast<int>(left_until(deadline).count()));
        take(line);
    }
    if (line.answers.empty()) {
        ++line.given_up;
        return Error{ErrorCode::internal, "the process that starts others does not answer"};
    }
    const Json told = std::exchange(line.answers, {}).front();
    if (const auto pid = integer_at(told, "started")) {
        return static_cast<pid_t>(*pid);
    }
    const std::string why = text_at(told, "failed");
    return Error{ErrorCode::unavailable, why.empty() ? "it was not started" : why};
}

Result<pid_t> Spawner::start_program(const std::vector<std::string>& words,
                                     const std::string& log) {
    reaper_.channel().send({{"id", ++orders_}, {"start", words}, {"log", log}});
    return answer(to_reaper_);
}

Result<pid_t> Spawner::start_fork_server(bool for_all) {
    reaper_.channel().send({{"id", ++orders_},
                            {"start", {node_program_, "--fork-server"}},
                            {"log", reaper_.folder() + "/fork-server.log"},
                            {"channel", true}});
    auto pid = answer(to_reaper_);
    has_fork_server_ = pid.has_value();
    forks_ = has_fork_server_ && for_all;
    return pid;
}

Result<pid_t> Spawner::start_node(const std::vector<std::string>& arguments,
                                  const std::string& log) {
    return forks_ ? start_forked_node(arguments, log) : start_plain_node(arguments, log);
}

Result<pid_t> Spawner::start_forked_node(const std::vector<std::string>& arguments,
                                         const std::string& log) {
    reaper_.fork_server().send({{"arguments", arguments}, {"stderr", log}});
    return answer(to_fork_server_);
}

Result<pid_t> Spawner::start_plain_node(const std::vector<std::string>& arguments,
                                        const std::string& log) {
    std::vector<std::string> words{node_program_};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return start_program(words, log);
}

std::vector<Ended> Spawner::poll() {
    take(to_reaper_);
    if (has_fork_server_) {
        take(to_fork_server_);
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
    if (const auto beside = own_folder() / name; is_program(beside)) {
        return beside;
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

std::string find_plugin(const std::string& name) {
    std::error_code none;
    for (const std::filesystem::path& folder :
         {own_folder() / "../lib", std::filesystem::path("/usr/lib/mosquitto")}) {
        const auto found = std::filesystem::canonical(folder / name, none);
        if (!none) {
            return found;
        }
    }
    return {};
}

}  // namespace flyball
