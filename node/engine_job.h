#pragma once
// One message in work, and the buffers that it works in: the engine's own, of nobody else's
// interest. One workspace for each message that is in work inside another.

#include <string>

#include "node/engine.h"

namespace flyball {

struct Engine::Workspace {
    Workspace(const Root& root, const ReplyPolicy& policy, const Limits& limits)
        : parser(root), decoder(limits), route(root, policy) {}

    TopicParser parser;
    Decoder decoder;
    ReplyRoute route;
    Writer writer;
    Request request;
    Decided decided;
    Effect effect;
    std::string title;  // "type/name" of a governor that is not there
};

struct Engine::Job {
    Workspace& work;
    const Message& message;
    const Arrival& arrival;
    Instant now;
    EngineHost& host;
    Topic topic{};
    Payload payload{};
    Governor* governor = nullptr;  // null for admit and control
    bool tells = false;            // the reply may tell of the state
    bool decides = false;          // an entry was taken up: it may be done
    bool admit() const { return topic.name.empty() && topic.type == "admit"; }
    bool control() const { return topic.channel == Channel::control; }
};

}  // namespace flyball
