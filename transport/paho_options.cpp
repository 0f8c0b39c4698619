#include "transport/paho_options.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "transport/tls_files.h"

namespace flyball {
namespace {

// Paho's own bound on QoS 1 messages without acknowledgement; ours, `outbound_max`, is lower.
constexpr int inflight_max = 60'000;

Result<std::string> read_password(const std::string& path) {
    auto content = read_secret(path, "password file");
    if (content) {
        while (!content->empty() && (content->back() == '\n' || content->back() == '\r')) {
            content->pop_back();  // editors end a line; passwords do not
        }
    }
    return content;
}

mqtt::ssl_options tls_options(ConnectPlan& plan) {
    mqtt::ssl_options tls;
    tls.set_trust_store(plan.options.ca_file);
    tls.set_key_store(plan.options.cert_file);
    tls.set_private_key(plan.options.key_file);
    tls.set_enable_server_cert_auth(true);
    tls.set_verify(true);  // the host name: Paho's default does not look at it
    tls.set_ssl_version(MQTT_SSL_VERSION_TLS_1_2);  // the least; OpenSSL still takes 1.3
    tls.set_error_handler(std::move(plan.on_tls_error));
    return tls;
}

void set_session(mqtt::connect_options& out, const ConnectPlan& plan) {
    out.set_mqtt_version(plan.version);
    if (plan.version < MQTTVERSION_5) {
        out.set_clean_session(true);
        return;
    }
    out.set_clean_start(true);
    mqtt::properties properties;
    properties.add(mqtt::property(mqtt::property::SESSION_EXPIRY_INTERVAL, 0));
    if (plan.options.inbound_packet_max > 0) {
        constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
        properties.add(mqtt::property(
            mqtt::property::MAXIMUM_PACKET_SIZE,
            static_cast<std::int32_t>(std::min(plan.options.inbound_packet_max, most))));
    }
    out.set_properties(std::move(properties));
}

}  // namespace

TlsFiles files_of(const PahoOptions& options) {
    return {options.ca_file, options.cert_file, options.key_file};
}

Result<TlsFacts> fill_connect_options(mqtt::connect_options& out, ConnectPlan plan) {
    const PahoOptions& options = plan.options;
    set_session(out, plan);
    out.set_max_inflight(inflight_max);
    out.set_automatic_reconnect(false);
    out.set_keep_alive_interval(options.keep_alive);
    out.set_connect_timeout(options.connect_timeout);
    if (!options.username.empty()) {
        out.set_user_name(options.username);
    }
    if (!options.password_file.empty()) {
        auto password = read_password(options.password_file);
        if (!password) {
            return std::move(password).error();
        }
        out.set_password(std::move(*password));
    }
    if (plan.will) {
        out.set_will(mqtt::will_options(plan.will->topic, plan.will->payload.data(),
                                        plan.will->payload.size(), static_cast<int>(plan.will->qos),
                                        plan.will->retain));
    }
    if (!plan.address.tls) {
        return TlsFacts{};
    }
    // Paho's message for a file that it cannot read or use names no file.
    auto facts = read_tls_files(files_of(options));
    if (facts) {
        out.set_ssl(tls_options(plan));
    }
    return facts;
}

}  // namespace flyball
