#include "tests/bench/peers/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>

namespace flyball::bench {
namespace {

using Clock = std::chrono::steady_clock;

// In the child: only what is safe after a fork, and no way back.
[[noreturn]] void become(char* const* words, int output, int errors) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::execvp(words[0], words);
    ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& log,
                 bool talks) {
    std::vector<std::string> words = command;
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    std::array<int, 2> ends{-1, errors};
    if (errors < 0 || (talks && ::pipe2(ends.data(), O_CLOEXEC) != 0)) {
        throw std::runtime_error("no output for a responder: " + log.string());
    }
    pid_ = ::fork();
    if (pid_ == 0) {
        become(pointers.data(), ends[1], errors);
    }
    output_ = ends[0];
    if (talks) {
        ::close(ends[1]);
    }
    ::close(errors);
    if (pid_ < 0) {
        throw std::runtime_error("no process for " + command.front());
    }
}

Process::~Process() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (output_ >= 0) {
        ::close(output_);
    }
}

bool Process::running() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = -1;
    }
    return pid_ > 0;
}

std::optional<std::string> Process::line(std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    std::size_t end = 0;
    while ((end = heard_.find('\n')) == std::string::npos) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd ready{output_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
            return std::nullopt;
        }
        std::array<char, 4096> bytes;
        const ssize_t got = ::read(output_, bytes.data(), bytes.size());
        if (got <= 0) {
            return std::nullopt;
        }
        heard_.append(bytes.data(), static_cast<std::size_t>(got));
    }
    std::string said = heard_.substr(0, end);
    heard_.erase(0, end + 1);
    return said;
}

Memory memory_of(pid_t pid) {
    std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
    Memory memory;
    for (std::string line; std::getline(rollup, line);) {
        const auto mb = [&line] { return std::stod(line.substr(line.find(':') + 1)) * 1024 / 1e6; };
        if (line.starts_with("Rss:")) {
            memory.rss_mb = mb();
        } else if (line.starts_with("Pss:")) {
            memory.pss_mb = mb();
        }
    }
    return memory;
}

}  // namespace flyball::bench
