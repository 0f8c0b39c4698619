#include "node/config_check.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "schemas/request.h"
#include "schemas/topic.h"
#include "schemas/utf8.h"

namespace flyball {
namespace {

constexpr std::size_t text_bytes_max = 256;
constexpr std::size_t path_bytes_max = 4096;

// A scheme, a host, and a port that may be left out.
bool valid_host_and_port(std::string_view rest, bool may_have_path) {
    const std::size_t slash = rest.find('/');
    if (slash != std::string_view::npos && !may_have_path) {
        return false;
    }
    rest = rest.substr(0, slash);
    const std::size_t colon = rest.rfind(':');
    const bool has_port = colon != std::string_view::npos && !rest.ends_with(']');
    const std::string_view host = has_port ? rest.substr(0, colon) : rest;
    if (host.empty() || host.find_first_of("@ \t?#") != std::string_view::npos) {
        return false;
    }
    if (!has_port) {
        return true;
    }
    const std::string_view digits = rest.substr(colon + 1);
    unsigned port = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return read.ec == std::errc{} && read.ptr == digits.data() + digits.size() && port >= 1 &&
           port <= 65535;
}

}  // namespace

bool valid_broker(std::string_view text) {
    if (text.size() > text_bytes_max || has_control_character(text)) {
        return false;
    }
    constexpr std::array<std::pair<std::string_view, bool>, 4> schemes = {
        {{"tcp://", false}, {"mqtts://", false}, {"ws://", true}, {"wss://", true}}};
    return std::any_of(schemes.begin(), schemes.end(), [text](const auto& scheme) {
        return text.starts_with(scheme.first) &&
               valid_host_and_port(text.substr(scheme.first.size()), scheme.second);
    });
}

bool valid_optional_text(std::string_view text) {
    return text.size() <= text_bytes_max && valid_utf8(text) && !has_control_character(text);
}

bool valid_short_text(std::string_view text) {
    return !text.empty() && valid_optional_text(text);
}

bool valid_path(std::string_view text) {
    return text.size() <= path_bytes_max && valid_utf8(text) && !has_control_character(text);
}

bool valid_full_path(std::string_view text) {
    return text.starts_with('/') && valid_path(text);
}

bool valid_prefix(std::string_view text) {
    return valid_publish_topic(text, text_bytes_max) && !text.starts_with('/') &&
           !text.ends_with('/') && text.find("//") == std::string_view::npos;
}

// A star stands for "any levels" and only at the start.
bool valid_reply_prefix(std::string_view text) {
    const std::string_view rest = text.starts_with("*/") ? text.substr(2) : text;
    return rest.find('*') == std::string_view::npos && rest != "/" &&
           valid_publish_topic(rest, text_bytes_max);
}

bool valid_op_name(std::string_view text) {
    return text == "*" || valid_name(text);
}

bool uses_tls(std::string_view broker) {
    return broker.starts_with("mqtts://") || broker.starts_with("wss://");
}

std::vector<std::pair<std::string_view, std::string>> contradictions(const NodeSettings& settings) {
    std::vector<std::pair<std::string_view, std::string>> found;
    const MqttSettings& mqtt = settings.mqtt;
    if (!mqtt.password_file.empty() && mqtt.username.empty()) {
        found.emplace_back("mqtt.username", "must be given beside mqtt.password_file");
    }
    if (mqtt.cert_file.empty() != mqtt.key_file.empty()) {
        found.emplace_back(mqtt.cert_file.empty() ? "mqtt.cert_file" : "mqtt.key_file",
                           "mqtt.cert_file and mqtt.key_file must be given together");
    }
    const bool tls_files =
        !mqtt.ca_file.empty() || !mqtt.cert_file.empty() || !mqtt.key_file.empty();
    if (tls_files && !uses_tls(mqtt.broker)) {
        found.emplace_back("mqtt.broker",
                           "must be mqtts:// or wss:// when ca_file, cert_file or "
                           "key_file is given; \"" +
                               mqtt.broker + "\" is not encrypted");
    }
    if (settings.limits.entry_values > settings.limits.values) {
        found.emplace_back("limits.entry_values", "must be at most limits.values, which is " +
                                                      std::to_string(settings.limits.values));
    }
    return found;
}

}  // namespace flyball
