// Any bytes as a topic, as a tenant, as a tenant's level of a topic and as a reply topic: what is
// taken is put together again as it came, and no reply leaves for where none may go.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/expects.h"
#include "schemas/topic.h"
#include "schemas/utf8.h"
#include "transport/topic_filter.h"

namespace {

using namespace flyball;

const Root root{"flyball/v1", "eu-west", "pi-7"};

bool subscribed(std::string_view topic) {
    const auto has = [topic](std::string_view filter) { return filter_matches(filter, topic); };
    for (const bool tenants_only : {false, true}) {
        if (std::ranges::any_of(request_filters(root, tenants_only), has)) {
            return true;
        }
    }
    return false;
}

void parse(std::string_view text) {
    static TopicParser parser(root);
    const auto topic = parser.parse(text);
    if (!topic) {
        return;
    }
    const std::string_view title = parser.asked_title(text);
    const bool plain = topic->channel == Channel::request && !topic->has_tenant;
    expects(!plain || topic->title.empty() || title == topic->title, "as it is parsed");
    const bool taken = topic->channel == Channel::request || topic->channel == Channel::admin ||
                       topic->channel == Channel::control;
    expects(!taken || subscribed(text), "a node hears what it takes");
    std::string again;
    if (!topic->has_tenant || topic->tenant_canonical) {
        append_topic(again, root, *topic);
        expects(again == text, "a topic is put together as it came");
    }
    if (topic->has_tenant && topic->tenant_canonical) {
        expects(!topic->tenant.empty() && topic->tenant.size() <= tenant_bytes_max);
        Topic afresh = *topic;
        afresh.tenant_level = {};
        again.clear();
        append_topic(again, root, afresh);
        expects(again == text, "and a tenant has one encoding");
    }
}

void take_for_a_tenant(std::string_view text) {
    std::array<char, 3 * tenant_bytes_max> buffer{};
    std::string level;
    if (const auto tenant = decode_tenant(text, buffer)) {
        append_encoded_tenant(level, *tenant);
        expects(level == text, "only the canonical form of a level is taken");
    }
    if (text.empty() || text.size() > tenant_bytes_max) {
        return;
    }
    level.clear();
    append_encoded_tenant(level, text);
    expects(level.find_first_of("/+#") == std::string::npos && level.front() != '$');
    const auto back = decode_tenant(level, buffer);
    expects(!back || *back == text, "a tenant comes back as it was");
}

void take_for_a_reply(std::string_view text) {
    static const ReplyPolicy policy(root, {"*/reply/", "*/response/", "clients/"});
    const bool below = text.starts_with("flyball/v1/");
    if (policy.allows(text, "")) {
        expects(!text.empty() && text.size() <= reply_topic_bytes_max);
        expects(text.find_first_of(std::string_view("+#\0", 3)) == std::string_view::npos);
        expects(text.front() != '$' && valid_publish_topic(text, reply_topic_bytes_max));
        expects(!below || text.starts_with("flyball/v1/reply/"), "never to what nodes listen to");
    }
    if (policy.allows(text, "acme")) {
        expects(!below || text.starts_with("flyball/v1/reply/acme/"), "never to another tenant");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    parse(text);
    parse(root.text() + "/" + text);
    take_for_a_tenant(text);
    take_for_a_reply(text);
    take_for_a_reply("flyball/v1/" + text);
    const std::size_t line = text.find('\n');
    if (line != std::string::npos) {
        const std::string_view filter = std::string_view(text).substr(0, line);
        const std::string_view other = std::string_view(text).substr(line + 1);
        const bool overlap = filters_overlap(filter, other);
        expects(filters_overlap(other, filter) == overlap, "whichever comes first");
        if (filter_matches(filter, other) && valid_publish_topic(other, topic_bytes_max)) {
            expects(overlap || !valid_filter(filter), "a topic is the filter of itself");
        }
        expects(!valid_filter("") && (!valid_filter(filter) || !filter.empty()));
    }
    return 0;
}
