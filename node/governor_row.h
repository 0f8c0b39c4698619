#pragma once
// One governor's row, the same in health and in control's `list`.

#include "governors/governor.h"
#include "schemas/writer.h"

namespace flyball {

void write_governor_row(Writer& writer, const Governor& governor, Instant now);

}  // namespace flyball
