#pragma once
// fleet.json: where the other verbs find the running fleet. It names the run, its hub and the topic
// that the run listens on; the reaper removes it. Main thread.

#include <optional>
#include <string>
#include <string_view>

#include "fleet/payload.h"
#include "schemas/result.h"

namespace flyball {

struct FleetAddress {
    std::string run;
    std::string hub;         // tcp://127.0.0.1:port, mqtts://localhost:port with TLS
    std::string websockets;  // ws://127.0.0.1:port
    std::string ca_file{};   // with TLS: what whoever asks the fleet needs
    std::string cert_file{};
    std::string key_file{};
};

// $XDG_RUNTIME_DIR/flyball/fleet.json, else below the temporary folder, in one of this user's own.
std::string fleet_file_path();
// In place at once: nobody reads half of it.
Result<void> write_fleet_file(const std::string& path, const FleetAddress& address);
// The fleet that the file names, when its hub answers: that file is not to be written over.
std::optional<FleetAddress> running_fleet(const std::string& path);
// unavailable when no fleet runs.
Result<FleetAddress> read_fleet_file(const std::string& path);

std::string fleet_control_topic(const std::string& run);
// Where the hub keeps fleet_document(), with "+" of every run that it has.
std::string fleet_announcement_topic(const std::string& run);
Json fleet_document(const FleetAddress& address);
// Nothing when it is none.
std::optional<FleetAddress> read_fleet_document(std::string_view text);

}  // namespace flyball
