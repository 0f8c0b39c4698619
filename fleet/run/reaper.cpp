#include "fleet/run/reaper.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "fleet/clock.h"
#include "fleet/run/reaper_process.h"
#include "fleet/typed_json.h"

namespace flyball {

Result<std::unique_ptr<Reaper>> Reaper::start(const std::string& parent, const std::string& run,
                                              const std::string& fleet_file) {
    const SocketPair orders = make_socket_pair();
    const SocketPair nodes = make_socket_pair();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return Error{ErrorCode::internal, std::string("cannot fork: ") + std::strerror(errno)};
    }
    if (pid == 0) {
        ::close(orders.ours);
        ::close(nodes.ours);
        run_reaper({orders.theirs, nodes.theirs}, parent, run, fleet_file);
    }
    ::close(orders.theirs);
    ::close(nodes.theirs);
    std::unique_ptr<Reaper> reaper(new Reaper(pid, orders.ours, nodes.ours, run, fleet_file));
    constexpr int patience_ms = 10'000;
    pollfd answered{orders.ours, POLLIN, 0};
    ::poll(&answered, 1, patience_ms);
    for (const Json& line : reaper->channel_.receive()) {
        reaper->folder_ = text_at(line, "folder");
    }
    if (reaper->folder_.empty()) {
        return Error{ErrorCode::unavailable, "cannot make a folder for the run in " + parent};
    }
    return reaper;
}

Reaper::~Reaper() {
    channel_.close();
    fork_server_.close();
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        clean_up_after_it();
    }
}

// The kernel kills what it started; who dies may still write for a moment.
void Reaper::clean_up_after_it() const {
    constexpr Span patience{2'000};
    constexpr int look_again_ms = 20;
    const Deadline deadline = deadline_after(patience);
    std::error_code failed;
    do {
        remove_run_files(kept_ ? "" : folder_, run_, fleet_file_);
        ::poll(nullptr, 0, look_again_ms);
    } while (!kept_ && std::filesystem::exists(folder_, failed) &&
             left_until(deadline) > Span::zero());
}

void Reaper::keep_folder() {
    kept_ = true;
    channel_.send({{"keep", true}});
}

void Reaper::end_in_order() {
    channel_.send({{"end", true}});
}

}  // namespace flyball
