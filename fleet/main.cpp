// flyball: the operator's tool.

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "fleet/tool.h"

int main(int argc, char** argv) {
    using namespace flyball;
    try {
        Tool tool;
        return static_cast<int>(tool.run(argc, argv));
    } catch (const std::exception& error) {
        fmt::print(stderr, "flyball: internal error: {}\n", error.what());
        return static_cast<int>(Exit::internal);
    }
}
