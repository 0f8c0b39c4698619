#pragma once
// A reply as a person reads it: the decision first, then every other key in a two-column table,
// known or not. Pure. Any thread.

#include <string>

#include "fleet/exit.h"
#include "fleet/render.h"

namespace flyball {

Exit exit_of_reply(const Json& reply);
// The worst of a batch, or of one reply.
Exit exit_of_replies(const Json& replies);

// "deny  quota_exceeded  eu-west..."; without the end of the line.
std::string decision_text(const Json& reply, const Style& style);
std::string reply_text(const Json& reply, const Style& style);
// The table alone: every key of any map.
std::string details_text(const Json& map, const Style& style);
// One line an entry, and a count of each decision at the end.
std::string batch_text(const Json& replies, const Style& style);

// What the asker may do about an error; empty when there is nothing to add. `request` is what was
// sent, `type` the governor's type or "admit" or "control".
std::string hint_for(const Json& reply, const Json& request, std::string_view type);

}  // namespace flyball
