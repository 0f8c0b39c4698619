#pragma once
// A quota that is asked in JSON, the way a caller would, without a governor around it: what is
// decided is applied at once.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governors/quota.h"

namespace flyball {

struct QuotaAnswer {
    Verdict verdict = Verdict::error;
    Reason reason = Reason::none;
    std::string field;
    std::string keys;  // the type's own keys as JSON
    std::string state;
    std::optional<std::int64_t> retry_after_ms;
    std::optional<std::int64_t> granted;
    std::int64_t amount = 0;
    bool look = false;
    std::optional<EventKind> event;
    bool operator==(const QuotaAnswer&) const = default;
};

class QuotaDesk {
public:
    // `resources`: JSON-like, e.g. {{"api_calls", rule("fixed", 10, "1m")}}.
    explicit QuotaDesk(Tree::Map resources = {});

    // "{}" is a check of one hit of api_calls.
    QuotaAnswer ask(std::int64_t ms, std::string_view request, TenantIndex tenant = 0);
    QuotaAnswer get(std::int64_t ms, TenantIndex tenant = 0) {
        return ask(ms, R"({"op":"get"})", tenant);
    }
    std::vector<std::string> configure(Tree::Map resources, std::int64_t ms);
    // Every tenant's images, one after the other.
    std::string image(TenantIndex tenants = 4) const;

    Quota quota;
    Effect effect;  // of the last ask
};

Tree rule(const char* algorithm, std::int64_t limit, const char* window);
Tree gauge(std::int64_t limit);
Tree bucket(std::int64_t limit, const char* window, std::int64_t burst);

}  // namespace flyball
