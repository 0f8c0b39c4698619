#include "node/default_name.h"

#include "node/policy_rev.h"
#include "schemas/limits.h"

namespace flyball {

std::string default_node_name(std::string_view host_name, std::string_view machine_id) {
    std::string name;
    for (char c : host_name.substr(0, host_name.find('.'))) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
        const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        name += allowed ? c : '-';
    }
    if (name.size() > name_bytes_max) {
        name.resize(name_bytes_max);
    }
    if (name.empty() || name == "raspberrypi" || name == "localhost" || name == "debian") {
        name += "-" + sha256_hex("flyball" + std::string(machine_id), 6);
    }
    // A name begins with a letter or digit: a nameless host is its six digits alone.
    name.erase(0, name.find_first_not_of("-_"));
    return name.empty() ? default_node_name("", machine_id) : name;
}

}  // namespace flyball
