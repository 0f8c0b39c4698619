#pragma once
// Where the reply to one message goes: its Response Topic, else the payload's reply_to, else the
// decision topic. Refuses topics that a stranger may not make this node publish to. One per
// message in work; reuses its buffer.

#include <string>
#include <string_view>

#include "schemas/decode.h"
#include "schemas/message.h"
#include "schemas/request.h"
#include "schemas/topic.h"

namespace flyball {

class ReplyRoute {
public:
    ReplyRoute(const Root& root, const ReplyPolicy& policy) : root_(root), policy_(policy) {}

    // `topic` is used until the next begin(). Begins with the decision topic of `topic`
    // (control_reply for control), or with the message's Response Topic when it has one. False:
    // that topic is not allowed and the route stays with the decision topic.
    bool begin(const Message& message, const Topic& topic);
    // Takes the payload's reply_to unless a Response Topic came; false: it is not allowed, and the
    // route is back at the decision topic.
    bool take_reply_to(const Value& root);

    std::string_view target() const { return target_; }
    std::string_view refused() const { return refused_; }  // the topic that was not allowed

private:
    void to_decision();
    const Root& root_;
    const ReplyPolicy& policy_;
    const Topic* topic_ = nullptr;
    bool has_response_topic_ = false;
    std::string target_;
    bool target_open_ = false;  // target_ was allowed to a request that is bound to no tenant
    std::string tenant_level_;
    std::string_view refused_;
};

}  // namespace flyball
