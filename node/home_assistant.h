#pragma once
// What Home Assistant is told so that it shows this node as a device: one retained message, its
// discovery of devices (docs/home-assistant.md), whose templates read the node's health. Off unless
// configured. The thread that owns the engine.

#include <string>

#include "node/settings.h"
#include "schemas/writer.h"
#include "transport/transport.h"

namespace flyball {

// <prefix>/device/<id>/config. The id is unique for a root: region and node in words, and a hash,
// because each of them may have the character between them.
std::string home_assistant_topic(const HomeAssistantSettings& settings, const Root& root);

// The message, as JSON.
void write_home_assistant_device(Writer& writer, const Root& root, Span health_interval);

// Publishes it, or takes away what an earlier configuration has published: `announced` is the topic
// of that, empty when there is none. True: it is another one now, which a restart has to know.
bool announce_to_home_assistant(Transport& transport, const NodeSettings& settings,
                                std::string& announced);

}  // namespace flyball
