#pragma once
// What can be wrong with an entry before its op is known, in the order of docs/protocol.md: must,
// tenant, op and id. The same for a governor and for admit. Pure.

#include <string_view>

#include "governors/decided.h"

namespace flyball {

// `knows`: whether a name in `must` is known. `tenant`: of the payload, else of the topic. The
// mismatch of both comes later (tenant_fault), behind an id that the op requires.
template <typename Knows>
Fault form_fault(const Request& request, std::string_view tenant, const Knows& knows) {
    const Fault& fault = request.fault;
    const bool must_is_wrong = fault && fault.field.starts_with("must");
    if (request.must != nullptr && !must_is_wrong) {
        const Value* name = request.must->first_child();
        for (std::uint32_t i = 0; i < request.must->count; ++i, name = name->next_sibling()) {
            if (!knows(name->text())) {
                return {Reason::unsupported, name->text(), "a key or feature that this node knows"};
            }
        }
    }
    const bool tenant_is_wrong = fault && fault.field == "tenant";
    if (!must_is_wrong && !tenant_is_wrong && tenant.empty()) {
        return {Reason::missing_field, "tenant", "a string of 1 to 64 bytes"};
    }
    return fault;
}

inline Fault tenant_fault(const Occasion& occasion, std::string_view tenant) {
    if (occasion.on_tenant_topic && tenant != occasion.topic_tenant) {
        return {Reason::tenant_mismatch, "tenant", "the tenant of the topic, or no tenant at all"};
    }
    return {};
}

inline Fault missing_id() {
    return {Reason::missing_field, "id", "a new text or unsigned integer for each intended effect"};
}

}  // namespace flyball
