#include "node/reply_route.h"

#include "schemas/short_text.h"

namespace flyball {

void ReplyRoute::to_decision() {
    target_open_ = false;
    target_.clear();
    Topic reply = *topic_;
    reply.channel =
        topic_->channel == Channel::control ? Channel::control_reply : Channel::decision;
    if (!topic_->tenant_canonical) {
        reply.has_tenant = false;  // the level as it came is no tenant: nobody may read there
    }
    append_topic(target_, root_, reply);
}

bool ReplyRoute::begin(const Message& message, const Topic& topic) {
    topic_ = &topic;
    has_response_topic_ = message.has_response_topic;
    refused_ = {};
    tenant_level_.clear();
    if (topic.has_tenant) {
        if (topic.tenant_canonical) {
            append_encoded_tenant(tenant_level_, topic.tenant);
        } else {
            tenant_level_ = "%";  // no tenant is encoded like this: nobody's replies
        }
    }
    if (!has_response_topic_) {
        to_decision();
        return true;
    }
    // Clients ask again and again for the same topic.
    if (target_open_ && !topic.has_tenant && same_text(message.response_topic, target_)) {
        return true;
    }
    if (!policy_.allows(message.response_topic, tenant_level_)) {
        refused_ = message.response_topic;
        to_decision();
        return false;
    }
    target_open_ = !topic.has_tenant;
    target_.assign(message.response_topic);
    return true;
}

bool ReplyRoute::take_reply_to(const Value& root) {
    if (has_response_topic_) {
        return true;
    }
    const Value* entry = &root;
    if (root.is(Kind::array)) {
        if (root.count == 0) {
            return true;
        }
        entry = root.first_child();
    }
    const Value* reply_to = entry->is(Kind::map) ? find_reply_to(*entry) : nullptr;
    if (reply_to == nullptr) {
        return true;  // absent, or no text: a fault of its entry, answered on the decision topic
    }
    if (!policy_.allows(reply_to->text(), tenant_level_)) {
        refused_ = reply_to->text();
        return false;
    }
    target_open_ = false;
    target_.assign(reply_to->text());
    return true;
}

}  // namespace flyball
