// flyball-node: the daemon on a device.

#include <string_view>

#include "node/fork_server.h"
#include "node/inspect/state_command.h"
#include "node/program.h"

int main(int argc, char** argv) {
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (first == "state") {
        return flyball::run_state_command({argv + 2, argv + argc});
    }
    if (first == "--fork-server") {
        return flyball::run_fork_server({argv + 2, argv + argc});
    }
    return flyball::run_node(argc, argv);
}
