#include "tests/unit/governors/quota_desk.h"

#include <gtest/gtest.h>

namespace flyball {

namespace {

std::uint8_t op_number(const Quota& quota, std::string_view name) {
    const auto ops = quota.ops();
    for (std::size_t at = 0; at < ops.size(); ++at) {
        if (ops[at].name == name) {
            return static_cast<std::uint8_t>(at);
        }
    }
    ADD_FAILURE() << "no op " << name;
    return 0;
}

}  // namespace

Tree rule(const char* algorithm, std::int64_t limit, const char* window) {
    return Tree::Map{{"algorithm", algorithm}, {"limit", limit}, {"window", window}};
}

Tree gauge(std::int64_t limit) {
    return Tree::Map{{"algorithm", "gauge"}, {"limit", limit}};
}

Tree bucket(std::int64_t limit, const char* window, std::int64_t burst) {
    Tree tree = rule("bucket", limit, window);
    (*tree.map())["burst"] = burst;
    return tree;
}

QuotaDesk::QuotaDesk(Tree::Map resources) {
    configure(std::move(resources), 0);
}

std::vector<std::string> QuotaDesk::configure(Tree::Map resources, std::int64_t ms) {
    auto restarted =
        quota.configure(Tree::Map{{"resources", std::move(resources)}}, instant_from_ms(ms));
    EXPECT_TRUE(restarted.has_value()) << restarted.error().message;
    return restarted.value_or(std::vector<std::string>());
}

QuotaAnswer QuotaDesk::ask(std::int64_t ms, std::string_view request, TenantIndex tenant) {
    Decoder decoder;
    const Payload payload = decoder.decode(request);
    EXPECT_TRUE(payload.good()) << request;
    Request parsed;
    read_request(*payload.root, payload.encoding, parsed);
    Command command;
    command.op = op_number(quota, parsed.op);
    FieldReader fields(parsed.own, payload.encoding);
    quota.read(command, fields);

    QuotaAnswer answer;
    answer.look = command.look;
    effect.clear();
    if (fields.fault()) {
        answer.reason = fields.fault().reason;
        answer.field = fields.fault().field;
        return answer;
    }
    const Case asked{.command = command, .tenant = tenant, .now = instant_from_ms(ms)};
    const Judgement judgement = quota.judge(asked, effect);
    if (!effect.empty()) {
        EXPECT_TRUE(quota.apply(tenant, effect.after()));
    }
    Writer writer;
    writer.restart(Encoding::json);
    writer.begin_map();
    quota.write(writer, asked, &judgement);
    writer.end_map();
    answer.verdict = judgement.verdict;
    answer.reason = judgement.reason;
    answer.field = judgement.field;
    answer.keys = writer.bytes();
    answer.state = quota.state(asked);
    EXPECT_TRUE(judgement.state.empty() || judgement.state == answer.state) << request;
    answer.retry_after_ms = judgement.retry_after_ms;
    answer.granted = judgement.granted;
    answer.amount = judgement.amount;
    if (effect.announced() > 0) {
        answer.event = effect.announcement(0).kind;
    }
    return answer;
}

std::string QuotaDesk::image(TenantIndex tenants) const {
    std::string all;
    for (TenantIndex tenant = 0; tenant < tenants; ++tenant) {
        all += "tenant " + std::to_string(tenant) + ":";
        quota.walk(tenant, [&](std::span<const std::byte> bytes) {
            all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
    }
    return all;
}

}  // namespace flyball
