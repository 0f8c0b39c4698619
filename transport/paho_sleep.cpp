// Paho C 1.3.12 sleeps by usleep(), its only caller in a node, and offers no other way to be woken
// up. This definition comes before the C library's in every program that links it.

#include "transport/paho_sleep.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>

namespace {

std::atomic<int> wakeful{0};

constexpr useconds_t second_us = 1'000'000;
constexpr useconds_t shortest_us = 1'000;  // a socket is there within one or two of these

}  // namespace

namespace flyball {

WakefulPaho::WakefulPaho() {
    wakeful.fetch_add(1);
}

WakefulPaho::~WakefulPaho() {
    wakeful.fetch_sub(1);
}

}  // namespace flyball

extern "C" int usleep(useconds_t time_us) {
    if (wakeful.load() > 0) {
        time_us = std::min(time_us, shortest_us);
    }
    const timespec time{static_cast<time_t>(time_us / second_us),
                        static_cast<long>(time_us % second_us) * 1000};
    return nanosleep(&time, nullptr);
}
