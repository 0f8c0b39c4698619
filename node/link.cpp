#include "node/link.h"

#include "schemas/topic.h"

namespace flyball {

PahoOptions link_options(const NodeSettings& settings) {
    PahoOptions options;
    options.broker = settings.mqtt.broker;
    options.client_id = settings.mqtt.client_id;
    options.username = settings.mqtt.username;
    options.password_file = settings.mqtt.password_file;
    options.ca_file = settings.mqtt.ca_file;
    options.cert_file = settings.mqtt.cert_file;
    options.key_file = settings.mqtt.key_file;
    options.keep_alive = settings.mqtt.keep_alive;
    options.filters = request_filters(settings.root, settings.tenant_topics_only);
    append_topic(options.tick_topic, settings.root, Topic{.channel = Channel::tick});
    // Twice the limit: what is a little too large is still answered `too_large`.
    options.inbound_packet_max = 2 * settings.limits.payload_bytes;
    return options;
}

}  // namespace flyball
