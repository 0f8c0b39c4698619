// Linked into a node of its own: two calls of the system that hang while a file of the given name
// exists. fdatasync() is what a card that is busy does to the thread that keeps the state;
// getrusage() is called for health by whoever has the engine, and hangs with it.

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace {

void stall_while_exists(const char* variable) {
    const char* const file = std::getenv(variable);
    while (file != nullptr && ::access(file, F_OK) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

}  // namespace

extern "C" int fdatasync(int fd) {
    stall_while_exists("FLYBALL_STALLS_SYNC");
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

extern "C" int getrusage(__rusage_who_t who, rusage* usage) noexcept {
    stall_while_exists("FLYBALL_STALLS_ENGINE");
    return static_cast<int>(::syscall(SYS_getrusage, who, usage));
}
