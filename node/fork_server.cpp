#include "node/fork_server.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "node/clock.h"
#include "node/config.h"
#include "node/program.h"
#include "schemas/decode.h"
#include "schemas/writer.h"

namespace flyball {
namespace {

constexpr int exit_usage = 64;
constexpr std::size_t line_bytes_max = 64 * 1024;
constexpr std::size_t children_max = 4096;        // far beyond what one machine's memory holds
constexpr std::int64_t patience_us = 10'000'000;  // for a drain and the last snapshot

struct Order {
    std::vector<std::string> arguments;  // the program's name first, as in argv
    std::string log;
};

// What every node does once it runs is done here once: relocations are resolved and written, tables
// are built, and their pages are the same memory in all children. No socket, no thread.
void warm_up() {
    OPENSSL_init_ssl(0, nullptr);
    SSL_CTX_free(SSL_CTX_new(TLS_client_method()));
    const std::array<const char*, 3> words{"flyball-node", "--config", "/dev/null"};
    Config config = read_config(machine_input(static_cast<int>(words.size()), words.data()));
    check_governors(config, sample_clock().wall);
}

class ForkServer {
public:
    explicit ForkServer(int signal_fd) : signal_fd_(signal_fd) {}
    int serve();

private:
    bool read_orders();
    void obey(std::string_view line);
    Result<Order> parse(std::string_view line);
    Result<pid_t> start(const Order& order);
    [[noreturn]] void become_node(const Order& order, pid_t parent, int log);
    void reap();
    void end_all();
    void await_signal(std::int64_t until_us);
    bool take_signal();
    void say();

    int signal_fd_;
    std::string buffered_;
    std::vector<pid_t> children_;
    Decoder decoder_;
    Writer answer_;
    bool heard_ = true;  // somebody reads what we say
};

// A partial line cannot occur: a pipe takes lines of this length whole, a socket blocks.
void ForkServer::say() {
    std::string line(answer_.bytes());
    line += '\n';
    std::string_view left = line;
    while (heard_ && !left.empty()) {
        const ssize_t sent = write(STDOUT_FILENO, left.data(), left.size());
        heard_ = sent > 0 || (sent < 0 && errno == EINTR);
        left.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
}

Result<Order> ForkServer::parse(std::string_view line) {
    const Error wrong{ErrorCode::usage,
                      R"(an order is {"arguments":["--config","FILE"],"stderr":"FILE"})"};
    const Payload payload = decoder_.decode(line);
    if (!payload.good() || payload.batch) {
        return wrong;
    }
    Order order{{"flyball-node"}, {}};
    const Value* key = payload.root->first_child();
    for (std::uint32_t pair = 0; pair < payload.root->count; ++pair) {
        const Value* value = key->next_sibling();
        if (key->text() == "stderr" && value->is(Kind::text)) {
            order.log = value->text();
        } else if (key->text() == "arguments" && value->is(Kind::array)) {
            const Value* word = value->first_child();
            for (std::uint32_t i = 0; i < value->count; ++i, word = word->next_sibling()) {
                if (!word->is(Kind::text)) {
                    return wrong;
                }
                order.arguments.emplace_back(word->text());
            }
        } else {
            return wrong;
        }
        key = value->next_sibling();
    }
    return order.log.empty() ? Result<Order>(wrong) : Result<Order>(std::move(order));
}

// The child's side of the fork: as after an exec, but for what is already in memory.
void ForkServer::become_node(const Order& order, pid_t parent, int log) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(exit_usage);  // the server ended before the kernel knew what to do then
    }
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    std::vector<const char*> argv;
    for (const std::string& word : order.arguments) {
        argv.push_back(word.c_str());
    }
    argv.push_back(nullptr);
    exit(run_node(static_cast<int>(order.arguments.size()), argv.data()));
}

Result<pid_t> ForkServer::start(const Order& order) {
    if (children_.size() >= children_max) {
        return Error{ErrorCode::refused, "4,096 nodes run already, no more fit one fork-server"};
    }
    const int log = open(order.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) {
        return Error{ErrorCode::unavailable,
                     "cannot write to " + order.log + ": " + std::strerror(errno)};
    }
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        become_node(order, parent, log);
    }
    const int error = errno;
    close(log);
    if (child < 0) {
        return Error{ErrorCode::unavailable, std::string("cannot fork: ") + std::strerror(error)};
    }
    children_.push_back(child);
    return child;
}

