#include "fleet/interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "schemas/expects.h"

namespace flyball {
namespace {

sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

}  // namespace

Interrupt::Interrupt() : fd_(-1) {
    const sigset_t signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    expects(fd_ >= 0, "a signalfd");
}

Interrupt::~Interrupt() {
    close(fd_);
}

bool Interrupt::seen() const {
    pollfd look{fd_, POLLIN, 0};
    return poll(&look, 1, 0) == 1;
}

}  // namespace flyball
