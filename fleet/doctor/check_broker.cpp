// The broker as this device's own settings reach it, and what it keeps of the node's health.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "fleet/doctor/checks.h"
#include "fleet/health_report.h"
#include "fleet/view/health_facts.h"
#include "transport/broker_address.h"
#include "transport/tls_files.h"

namespace flyball {
namespace {

constexpr const char* version_topic = "$SYS/broker/version";
constexpr std::size_t echoes = 7;
constexpr std::size_t small_bytes = 100;
constexpr std::size_t payload_bytes = 256 * 1024;  // what a request may have (docs/protocol.md)
constexpr double slow_ms = 100;
// Nagle's algorithm at one end waits for the other's delayed acknowledgement: 40 ms.
constexpr double nagle_ms = 35;

bool is_local(const std::string& broker) {
    const auto address = parse_broker_address(broker);
    return address && (address->host == "localhost" || address->host.starts_with("127.") ||
                       address->host == "::1" || address->host == "[::1]");
}

void check_round_trip(Bus& bus, const ExaminedDevice& device, Findings& findings) {
    std::vector<double> took_ms;
    for (std::size_t i = 0; i < echoes; ++i) {
        if (const auto us = bus.echo_us(small_bytes)) {
            took_ms.push_back(static_cast<double>(*us) / 1000.0);
        }
    }
    if (took_ms.empty()) {
        findings.fail(
            "round trip", "a message to ourselves did not come back",
            fmt::format(
                "may this login write and read {}? flyball acl makes an access list that "
                "lets it",
                device.own_topic.empty() ? device.bus.prefix + "/reply/..." : device.own_topic));
        return;
    }
    std::ranges::sort(took_ms);
    const double median = took_ms[took_ms.size() / 2];
    const std::string text =
        fmt::format("{:.1f} ms, {:.1f} at worst, of {}", median, took_ms.back(), took_ms.size());
    if (median >= nagle_ms && is_local(device.bus.broker)) {
        findings.warn("round trip", text,
                      "a broker on this machine answers in less than 1 ms: set_tcp_nodelay true in "
                      "its configuration");
    } else if (median > slow_ms) {
        findings.warn("round trip", text, "a broker on this device or in its network");
    } else {
        findings.ok("round trip", text);
    }
}

void check_packet(Bus& bus, Findings& findings) {
    if (bus.echo_us(payload_bytes)) {
        findings.ok("packet size", "256 KiB pass");
    } else {
        findings.warn("packet size", "256 KiB do not come back",
                      "max_packet_size of at least 300000 in the broker, or a smaller "
                      "limits.payload_bytes in the node");
    }
}

// What the unit keeps a node from as long as nobody has changed it.
std::string address_advice(const std::string& broker) {
    return is_local(broker)
               ? std::string()
               : "; the unit lets it reach this machine only until IPAddressAllow= names the "
                 "broker's address, and the DNS server's if that is elsewhere: docs/deploy.md";
}

// docs/protocol.md, time. Without a network nothing makes a clock right that has no battery.
const char* clock_advice(const std::string& clock) {
    if (clock == "behind") {
        return "docs/protocol.md, time: it catches up by itself; set_time is the way out";
    }
    return clock == "unset"
               ? "it knows no date until the system's clock is right: timedatectl set-ntp true; "
                 "without a network a clock with a battery (RTC), or set_time after each start"
               : "it believes the system's clock once that is synchronised: timedatectl set-ntp "
                 "true; without a network clock.trust = \"system\" and a clock with a battery "
                 "(RTC); set_time is the way out";
}

// Without its login's files doctor does not come to asking the broker.
std::string unreached_advice(const ExaminedDevice& device) {
    const BusOptions& bus = device.bus;
    for (const std::string& file : {bus.password_file, bus.key_file, bus.cert_file, bus.ca_file}) {
        if (file.empty() || ::access(file.c_str(), R_OK) == 0) {
            continue;
        }
        if (errno == EACCES) {
            return "run it as root";
        }
        return is_credential(file) ? "systemctl status flyball-node; while the service does not "
                                     "run nobody can connect as it does"
                                   : "the configuration names a file that is not there";
    }
    return is_local(bus.broker) ? "systemctl status mosquitto; the node goes on looking for it"
                                : "is the address right, the network up, the port open?";
}

// Not another that was asked for: then it may as well be elsewhere.
bool is_services_node(const ExaminedDevice& device) {
    return device.is_service && device.config && device.config->region == device.node->region &&
           device.config->node == device.node->node;
}

// Some requests are not decided, or what is decided is lost with the power.
bool is_broken(const HealthFacts& facts) {
    return !facts.journal_error.empty() ||
           std::ranges::find(facts.governors, "down", &GovernorFacts::status) !=
               facts.governors.end();
}

void check_degraded(const std::string& name, const HealthFacts& facts, Findings& findings) {
    const std::string text = fmt::format("{} is degraded: {}", name, why_degraded(facts));
    if (is_broken(facts)) {
        findings.fail("health", text, "journalctl -u flyball-node; flyball health " + name);
    } else {
        findings.warn("health", text, "flyball health " + name);
    }
}

}  // namespace

void check_health(const ExaminedDevice& device, const HealthReport* health, Findings& findings) {
    if (!device.node) {
        return;
    }
    const std::string name = device.node->text();
    if (health == nullptr) {
        const std::string text = fmt::format("{} has not reported to this broker", name);
        const std::string advice =
            "systemctl status flyball-node; is this its broker, and its name?" +
            address_advice(device.bus.broker);
        if (is_services_node(device)) {
            findings.fail("health", text, advice);
        } else {
            findings.warn("health", text, advice);
        }
        return;
    }
    const HealthView view = judge(*health, wall_now(), std::nullopt);
    const auto facts = read_health_facts(health->report);
    const std::string text = fmt::format("{} is {}", name, view.status);
    if (view.status == "degraded") {
        check_degraded(name, facts ? *facts : HealthFacts{}, findings);
    } else if (!view.online()) {
        findings.fail("health", view.note.empty() ? text : text + ": " + view.note,
                      "journalctl -u flyball-node" + address_advice(device.bus.broker));
    } else {
        findings.ok("health", text);
    }
    if (!facts) {
        return;
    }
    if (!device.version.empty() && !facts->version.empty() && facts->version != device.version) {
        findings.warn(
            "running version",
            fmt::format("{} runs {}, {} is installed", name, facts->version, device.version),
            "systemctl restart flyball-node");
    }
    if (!facts->clock.empty() && facts->clock != "ok") {
        findings.warn("node clock",
                      fmt::format("{}, {} from the system's", facts->clock,
                                  span_text(facts->clock_offset_ms)),
                      clock_advice(facts->clock));
    }
}

void check_broker(const ExaminedDevice& device, Findings& findings) {
    std::vector<std::string> filters{version_topic};
    if (device.node) {
        filters.push_back(topic_of(device.bus, *device.node, Channel::health));
    }
    auto bus = device.own_topic.empty() ? Bus::connect(device.bus, filters)
                                        : Bus::connect_at(device.bus, filters, device.own_topic);
    if (!bus) {
        findings.fail("broker", bus.error().message, unreached_advice(device));
        return;
    }
    std::vector<Arrived> kept;
    const bool complete = (*bus)->drain(kept);
    std::string version;
    std::optional<HealthReport> health;
    for (const Arrived& message : kept) {
        if (message.topic == version_topic) {
            version = message.payload;
        } else if (device.node && !message.payload.empty()) {
            health = HealthReport{*device.node, decode_payload(message.payload).value_or(Json()),
                                  message.retained, message.at};
        }
    }
    const std::string what =
        fmt::format("{}{}{}", device.bus.broker, version.empty() ? "" : ", ", version);
    if ((*bus)->protocol_version() == 5) {
        findings.ok("broker", what + ", MQTT 5");
    } else {
        findings.warn("broker", what + ", MQTT 3.1.1",
                      "works with less: no properties, no expiry; MQTT 5 has both");
    }
    if (complete) {
        check_health(device, health ? &*health : nullptr, findings);
    }
    check_round_trip(**bus, device, findings);
    check_packet(**bus, findings);
}

}  // namespace flyball
