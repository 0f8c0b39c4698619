#pragma once
// What a rule's governor is asked, as a message like any client's, on the tenant's own request
// topic: it needs no `tenant` in its payload and works with tenant_topics_only. One thread.
// Allocates nothing once its topic has grown.

#include <cstdint>
#include <string>
#include <string_view>

#include "node/govern_rule.h"
#include "schemas/message.h"
#include "schemas/topic.h"

namespace flyball {

class GovernRequest {
public:
    // In full and without effect, to see what the governor would say; or in brief and for good.
    enum class Kind : std::uint8_t { trial, real };
    GovernRequest(const Root& root, const GovernRule& rule, Kind kind);

    // The request of `units`, messages or bytes, for a valid tenant. The message views this object
    // and holds until the next call.
    Message of(std::string_view tenant, std::uint64_t units);

private:
    Root root_;
    std::string type_, name_;
    bool counts_bytes_;
    std::string payload_;  // with counts_bytes_ its last eight bytes are their number
    std::string topic_;
};

}  // namespace flyball
