#pragma once
// Whether the bug of this number is planted right now. Included first in the sources that plant.py
// has made; production sources know nothing of it.

namespace flyball::sim {

bool planted(int number);
void plant(int number);  // 0: none

}  // namespace flyball::sim

namespace flyball {

using sim::planted;

}  // namespace flyball
