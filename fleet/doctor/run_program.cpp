#include "fleet/doctor/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "fleet/clock.h"

extern char** environ;

namespace flyball {
namespace {

class Pipe {
public:
    Pipe() { good_ = ::pipe2(fds_.data(), O_CLOEXEC) == 0; }
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    bool good() const { return good_; }
    int end(std::size_t which) const { return fds_[which]; }
    void close_end(std::size_t which) {
        if (fds_[which] >= 0) {
            ::close(fds_[which]);
            fds_[which] = -1;
        }
    }

private:
    std::array<int, 2> fds_{-1, -1};
    bool good_ = false;
};

// False at the end.
bool take(const Pipe& pipe, std::string& into) {
    std::array<char, 4096> block{};
    const ssize_t size = ::read(pipe.end(0), block.data(), block.size());
    if (size > 0 && into.size() < output_bytes_max) {
        into.append(block.data(), static_cast<std::size_t>(size));
    }
    return size > 0 || (size < 0 && errno == EINTR);
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

Result<pid_t> start(std::vector<std::string> words, std::vector<std::string> variables,
                    const Pipe& out, const Pipe& err) {
    for (char** variable = environ; *variable != nullptr; ++variable) {
        variables.emplace_back(*variable);  // the first of a name is the one that is found
    }
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.end(1), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.end(1), STDERR_FILENO);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, words.front().c_str(), &actions, nullptr,
                                     pointers_to(words).data(), pointers_to(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return Error{ErrorCode::unavailable, fmt::format("cannot run {}: {}", words.front(),
                                                         std::generic_category().message(failed))};
    }
    return pid;
}

// False: it was not done in time.
bool read_both(Pipe& out, Pipe& err, ProgramRun& run, Deadline deadline) {
    bool out_open = true;
    bool err_open = true;
    while (out_open || err_open) {
        std::array<pollfd, 2> fds{
            {{out_open ? out.end(0) : -1, POLLIN, 0}, {err_open ? err.end(0) : -1, POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), static_cast<int>(left_until(deadline).count())) == 0) {
            return false;
        }
        out_open = out_open && (fds[0].revents == 0 || take(out, run.out));
        err_open = err_open && (fds[1].revents == 0 || take(err, run.err));
    }
    return true;
}

}  // namespace

Result<ProgramRun> run_program(const std::vector<std::string>& words,
                               const std::vector<std::string>& variables, Span patience) {
    Pipe out;
    Pipe err;
    if (!out.good() || !err.good()) {
        return Error{ErrorCode::internal, "no pipes for another program"};
    }
    const auto pid = start(words, variables, out, err);
    if (!pid) {
        return pid.error();
    }
    out.close_end(1);
    err.close_end(1);
    ProgramRun run;
    const bool done = read_both(out, err, run, deadline_after(patience));
    if (!done) {
        ::kill(*pid, SIGKILL);
    }
    int status = 0;
    ::waitpid(*pid, &status, 0);
    if (!done) {
        return Error{ErrorCode::unavailable, fmt::format("{} was not done within {} s",
                                                         words.front(), patience.count() / 1000)};
    }
    constexpr int signal_offset = 128;
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : signal_offset + WTERMSIG(status);
    return run;
}

}  // namespace flyball
