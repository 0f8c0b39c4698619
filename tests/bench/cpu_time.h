#pragma once
// What a process has had of the processors, all its threads, in user and system time.

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace flyball::bench {

// Microseconds, in steps of the kernel's tick (10,000); 0 when it is gone.
inline double cpu_us(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    // proc(5): the name, in brackets, may hold brackets too; utime is the 14th field, stime the
    // 15th.
    std::string text;
    std::getline(stat, text);
    std::istringstream fields(text.substr(std::min(text.rfind(')'), text.size())));
    std::string skipped;
    for (int field = 2; field < 14; ++field) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace flyball::bench
