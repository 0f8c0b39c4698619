#pragma once
// Whether a peer keeps the rule: before anything is measured, since refusing nothing is fast.

#include <cstdint>

#include "tests/bench/peers/question.h"

namespace flyball::bench {

// Takes all that the checked tenant has, asks once more, and another tenant then. A node is told of
// the checked tenant's limit first. Throws std::runtime_error with a sentence.
void check_rule(std::uint16_t port, const QuotaRule& rule, bool is_node);

}  // namespace flyball::bench
