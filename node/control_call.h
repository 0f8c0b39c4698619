#pragma once
// One op of `control` on its way: what was asked, and the reply as it grows. Valid for one call.

#include <string>
#include <string_view>

#include "node/control.h"
#include "schemas/fields.h"
#include "schemas/reply.h"
#include "schemas/writer.h"

namespace flyball {

struct Control::Call {
    FieldReader fields;
    Reply& reply;
    Writer& writer;
    const ControlDesk::Call& asked;
    std::string words{};   // what `reply` points to when it was put together here
    bool answered = true;  // false: the reply comes later
    bool read = false;     // the op's fields: before that none is known to be ignored

    Instant now() const { return asked.now; }
    bool done_in_earnest() const { return !reply.dry_run; }
    void fail(Reason reason, std::string_view field, std::string_view expected) {
        fields.fail(reason, field, expected);
    }
    // A sentence that begins with the key that is wrong ("limit: must be ...").
    void fail_by_key(std::string_view prefix, const std::string& sentence);
    // Opens the reply of an op that was done; its own keys follow unless the reply is brief.
    void open() {
        if (read) {
            reply.ignored = fields.fields().ignored();
        }
        open_reply(writer, reply);
    }
    // A governor's title in the field `governor`; null after a fault, or when it was left out and
    // may be.
    Governor* governor(const Registry& registry, bool required);
};

}  // namespace flyball
