#include "fleet/run/processes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace flyball {

std::uint64_t pss_bytes(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
    std::string word;
    while (file >> word) {
        std::uint64_t kilobytes = 0;
        if (word == "Pss:" && file >> kilobytes) {
            return kilobytes * 1024;
        }
    }
    return 0;
}

double cpu_seconds(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(file, line);
    // Names may contain anything: fields are counted from the last parenthesis.
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    constexpr int before_times = 11;  // state is the first field, utime the twelfth
    std::string rest = line.substr(name_end + 1);
    double ticks = 0;
    int field = -1;
    std::size_t at = 0;
    while (at < rest.size() && field < before_times + 1) {
        at = rest.find_first_not_of(' ', at);
        const std::size_t end = std::min(rest.find(' ', at), rest.size());
        if (++field >= before_times) {
            ticks += std::stod(rest.substr(at, end - at));
        }
        at = end;
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace flyball
