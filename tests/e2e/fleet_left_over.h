#pragma once
// A temporary folder that a fleet is run in, and what is left of the fleet: processes that carry
// the folder in their environment, files in it, ports that answer. One thread.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace flyball::testing {

class FleetPlace {
public:
    FleetPlace();
    ~FleetPlace();
    FleetPlace(const FleetPlace&) = delete;
    FleetPlace& operator=(const FleetPlace&) = delete;

    const std::filesystem::path& folder() const { return folder_; }
    // For whoever runs a fleet here.
    std::vector<std::string> environment() const;
    std::vector<pid_t> processes() const;
    // That the brokers of a fleet in this folder were told to listen on.
    std::vector<std::uint16_t> ports() const;
    // Everything that is left, a sentence each; waits until there is nothing, `patience` at most.
    std::vector<std::string> left_over(const std::vector<std::uint16_t>& ports) const;

private:
    std::vector<std::string> look(const std::vector<std::uint16_t>& ports) const;
    std::filesystem::path folder_;
};

}  // namespace flyball::testing
