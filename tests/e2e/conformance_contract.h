#pragma once
// What the protocol names, for the conformance run: written down from docs/protocol.md's text, not
// taken from the program. Constant data.

#include <span>
#include <string_view>

namespace flyball::testing {

enum class Mark : char { request = 'R', admin = 'A', node = 'C' };

struct ContractOp {
    std::string_view type;  // a governor's type, "admit" or "control"
    std::string_view name;
    Mark mark;
};
struct ContractName {
    std::string_view type;  // "error" for the reasons that all share; "" for events
    std::string_view name;
};

std::span<const ContractOp> contract_ops();
// Those of `error`, and by type those of `deny`.
std::span<const ContractName> contract_reasons();
std::span<const ContractName> contract_states();
std::span<const ContractName> contract_events();

bool names(std::span<const ContractName> list, std::string_view type, std::string_view name);
const ContractOp* find_contract_op(std::string_view type, std::string_view name);

}  // namespace flyball::testing
