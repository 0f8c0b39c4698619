#include "tests/e2e/governed_broker.h"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/build_tree.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

constexpr Span patience{20'000};
constexpr const char* root = "flyball/v1/test/node/";
constexpr const char* replies = "clients/governed-broker/reply";

std::string broker_lines(const std::filesystem::path& folder, const std::string& more) {
    return "plugin " + plugin_library() + "\nplugin_opt_config " + (folder / "node.toml").string() +
           "\n" + more;
}

void write_node(const std::filesystem::path& folder, const std::string& config,
                const std::string& node = "node") {
    std::ofstream(folder / (node + ".toml"))
        << "region = \"test\"\nnode = \"" << node
        << "\"\nallow_faults = true\nhealth.interval = \"1s\"\n"
        << "state.dir = \"" << (folder / ("state-" + node)).string() << "\"\n"
        << config;
}

}  // namespace

GovernedBroker::Folder::Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "flyball-governed-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    path = pattern;
}

GovernedBroker::Folder::~Folder() {
    std::error_code ignored;  // a leftover in the temporary directory fails no test
    std::filesystem::remove_all(path, ignored);
}

GovernedBroker::GovernedBroker(Settings settings) {
    write_node(folder_.path, settings.config);
    std::string more = settings.broker;
    if (!settings.second.empty()) {
        write_node(folder_.path, settings.second, "second");
        more = "plugin_opt_config " + (folder_.path / "second.toml").string() + "\n" + more;
    }
    broker_ = std::make_unique<Broker>(BrokerSettings{
        .extra = broker_lines(folder_.path, more), .listener = {}, .environment = preloaded()});
}

GovernedBroker::~GovernedBroker() {
    bus_.reset();
    if (broker_ != nullptr) {
        broker_->stop();
    }
}

std::string GovernedBroker::log_of_refused(const Settings& settings, const std::string& last) {
    const Folder folder;
    write_node(folder.path, settings.config);
    const std::filesystem::path config = folder.path / "mosquitto.conf";
    std::ofstream(config) << settings.broker << (::geteuid() == 0 ? "user root\n" : "")
                          << broker_lines(folder.path, "listener ") << free_port() << " 127.0.0.1\n"
                          << last;
    std::vector<std::string> command = preloaded();
    command.insert(command.begin(), "/usr/bin/env");
    command.insert(command.end(), {"/usr/sbin/mosquitto", "-c", config.string()});
    Program broker(command);
    const int status = broker.wait(std::chrono::seconds(10));
    return status > 0 ? broker.err() : "it started";
}

BusClient& GovernedBroker::bus() {
    if (bus_ == nullptr) {
        bus_ = std::make_unique<BusClient>(
            broker_->address(), std::vector<std::string>{replies, std::string(root) + "health"});
    }
    return *bus_;
}

nlohmann::json GovernedBroker::ask(const std::string& below_root, const nlohmann::json& request) {
    const std::string topic = root + below_root;
    const std::string payload = request.dump();
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.response_topic = replies;
    message.has_response_topic = true;
    return nlohmann::json::parse(bus().ask(message, patience).payload);
}

nlohmann::json GovernedBroker::await_health(
    const std::function<bool(const nlohmann::json&)>& wanted) {
    nlohmann::json report;
    bus().await(
        [&](const BusClient::Arrived& arrived) {
            if (!arrived.topic.ends_with("/health")) {
                return false;
            }
            report = nlohmann::json::parse(arrived.payload);
            return wanted(report);
        },
        patience);
    return report;
}

void GovernedBroker::write_config(const std::string& config) {
    write_node(folder_.path, config);
}

void GovernedBroker::reload() {
    broker_->reload();
}

std::string GovernedBroker::settings() const {
    std::ifstream file(broker_->folder() / "mosquitto.conf");
    return {std::istreambuf_iterator<char>(file), {}};
}

void GovernedBroker::write_settings(const std::string& settings) {
    std::ofstream(broker_->folder() / "mosquitto.conf") << settings;
}

void GovernedBroker::await_log(const std::string& words) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (log().find(words) == std::string::npos) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("\"" + words + "\" is not in\n" + log());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

std::string GovernedBroker::log() const {
    return broker_->log();
}

}  // namespace flyball::testing
