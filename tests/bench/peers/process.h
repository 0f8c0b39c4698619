#pragma once
// A responder as a child process, and what the kernel says of its processor time and memory. Ended
// by its pid on destruction and, by the kernel, when the benchmark dies. One thread.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace flyball::bench {

class Process {
public:
    // What it says on its standard error goes to the end of `log`, and its output too unless it
    // `talks` to us in lines.
    Process(const std::vector<std::string>& command, const std::filesystem::path& log,
            bool talks = false);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const { return pid_; }
    bool running();  // false once it has ended by itself
    // The next line of its output; nothing when it ended or the time came first.
    std::optional<std::string> line(std::chrono::milliseconds patience);

private:
    pid_t pid_ = -1;
    int output_ = -1;
    std::string heard_;
};

struct Memory {
    double rss_mb = 0;  // of 10^6 bytes
    double pss_mb = 0;  // its own, and its part of what it shares with others
};
Memory memory_of(pid_t pid);

}  // namespace flyball::bench
