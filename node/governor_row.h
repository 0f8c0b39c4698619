#pragma once
// One governor's row, the same in health and in control's `list`.

#include "governors/governor.h"
#include "schemas/writer.h"

namespace flyball {

void write_governor_row(Writer& writer, const Governor& governor, Instant now);
// One decision of its history; `tenant` is empty when it was forgotten.
void write_past_event(Writer& writer, const PastEvent& event, std::string_view tenant);

}  // namespace flyball
