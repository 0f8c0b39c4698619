#include "fleet/run/fleet_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fleet/payload.h"
#include "fleet/typed_json.h"

namespace flyball {

std::string fleet_file_path() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");  // nobody changes the environment
    if (runtime != nullptr && *runtime != '\0') {
        return std::string(runtime) + "/flyball/fleet.json";
    }
    // The temporary folder is everybody's: the user's number keeps one from another's fleet.
    const auto folder = std::filesystem::temp_directory_path();
    return (folder / fmt::format("flyball-{}", ::getuid()) / "fleet.json").string();
}

Result<void> write_fleet_file(const std::string& path, const FleetAddress& address) {
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
    const std::string unfinished = path + "." + address.run;
    std::ofstream file(unfinished);
    file << json_text(Json{{"run", address.run},
                           {"hub", address.hub},
                           {"websockets", address.websockets},
                           {"control", fleet_control_topic(address.run)}})
         << "\n";
    file.close();
    if (file) {
        std::filesystem::rename(unfinished, path, failed);
    }
    if (!file || failed) {
        return Error{ErrorCode::unavailable, fmt::format("cannot write {}", path)};
    }
    return {};
}

Result<FleetAddress> read_fleet_file(const std::string& path) {
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const auto fleet = parse_json(text);
    if (!fleet || text_at(*fleet, "hub").empty() || text_at(*fleet, "run").empty()) {
        return Error{ErrorCode::unavailable,
                     fmt::format("no fleet runs here: {} is not there; flyball fleet run starts "
                                 "one",
                                 path)};
    }
    return FleetAddress{text_at(*fleet, "run"), text_at(*fleet, "hub"),
                        text_at(*fleet, "websockets")};
}

std::string fleet_control_topic(const std::string& run) {
    return "flyball/fleet/" + run + "/control";
}

}  // namespace flyball