void ForkServer::obey(std::string_view line) {
    const auto order = parse(line);
    const auto child = order ? start(*order) : Result<pid_t>(order.error());
    answer_.restart(Encoding::json);
    answer_.begin_map();
    if (child) {
        answer_.field("started", std::int64_t{*child});
    } else {
        answer_.field("failed", std::string_view(child.error().message));
    }
    answer_.end_map();
    say();
}

// False at the end of the orders.
bool ForkServer::read_orders() {
    std::array<char, 4096> block{};
    const ssize_t size = read(STDIN_FILENO, block.data(), block.size());
    if (size <= 0) {
        return size < 0 && errno == EINTR;
    }
    buffered_.append(block.data(), static_cast<std::size_t>(size));
    std::size_t end = 0;
    while ((end = buffered_.find('\n')) != std::string::npos) {
        const std::string line = buffered_.substr(0, end);
        buffered_.erase(0, end + 1);
        obey(line);
    }
    return buffered_.size() <= line_bytes_max;
}

void ForkServer::reap() {
    int status = 0;
    pid_t child = 0;
    while ((child = waitpid(-1, &status, WNOHANG)) > 0) {
        std::erase(children_, child);
        answer_.restart(Encoding::json);
        answer_.begin_map();
        answer_.field("ended", std::int64_t{child});
        if (WIFSIGNALED(status)) {
            answer_.field("signal", std::int64_t{WTERMSIG(status)});
        } else {
            answer_.field("status", std::int64_t{WEXITSTATUS(status)});
        }
        answer_.end_map();
        say();
    }
}

// False when it was one that asks us to end.
bool ForkServer::take_signal() {
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof(info)) != sizeof(info)) {
        return true;
    }
    return info.ssi_signo == SIGCHLD;
}

void ForkServer::await_signal(std::int64_t until_us) {
    pollfd signalled{signal_fd_, POLLIN, 0};
    const std::int64_t left_ms = std::max<std::int64_t>((until_us - monotonic_us()) / 1000, 0);
    if (poll(&signalled, 1, static_cast<int>(left_ms)) > 0) {
        take_signal();
    }
    reap();
}

void ForkServer::end_all() {
    for (const pid_t child : children_) {
        kill(child, SIGTERM);
        kill(child, SIGCONT);  // one that is stopped hears it too
    }
    const std::int64_t until_us = monotonic_us() + patience_us;
    while (!children_.empty() && monotonic_us() < until_us) {
        await_signal(until_us);
    }
    for (const pid_t child : children_) {
        kill(child, SIGKILL);
    }
    while (!children_.empty()) {
        await_signal(monotonic_us() + patience_us);
    }
}

int ForkServer::serve() {
    std::array<pollfd, 2> fds{{{STDIN_FILENO, POLLIN, 0}, {signal_fd_, POLLIN, 0}}};
    bool going_on = true;
    while (going_on) {
        if (poll(fds.data(), fds.size(), -1) < 0) {
            continue;  // EINTR: the next look tells
        }
        if ((fds[1].revents & POLLIN) != 0) {
            going_on = take_signal();
            reap();
        }
        if (going_on && fds[0].revents != 0) {
            going_on = read_orders();
        }
    }
    end_all();
    return 0;
}

// What only counts where a machine has many nodes, and is read before main(): once more from the
// start. Functions are looked up when first called, and each look-up writes to a page that would be
// every child's own from then on. What each thread's cache of the allocator holds lies between what
// is in use and keeps its pages: a fifth of a node's memory, for a few percent of its time.
void start_anew_for_many() {
    constexpr const char* begun = "FLYBALL_FORK_SERVER_BEGUN";  // what is set may have been before
    if (getenv(begun) != nullptr) {
        unsetenv(begun);
        return;
    }
    setenv(begun, "1", 1);
    setenv("LD_BIND_NOW", "1", 1);
    setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 0);
    execl("/proc/self/exe", "flyball-node", "--fork-server", nullptr);
    // Without /proc there is no second start; it only costs memory.
}

}  // namespace

int run_fork_server(const std::vector<std::string>& arguments) {
    if (!arguments.empty()) {
        constexpr std::string_view text = "flyball-node: --fork-server takes no arguments\n";
        [[maybe_unused]] const ssize_t told = write(STDERR_FILENO, text.data(), text.size());
        return exit_usage;
    }
    start_anew_for_many();
    prctl(PR_SET_NAME, "flyball-node");  // it would be called after the link: exe
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) {
        sigaddset(&signals, signal);
    }
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd < 0) {
        return exit_usage;
    }
    warm_up();
    return ForkServer(signal_fd).serve();
}

}  // namespace flyball
