#pragma once
// What bars of the hostile suites allow for where they do not run alone on a quiet machine: in
// every run they are built with a sanitizer and share two cores with other suites; `tools/torture`
// builds them as they are on a device, and there they are what docs/threats.md says.

namespace flyball::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool measures_truly = false;
#else
inline constexpr bool measures_truly = true;
#endif

// So many times as long may everything take that is judged by a clock.
inline constexpr int slack = measures_truly ? 1 : 4;

}  // namespace flyball::testing
