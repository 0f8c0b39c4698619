#include "fleet/run/fleet_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fleet/run/loopback_port.h"
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
    file << json_text(fleet_document(address)) << "\n";
    file.close();
    if (file) {
        std::filesystem::rename(unfinished, path, failed);
    }
    if (!file || failed) {
        return Error{ErrorCode::unavailable, fmt::format("cannot write {}", path)};
    }
    return {};
}

Json fleet_document(const FleetAddress& address) {
    Json document = {{"run", address.run},
                     {"hub", address.hub},
                     {"websockets", address.websockets},
                     {"control", fleet_control_topic(address.run)}};
    if (!address.ca_file.empty()) {
        document["ca_file"] = address.ca_file;
        document["cert_file"] = address.cert_file;
        document["key_file"] = address.key_file;
    }
    return document;
}

std::optional<FleetAddress> read_fleet_document(std::string_view text) {
    const auto fleet = parse_json(text);
    if (!fleet || text_at(*fleet, "hub").empty() || text_at(*fleet, "run").empty()) {
        return std::nullopt;
    }
    return FleetAddress{text_at(*fleet, "run"),        text_at(*fleet, "hub"),
                        text_at(*fleet, "websockets"), text_at(*fleet, "ca_file"),
                        text_at(*fleet, "cert_file"),  text_at(*fleet, "key_file")};
}

Result<FleetAddress> read_fleet_file(const std::string& path) {
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (auto fleet = read_fleet_document(text)) {
        return *std::move(fleet);
    }
    return Error{
        ErrorCode::unavailable,
        fmt::format("no fleet runs here: {} is not there; flyball fleet run starts one", path)};
}

std::optional<FleetAddress> running_fleet(const std::string& path) {
    const auto fleet = read_fleet_file(path);
    if (!fleet) {
        return std::nullopt;
    }
    const std::string port = fleet->hub.substr(fleet->hub.rfind(':') + 1);
    std::uint16_t number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    return port_answers(number) ? std::optional(*fleet) : std::nullopt;
}

std::string fleet_control_topic(const std::string& run) {
    return "flyball/fleet/" + run + "/control";
}

std::string fleet_announcement_topic(const std::string& run) {
    return "flyball/fleet/" + run + "/announcement";
}

}  // namespace flyball
