#pragma once
// While one of these lives, Paho C does not sleep 100 ms between two looks for readable sockets,
// nor poll the ones it has for a second. Its receive loop does that when there is no socket yet,
// which a fast machine sees at every connect: exec to subscribed took 130 ms instead of 30, and 1.1
// s after a lost connection. Any thread.

namespace flyball {

class WakefulPaho {
public:
    WakefulPaho();
    ~WakefulPaho();
    WakefulPaho(const WakefulPaho&) = delete;
    WakefulPaho& operator=(const WakefulPaho&) = delete;
};

}  // namespace flyball
