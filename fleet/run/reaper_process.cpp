#include "fleet/run/reaper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fleet/clock.h"
#include "fleet/run/line_channel.h"
#include "fleet/typed_json.h"

namespace flyball {
namespace {

constexpr Span patience{10'000};  // for drains and last snapshots
constexpr int look_again_ms = 50;

class ReaperProcess {
public:
    ReaperProcess(ReaperEnds ends, int signals, std::string folder)
        : channel_(ends.channel),
          fork_server_(ends.fork_server),
          signals_(signals),
          folder_(std::move(folder)) {}

    void serve();
    void end_all();
    bool kept() const { return keep_; }  // the folder is to stay

private:
    void obey(const Json& order);
    void start(const Json& order);
    [[noreturn]] void become(const std::vector<std::string>& words, int log, bool channel,
                             pid_t parent) const;
    bool take_signal();
    void reap();
    bool any_child();
    void signal_all(int number);

    LineChannel channel_;
    int fork_server_;
    int signals_;
    std::string folder_;
    std::vector<pid_t> children_;
    bool keep_ = false;
    bool ending_ = false;
};

void ReaperProcess::become(const std::vector<std::string>& words, int log, bool channel,
                           pid_t parent) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    if (channel) {
        dup2(fork_server_, STDIN_FILENO);
        dup2(fork_server_, STDOUT_FILENO);
    } else {
        dup2(log, STDOUT_FILENO);
    }
    dup2(log, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    std::vector<char*> argv;
    for (const std::string& word : words) {
        argv.push_back(const_cast<char*>(word.c_str()));  // execv writes to none of them
    }
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
}

void ReaperProcess::start(const Json& order) {
    const auto words = order.at("start").get<std::vector<std::string>>();
    const auto log_file = order.at("log").get<std::string>();
    const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const pid_t parent = getpid();
    const pid_t child = log < 0 ? -1 : fork();
    if (child == 0) {
        become(words, log, order.value("channel", false), parent);
    }
    const int error = errno;
    if (log >= 0) {
        close(log);
    }
    if (child < 0) {
        channel_.send({{"id", order.at("id")}, {"failed", std::strerror(error)}});
        return;
    }
    children_.push_back(child);
    channel_.send({{"id", order.at("id")}, {"started", child}});
}

void ReaperProcess::obey(const Json& order) {
    if (order.contains("start")) {
        start(order);
    } else if (order.contains("keep")) {
        keep_ = true;
    } else if (order.contains("end")) {
        ending_ = true;
        signal_all(SIGTERM);
        signal_all(SIGCONT);  // one that is stopped hears it too
        const Deadline deadline = deadline_after(patience);
        while (any_child() && left_until(deadline) > Span::zero()) {
            pollfd look{signals_, POLLIN, 0};
            poll(&look, 1, look_again_ms);
            take_signal();
            reap();
        }
    }
}

bool ReaperProcess::any_child() {
    siginfo_t info{};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;  // fails when there is none
}

// False: somebody wants us to end.
bool ReaperProcess::take_signal() {
    signalfd_siginfo info{};
    return read(signals_, &info, sizeof(info)) != sizeof(info) || info.ssi_signo == SIGCHLD;
}

void ReaperProcess::reap() {
    int status = 0;
    pid_t child = 0;
    while ((child = waitpid(-1, &status, WNOHANG)) > 0) {
        std::erase(children_, child);
        Json line{{"ended", child}};
        line[WIFSIGNALED(status) ? "signal" : "status"] =
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
        channel_.send(line);
    }
}

// Our children, and by the kernel's list those that we have adopted.
void ReaperProcess::signal_all(int number) {
    std::ifstream list("/proc/thread-self/children");
    std::vector<pid_t> all(std::istream_iterator<pid_t>(list), {});
    all.insert(all.end(), children_.begin(), children_.end());
    for (const pid_t child : all) {
        kill(child, number);
    }
}

void ReaperProcess::serve() {
    std::array<pollfd, 2> fds{{{channel_.fd(), POLLIN, 0}, {signals_, POLLIN, 0}}};
    while (!channel_.over() && !ending_) {
        if (poll(fds.data(), fds.size(), -1) < 0) {
            continue;  // EINTR: the next look tells
        }
        if ((fds[1].revents & POLLIN) != 0) {
            ending_ = !take_signal();
            reap();
        }
        if (fds[0].revents != 0) {
            for (const Json& order : channel_.receive()) {
                obey(order);
            }
        }
    }
}

// A child that was killed leaves its own to us, with a SIGKILL from the kernel under way.
void ReaperProcess::end_all() {
    while (any_child()) {
        signal_all(SIGKILL);
        pollfd look{signals_, POLLIN, 0};
        poll(&look, 1, look_again_ms);
        take_signal();
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }
}

int block_signals() {
    sigset_t signals;
    sigfillset(&signals);
    sigprocmask(SIG_SETMASK, &signals, nullptr);
    sigemptyset(&signals);
    for (const int number : {SIGCHLD, SIGTERM}) {
        sigaddset(&signals, number);
    }
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

void remove_run_files(const std::string& folder, const std::string& run,
                      const std::string& fleet_file) {
    std::error_code gone;  // what is not there any more needs no removing
    std::ifstream file(fleet_file);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const auto fleet = parse_json(text);
    std::filesystem::remove(fleet_file + "." + run, gone);
    if (fleet && text_at(*fleet, "run") == run) {
        std::filesystem::remove(fleet_file, gone);
    }
    std::filesystem::remove(std::filesystem::path(fleet_file).parent_path(), gone);  // if empty
    if (!folder.empty()) {
        std::filesystem::remove_all(folder, gone);
    }
}

void run_reaper(ReaperEnds ends, const std::string& parent, const std::string& run,
                const std::string& fleet_file) {
    setsid();
    prctl(PR_SET_NAME, "flyball-reaper");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const int signals = block_signals();
    // Whoever waits for the end of the tool's output must not have to wait for us.
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        dup2(nothing, fd);
    }
    std::string folder = parent + "/flyball-fleet-XXXXXX";
    if (signals < 0 || mkdtemp(folder.data()) == nullptr) {
        _exit(1);
    }
    {
        ReaperProcess reaper(ends, signals, folder);
        LineChannel hello(dup(ends.channel));
        hello.send({{"folder", folder}});
        reaper.serve();
        reaper.end_all();
        remove_run_files(reaper.kept() ? "" : folder, run, fleet_file);
    }
    _exit(0);
}

}  // namespace flyball
