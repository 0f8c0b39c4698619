#pragma once
// How much may wait on its way into a node and out of it, and what becomes of that when there is no
// memory for it: it is as if it had got lost, and counted.

#include <algorithm>
#include <cstddef>
#include <new>

#include "node/engine.h"
#include "node/refusals.h"
#include "schemas/limits.h"
#include "transport/inbox.h"
#include "transport/transport.h"

namespace flyball {

// At least two of the largest messages that are taken; not the last memory of the process, which
// whoever decides and the MQTT library need.
inline Inbox::Limits inbox_limits(const Limits& limits) {
    constexpr std::size_t of_others = std::size_t{4} << 20U;
    Inbox::Limits inbox{.messages_max = limits.inbox, .leaves_bytes = of_others};
    inbox.bytes_max = std::max(inbox.bytes_max, 2 * limits.payload_bytes);
    return inbox;
}

// Of batches inside one another, each let in by the one around it.
inline std::size_t replies_under_way_bytes(const Limits& limits) {
    return Engine::depth_max * longest_reply_bytes(limits);
}

inline void publish_reply(Transport& transport, const Message& reply, Refusals& refusals) {
    const Publish published = transport.publish(reply);
    if (published == Publish::full || published == Publish::failed) [[unlikely]] {
        refusals.count();
    }
}

// The oldest that waits; those that there is no memory for are dropped and counted, a report of the
// node's own among them: then another node of its name is noticed with the next one.
inline bool take(Inbox& inbox, Inbox::Waiting& into, Refusals& refusals) {
    while (true) {
        try {
            return inbox.take_one(into);
        } catch (const std::bad_alloc&) {
            inbox.drop_one();
            refusals.count();
        }
    }
}

// Of those that nobody will decide any more: `each` hears of them. Any thread, also several.
template <typename Each>
void take_all(Inbox& inbox, Refusals& refusals, const Each& each) {
    for (Inbox::Waiting waiting; take(inbox, waiting, refusals);) {
        each(waiting.message);
    }
}

}  // namespace flyball
