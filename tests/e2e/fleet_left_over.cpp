#include "tests/e2e/fleet_left_over.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "fleet/run/loopback_port.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;
constexpr auto look_every = 20ms;

std::string contents(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

FleetPlace::FleetPlace() {
    std::string pattern = std::filesystem::temp_directory_path() / "flyball-place-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    folder_ = pattern;
}

FleetPlace::~FleetPlace() {
    std::error_code ignored;  // a leftover folder in the temporary directory fails no test
    std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> FleetPlace::environment() const {
    return {"TMPDIR=" + folder_.string(), "XDG_RUNTIME_DIR=" + folder_.string()};
}

std::vector<pid_t> FleetPlace::processes() const {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (failed == std::errc{} && end == name.data() + name.size() &&
            contents(entry.path() / "environ").find(folder_.string()) != std::string::npos) {
            found.push_back(pid);
        }
    }
    return found;
}

std::vector<std::uint16_t> FleetPlace::ports() const {
    std::vector<std::uint16_t> found;
    std::error_code gone;  // a fleet may end meanwhile
    for (const auto& run : std::filesystem::directory_iterator(folder_, gone)) {
        for (const auto& file : std::filesystem::directory_iterator(run.path(), gone)) {
            std::istringstream words(file.path().extension() == ".conf" ? contents(file.path())
                                                                        : std::string());
            for (std::string word; words >> word;) {
                if (word == "listener" && words >> word) {
                    found.push_back(static_cast<std::uint16_t>(std::stoi(word)));
                }
            }
        }
    }
    return found;
}

std::vector<std::string> FleetPlace::look(const std::vector<std::uint16_t>& ports) const {
    std::vector<std::string> left;
    for (const pid_t pid : processes()) {
        std::string command = contents(fmt::format("/proc/{}/cmdline", pid));
        std::ranges::replace(command, '\0', ' ');
        left.push_back(fmt::format("process {}: {}", pid, command));
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("flyball-fleet-") || name == "flyball") {
            left.push_back("file " + entry.path().string());
        }
    }
    for (const std::uint16_t port : ports) {
        if (port_answers(port)) {
            left.push_back(fmt::format("port {}", port));
        }
    }
    return left;
}

std::vector<std::string> FleetPlace::left_over(const std::vector<std::uint16_t>& ports) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    auto left = look(ports);
    while (!left.empty() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(look_every);
        left = look(ports);
    }
    return left;
}

}  // namespace flyball::testing
