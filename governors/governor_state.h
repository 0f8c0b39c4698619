#pragma once
// A governor as bytes: everything but its configuration, for a snapshot; and changes of an earlier
// run put in place again. The same bytes on every machine. Pure; one thread at a time.

#include <cstddef>
#include <span>

#include "governors/change.h"
#include "governors/governor.h"
#include "schemas/byte_buffer.h"
#include "schemas/result.h"

namespace flyball {

class GovernorState {
public:
    // Puts a recorded change in place: image, history, id, number. Raises and records nothing.
    // False: it does not fit this type, and what it touched is not to be trusted.
    static bool apply(Governor& governor, const Change& change);
    // After an end that may have lost records: goes on from the numbers reserved on disk.
    static void skip_reserved(Governor& governor);
};

}  // namespace flyball
