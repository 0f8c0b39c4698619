#pragma once
// What a conformance run has seen of what the protocol names, by encoding: one table at its end. A
// name that the protocol does not have fails the test that sees it. One thread.

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "tests/e2e/conformance_contract.h"

namespace flyball::testing {

using Json = nlohmann::json;

enum class Wire : char { json, msgpack };
inline constexpr Wire wires[] = {Wire::json, Wire::msgpack};
std::string_view text_of(Wire wire);
std::string bytes_of(const Json& document, Wire wire);
Json document_of(std::string_view bytes, Wire wire);

class ConformanceRecord {
public:
    // A reply to `op` of `type` ("" when it was none): what every reply has to be like, and its
    // op, reason and state.
    void reply(std::string_view type, std::string_view op, const Json& reply, Wire wire);
    void event(const Json& event, Wire asked_in);
    // Prints the table; fails the running test for every name that was not seen in both encodings.
    void finish(bool complete) const;

private:
    using Seen = std::map<std::string, std::set<Wire>>;
    static std::string key(std::string_view type, std::string_view name);
    Seen ops_, reasons_, states_, events_;
};

}  // namespace flyball::testing
