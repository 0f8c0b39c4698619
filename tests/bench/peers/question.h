#pragma once
// The one question that every peer is asked: a quota check as a msgpack map {tenant, id, hits}, and
// what of the answer counts: {id, decision, remaining}. The same bytes go to all of them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flyball::bench {

// So much per tenant; one tenant has a limit that a check reaches.
struct QuotaRule {
    std::int64_t limit = 1'000'000;
    std::int64_t window_ms = 3'600'000;
    std::string checked_tenant = "checked";
    std::int64_t checked_limit = 3;
};

// Where the question is asked: a node's own topic, for the others too, so that the broker's part is
// the same.
constexpr std::string_view request_topic = "flyball/v1/bench/one/quota/main/request";

// Replaces `payload`; `tenant` is at most 31 bytes long.
void write_question(std::string& payload, std::string_view tenant, std::uint32_t id);

struct Answer {
    std::uint64_t id = 0;
    std::string decision;
    std::int64_t remaining = -1;
};
// Throws std::runtime_error when the three are not there.
Answer read_answer(std::string_view payload);

// Questions of a hundred tenants in turn, each with an id of its own.
class Questions {
public:
    static constexpr std::size_t tenant_count = 100;
    Questions();
    void next(std::string& payload);

private:
    std::vector<std::string> tenants_;
    std::uint32_t id_ = 1000;  // below: the check's
};

}  // namespace flyball::bench
