#pragma once
// What a node is called when nobody named it. Pure.

#include <string>
#include <string_view>

namespace flyball {

// The host name up to its first dot, lower-cased, other characters as "-"; names that many machines
// share (raspberrypi, localhost, debian, none) are told apart by six digits of the machine id's
// hash.
std::string default_node_name(std::string_view host_name, std::string_view machine_id);

}  // namespace flyball
