#pragma once
// toml++ as all of us include it: header only, without exceptions, streams and writers, which is
// all that is needed of it. In one place, because two ways of it in one program are two libraries.

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// A key that begins with a wrong character is an error that it reports; before that it asserts, or,
// with NDEBUG, has the compiler assume that there is none (found by config_fuzz).
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")
