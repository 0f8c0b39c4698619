#pragma once
// One question to a node's `control`, for the verbs that ask it on somebody's behalf; and what to
// tell whoever asked a node in vain. Main thread.

#include <optional>
#include <string_view>

#include "fleet/bus.h"
#include "fleet/exit.h"
#include "fleet/node_name.h"

namespace flyball {

// The reply of an op that was done; else why not has been told, and `exit` says so. `extra`: the
// node takes this long by itself.
std::optional<Json> ask_control(Bus& bus, const BusOptions& options, const NodeName& node,
                                Json request, Span extra, Exit& exit);

// No answer came on `topic` within `waited`: what is known of the node, from the health that the
// broker keeps.
Exit tell_of_silence(const BusOptions& options, const NodeName& node, std::string_view topic,
                     Span waited);

}  // namespace flyball
