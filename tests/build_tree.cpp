#include "tests/build_tree.h"

namespace flyball::testing {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::string_view sanitizers = "libasan.so.8 libubsan.so.1";
#elif defined(__SANITIZE_THREAD__)
constexpr std::string_view sanitizers = "libtsan.so.2";
#else
constexpr std::string_view sanitizers;
#endif

std::string below(std::string_view folder, std::string_view path) {
    return std::string(folder).append("/").append(path);
}

}  // namespace

std::string built(std::string_view path) {
    return below(FLYBALL_BUILD_FOLDER, path);
}

std::string source(std::string_view path) {
    return below(FLYBALL_SOURCE_FOLDER, path);
}

std::string node_program() {
    return built("bin/flyball-node");
}

std::string tool_program() {
    return built("bin/flyball");
}

std::string plugin_library() {
    return built("lib/flyball_mosquitto.so");
}

std::vector<std::string> preloaded(std::string_view library) {
    std::vector<std::string> environment;
    if (!sanitizers.empty() || !library.empty()) {
        environment.push_back(
            std::string("LD_PRELOAD=").append(sanitizers).append(" ").append(library));
    }
#ifdef __SANITIZE_ADDRESS__
    environment.emplace_back("ASAN_OPTIONS=detect_leaks=0");
#endif
    return environment;
}

}  // namespace flyball::testing
