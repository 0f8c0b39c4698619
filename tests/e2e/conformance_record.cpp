#include "tests/e2e/conformance_record.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <vector>

namespace flyball::testing {

namespace {

bool is_type(std::string_view type) {
    return type != "admit" && type != "control";
}

// Of any type: what an admit may be denied for.
bool any_type_denies(std::string_view reason) {
    for (const ContractName& name : contract_reasons()) {
        if (name.type != "error" && name.name == reason) {
            return true;
        }
    }
    return false;
}

std::string text_at(const Json& map, const char* key) {
    return map.value(key, std::string());
}

// What holds for every reply that is not brief, whatever was asked.
void expect_form(const Json& reply) {
    const std::string decision = text_at(reply, "decision");
    const bool allowed = decision == "allow" || decision == "ok";
    EXPECT_TRUE(allowed || decision == "deny" || decision == "error") << reply;
    EXPECT_EQ(reply.at("allowed"), allowed) << reply;
    EXPECT_TRUE(reply.contains("governor")) << reply;
    if (decision == "error") {
        EXPECT_FALSE(text_at(reply, "message").empty()) << reply;
        EXPECT_FALSE(reply.contains("seq")) << reply;
        EXPECT_FALSE(reply.contains("state")) << reply;
    } else {
        EXPECT_TRUE(reply.contains("at")) << reply;
        EXPECT_EQ(reply.contains("seq"), reply.at("governor") != "node") << reply;
    }
    if (decision == "error" || decision == "deny") {
        EXPECT_FALSE(text_at(reply, "reason").empty()) << reply;
    }
    EXPECT_EQ(reply.contains("policy_rev"), decision == "deny") << reply;
    EXPECT_FALSE(reply.contains("ignored")) << reply;
}

}  // namespace

std::string_view text_of(Wire wire) {
    return wire == Wire::json ? "json" : "msgpack";
}

std::string bytes_of(const Json& document, Wire wire) {
    if (wire == Wire::json) {
        return document.dump();
    }
    const std::vector<std::uint8_t> bytes = Json::to_msgpack(document);
    return {bytes.begin(), bytes.end()};
}

Json document_of(std::string_view bytes, Wire wire) {
    return wire == Wire::json ? Json::parse(bytes) : Json::from_msgpack(bytes);
}

std::string ConformanceRecord::key(std::string_view type, std::string_view name) {
    return fmt::format("{:<13}{}", type, name);
}

void ConformanceRecord::reply(std::string_view type, std::string_view op, const Json& reply,
                              Wire wire) {
    expect_form(reply);
    const std::string decision = text_at(reply, "decision");
    const std::string reason = text_at(reply, "reason");
    if (decision != "error" && find_contract_op(type, op) != nullptr) {
        ops_[key(type, op)].insert(wire);
    }
    if (decision == "error") {
        EXPECT_TRUE(names(contract_reasons(), "error", reason)) << reply;
        reasons_[key("error", reason)].insert(wire);
    } else if (!reason.empty() && is_type(type)) {
        EXPECT_TRUE(names(contract_reasons(), type, reason)) << reply;
        reasons_[key(type, reason)].insert(wire);
    } else if (!reason.empty()) {
        EXPECT_TRUE(any_type_denies(reason)) << reply;
    }
    if (const std::string state = text_at(reply, "state"); !state.empty()) {
        EXPECT_TRUE(names(contract_states(), type, state)) << reply;
        states_[key(type, state)].insert(wire);
    }
}

void ConformanceRecord::event(const Json& event, Wire asked_in) {
    const std::string kind = text_at(event, "event");
    EXPECT_TRUE(names(contract_events(), "", kind)) << event;
    for (const char* required : {"n", "governor", "at"}) {
        EXPECT_TRUE(event.contains(required)) << required << " " << event;
    }
    events_[key("", kind)].insert(asked_in);
}

void ConformanceRecord::finish(bool complete) const {
    const auto table = [&](const char* what, const auto& wanted, const Seen& seen) {
        std::size_t both = 0;
        for (const auto& one : wanted) {
            const std::string name = key(one.type, one.name);
            const auto found = seen.find(name);
            const auto has = [&](Wire wire) {
                return found != seen.end() && found->second.contains(wire);
            };
            const bool all = has(Wire::json) && has(Wire::msgpack);
            both += all ? 1 : 0;
            fmt::print("{:<7} {:<32} {:<5} {}\n", what, name, has(Wire::json) ? "json" : "-",
                       has(Wire::msgpack) ? "msgpack" : "-");
            EXPECT_TRUE(all || !complete)
                << what << " " << name << " was not seen in both encodings";
        }
        return fmt::format("{}s {} of {}", what, both, wanted.size());
    };
    fmt::print("\n{:<7} {:<32} {}\n", "", "name", "seen in");
    const std::string ops = table("op", contract_ops(), ops_);
    const std::string reasons = table("reason", contract_reasons(), reasons_);
    const std::string states = table("state", contract_states(), states_);
    const std::string events = table("event", contract_events(), events_);
    fmt::print("{}, {}, {}, {}, in both encodings\n", ops, reasons, states, events);
}

}  // namespace flyball::testing
