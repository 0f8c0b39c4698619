#include "tests/unit/fleet/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace flyball::testing {
namespace {

std::string contents(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

void redirect(const std::filesystem::path& file, int flags, int to) {
    const int fd = open(file.c_str(), flags, 0600);
    if (fd < 0 || dup2(fd, to) < 0) {
        _exit(126);
    }
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment, const std::string& input) {
    std::string pattern = std::filesystem::temp_directory_path() / "flyball-program-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    folder_ = pattern;
    std::ofstream(folder_ / "in", std::ios::binary) << input;
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));  // execv's signature is older
    }
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        redirect(folder_ / "in", O_RDONLY, STDIN_FILENO);
        redirect(folder_ / "out", O_WRONLY | O_CREAT, STDOUT_FILENO);
        redirect(folder_ / "err", O_WRONLY | O_CREAT, STDERR_FILENO);
        for (const std::string& variable : environment) {
            putenv(const_cast<char*>(variable.c_str()));
        }
        execv(argv[0], argv.data());
        _exit(127);
    }
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Program::~Program() {
    if (status_ < 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    close(pidfd_);
    std::error_code ignored;  // a folder left behind fails no test
    std::filesystem::remove_all(folder_, ignored);
}

int Program::wait(std::chrono::milliseconds patience) {
    pollfd ended{pidfd_, POLLIN, 0};
    if (status_ < 0 && poll(&ended, 1, static_cast<int>(patience.count())) == 1) {
        int status = 0;
        waitpid(pid_, &status, 0);
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return status_;
}

void Program::signal(int number) const {
    kill(pid_, number);
}

std::string Program::out() const {
    return contents(folder_ / "out");
}

std::string Program::err() const {
    return contents(folder_ / "err");
}

}  // namespace flyball::testing
