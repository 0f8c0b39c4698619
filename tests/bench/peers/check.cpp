#include "tests/bench/peers/check.h"

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/bench/echo/wire.h"

namespace flyball::bench {
namespace {

constexpr int patience_us = 5'000'000;
constexpr std::string_view reply_topic = "bench/reply/check";
constexpr std::string_view admin_topic = "flyball/v1/bench/one/quota/main/admin";

class Asker {
public:
    explicit Asker(std::uint16_t port) : client_(port, "check") {
        client_.subscribe(reply_topic, 1);
    }

    std::string_view ask(std::string_view topic, std::string_view payload) {
        const std::string correlation = std::to_string(++asked_);
        client_.queue({topic, payload, reply_topic, correlation, 0});
        client_.flush();
        const auto delivery = client_.next(patience_us);
        if (!delivery || delivery->correlation != correlation) {
            throw std::runtime_error("an answer is missing, or has another Correlation Data");
        }
        return delivery->payload;
    }

    void expect(std::string_view tenant, std::string_view decision, std::int64_t remaining) {
        const auto id = static_cast<std::uint32_t>(asked_ + 1);
        std::string question;
        write_question(question, tenant, id);
        const Answer answer = read_answer(ask(request_topic, question));
        if (answer.id != id || answer.decision != decision || answer.remaining != remaining) {
            throw std::runtime_error(fmt::format(
                "asked for {} with the id {}, it said {} of {} with {} left; right is {} with {}",
                tenant, id, answer.decision, answer.id, answer.remaining, decision, remaining));
        }
    }

private:
    WireClient client_;
    std::uint64_t asked_ = 0;
};

}  // namespace

void check_rule(std::uint16_t port, const QuotaRule& rule, bool is_node) {
    Asker asker(port);
    if (is_node) {
        const std::string told = fmt::format(R"({{"tenant":"{}","op":"set_limit","limit":{}}})",
                                             rule.checked_tenant, rule.checked_limit);
        if (asker.ask(admin_topic, told).find(R"("ok")") == std::string_view::npos) {
            throw std::runtime_error("the node did not take the checked tenant's limit");
        }
    }
    for (std::int64_t left = rule.checked_limit; left > 0; --left) {
        asker.expect(rule.checked_tenant, "allow", left - 1);
    }
    asker.expect(rule.checked_tenant, "deny", 0);
    asker.expect("another", "allow", rule.limit - 1);
}

}  // namespace flyball::bench
