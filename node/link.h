#pragma once
// How a node's settings become its MQTT connection: client id, filters, files, bounds.

#include "node/settings.h"
#include "transport/paho.h"

namespace flyball {

PahoOptions link_options(const NodeSettings& settings);

}  // namespace flyball
