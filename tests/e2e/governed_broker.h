#pragma once
// A real Mosquitto with the plugin in it, for tests of governed topics: the node is test/node, its
// configuration the test's, its state in a folder that goes with it. One thread.

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/raw_client.h"

namespace flyball::testing {

inline constexpr int not_authorized = 0x87;  // MQTT 5, section 2.4: a reason code

// A client who is nobody's client but that user's.
inline RawClient::Login user(const std::string& name) {
    return {.client_id = name + "-client", .user = name};
}

class GovernedBroker {
public:
    struct Settings {
        std::string config{};  // of the node: TOML
        std::string broker{};  // more lines of Mosquitto's configuration
        std::string second{};  // of another node, test/second; empty: there is none
    };
    // Throws when the broker does not start.
    explicit GovernedBroker(Settings settings);
    ~GovernedBroker();
    GovernedBroker(const GovernedBroker&) = delete;
    GovernedBroker& operator=(const GovernedBroker&) = delete;

    // What the log of a broker says that will not start with these, whose lines come first, and
    // with `last` behind them.
    static std::string log_of_refused(const Settings& settings, const std::string& last = "");

    // One request below the node's root, and its reply.
    nlohmann::json ask(const std::string& below_root, const nlohmann::json& request);
    // A health report for which `wanted` holds, and which no call before has taken.
    nlohmann::json await_health(const std::function<bool(const nlohmann::json&)>& wanted);
    void write_config(const std::string& config);
    void reload();                 // SIGHUP
    std::string settings() const;  // Mosquitto's own file
    void write_settings(const std::string& settings);
    void await_log(const std::string& words) const;

    std::uint16_t port() const { return broker_->port(); }
    std::string log() const;

private:
    struct Folder {
        Folder();
        ~Folder();
        std::filesystem::path path;
    };
    BusClient& bus();

    Folder folder_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<BusClient> bus_;
};

}  // namespace flyball::testing
