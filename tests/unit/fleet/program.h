#pragma once
// A program under test in a process of its own, its output kept in files. Killed when the test
// lets go of it. One thread.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace flyball::testing {

class Program {
public:
    // `environment`: NAME=value, added to the test's own.
    explicit Program(const std::vector<std::string>& arguments,
                     const std::vector<std::string>& environment = {},
                     const std::string& input = {});
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // The exit status, 128 + n for a signal, -1 when it is still running after `patience`.
    int wait(std::chrono::milliseconds patience = std::chrono::seconds(30));
    void signal(int number) const;
    std::string out() const;
    std::string err() const;

private:
    std::filesystem::path folder_;
    pid_t pid_ = -1;
    int pidfd_ = -1;
    int status_ = -1;
};

}  // namespace flyball::testing
