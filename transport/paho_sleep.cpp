// Paho C 1.3.12 sleeps by usleep() and waits for sockets by poll(), and offers no other way to be
// woken up. These definitions come before the C library's in every program that links them. Only
// Paho's receiving thread calls usleep() in a node; whoever else calls poll() gets what it asks
// for.

#undef _FORTIFY_SOURCE  // it would define poll() here as well

#include "transport/paho_sleep.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

namespace {

std::atomic<int> wakeful{0};
std::atomic<int> wake_up{-1};  // an eventfd, in what Paho's thread polls; -1: none yet
thread_local bool is_pahos = false;

constexpr useconds_t second_us = 1'000'000;
constexpr useconds_t shortest_us = 1'000;  // a socket is there within one or two of these
constexpr int shortest_ms = 1;
constexpr nfds_t sockets_max = 64;  // more than the clients of any program of ours

int wait_for(pollfd* sockets, nfds_t count, int time_ms) {
    const timespec time{time_ms / 1000, static_cast<long>(time_ms % 1000) * 1'000'000};
    return ::ppoll(sockets, count, time_ms < 0 ? nullptr : &time, nullptr);
}

// A socket that is made meanwhile is not among those that are polled: it would wait for the end.
int wait_or_be_woken(pollfd* sockets, nfds_t count, int time_ms) {
    std::array<pollfd, sockets_max + 1> all{};
    std::copy_n(sockets, count, all.begin());
    all[count] = {wake_up.load(), POLLIN, 0};
    const int most_ms = wakeful.load() > 0 ? shortest_ms : time_ms;
    int ready = wait_for(all.data(), count + 1, time_ms < 0 ? most_ms : std::min(time_ms, most_ms));
    if (ready > 0 && all[count].revents != 0) {
        std::uint64_t times = 0;
        [[maybe_unused]] const ssize_t got = ::read(all[count].fd, &times, sizeof(times));
        --ready;
    }
    std::copy_n(all.begin(), count, sockets);
    return ready;
}

}  // namespace

namespace flyball {

WakefulPaho::WakefulPaho() {
    wakeful.fetch_add(1);
    int none = -1;
    if (wake_up.load() == none) {
        const int fresh = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (!wake_up.compare_exchange_strong(none, fresh)) {
            ::close(fresh);
        }
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(wake_up.load(), &one, sizeof(one));
}

WakefulPaho::~WakefulPaho() {
    wakeful.fetch_sub(1);
}

}  // namespace flyball

extern "C" int usleep(useconds_t time_us) {
    is_pahos = true;
    if (wakeful.load() > 0) {
        time_us = std::min(time_us, shortest_us);
    }
    const timespec time{static_cast<time_t>(time_us / second_us),
                        static_cast<long>(time_us % second_us) * 1000};
    return nanosleep(&time, nullptr);
}

extern "C" int poll(pollfd* sockets, nfds_t count, int time_ms) {
    const bool wakes = is_pahos && wake_up.load() >= 0 && count <= sockets_max;
    return wakes ? wait_or_be_woken(sockets, count, time_ms) : wait_for(sockets, count, time_ms);
}
