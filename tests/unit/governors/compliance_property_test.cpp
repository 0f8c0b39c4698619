// What holds for every sequence of requests: the chain is what a second computation says it is, any
// hand laid on it is found, and what was written down rebuilds the governor.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "tests/unit/governors/audit_oracle.h"

namespace flyball {
namespace {

Json any_value() {
    return *rc::gen::oneOf(
        rc::gen::map(rc::gen::arbitrary<bool>(), [](bool flag) { return Json(flag); }),
        rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t n) { return Json(n); }),
        rc::gen::map(rc::gen::inRange(-200, 200), [](int n) { return Json(n); }),
        rc::gen::map(rc::gen::string<std::string>(), [](std::string text) {
            std::ranges::replace_if(
                text, [](char c) { return static_cast<unsigned char>(c) > 0x7E; }, '~');
            return Json(text);
        }));
}

Json any_attributes() {
    static const std::vector<std::string> names = {"ok", "a", "region", "Z",
                                                   "a-name-of-more-than-"
                                                   "thirty-one-bytes-in-all"};
    Json attributes = Json::object();
    for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
        attributes[*rc::gen::elementOf(names)] = any_value();
    }
    return attributes;
}

Tree::Map any_settings() {
    Tree::Map warning = a_rule("lt", 5);
    warning["severity"] = "warn";
    Tree::List rules = ok_rule();
    warning["id"] = "small";
    rules.emplace_back(warning);
    return {{"rules", rules},
            {"strikes", *rc::gen::inRange(1, 4)},
            {"strike_window", "100ms"},
            {"lockout", *rc::gen::arbitrary<bool>()}};
}

struct Asked {
    std::int64_t ms = 0;
    Json request;
    TenantIndex tenant = 0;
};

std::vector<Asked> any_log(int most = 20) {
    std::vector<Asked> log;
    std::int64_t ms = 1'767'225'600'000;
    for (int left = *rc::gen::inRange(1, most); left > 0; --left) {
        ms += *rc::gen::inRange(0, 60);
        Json request = {{"action", *rc::gen::elementOf(std::vector<std::string>{"store", "x"})}};
        if (*rc::gen::inRange(0, 6) == 0) {
            request["op"] = *rc::gen::elementOf(
                std::vector<std::string>{"remediate", "get", "report", "forget"});
        } else {
            request["attributes"] = any_attributes();
        }
        log.push_back({ms, request, *rc::gen::inRange<TenantIndex>(0, 3)});
    }
    return log;
}

ComplianceAnswer put(ComplianceDesk& desk, const Asked& asked) {
    if (asked.request.value("op", "") == "forget") {
        desk.forget(asked.ms, asked.tenant);
        return {};
    }
    return desk.ask(asked.ms, asked.request, asked.tenant);
}

ChainHead start() {
    Hasher hasher;
    const RulesContext context = ComplianceDesk::some_context();
    return audit_start(hasher, context.instance, context.title);
}

std::optional<std::uint64_t> first_bad(const std::vector<KeptRecord>& chain,
                                       std::optional<ChainHead> kept) {
    AuditVerifier verifier(start(), kept);
    for (const KeptRecord& record : chain) {
        verifier.add(record.bytes, record.hash);
    }
    verifier.finish();
    return verifier.bad_seq();
}

RC_GTEST_PROP(ComplianceChain, IsWhatASecondComputationSays, ()) {
    ComplianceDesk desk(any_settings());
    std::string hash = sha256("flyball-audit-10123456789abcdefcompliance/main");
    for (const Asked& asked : any_log()) {
        const std::size_t before = desk.records.size();
        const ComplianceAnswer answer = put(desk, asked);
        if (desk.records.size() == before) {
            continue;
        }
        const KeptRecord& kept = desk.records.back();
        const std::uint64_t seq = desk.records.size();
        if (!asked.request.contains("op")) {
            const Json expected = expected_check(
                kept, asked.request.at("action").get<std::string>(), asked.ms, seq, answer);
            RC_ASSERT(hex(kept.bytes) == hex(msgpack_of(expected)));
        }
        RC_ASSERT(Json::from_msgpack(kept.bytes).at("seq") == seq);
        hash = sha256(std::string(1, '\0') + hash + kept.bytes);
        RC_ASSERT(text_of(kept.hash) == hash);
        RC_ASSERT(text_of(desk.rules.head()->hash) == hash);
        if (answer.keys.contains("audit")) {
            RC_ASSERT(answer.keys.at("audit") == Json({{"seq", seq}, {"hash", hex(hash)}}));
        }
    }
    RC_ASSERT(!first_bad(desk.records, desk.rules.head()));
}

RC_GTEST_PROP(ComplianceChain, ShowsWhoLaidAHandOnIt, ()) {
    ComplianceDesk desk(any_settings());
    for (const Asked& asked : any_log()) {
        put(desk, asked);
    }
    std::vector<KeptRecord> chain = desk.records;
    RC_PRE(!chain.empty());
    const auto at = *rc::gen::inRange<std::size_t>(0, chain.size());
    const auto place = chain.begin() + static_cast<std::ptrdiff_t>(at);
    const auto bit = static_cast<unsigned char>(1U << *rc::gen::inRange(0U, 8U));
    std::uint64_t expected = at + 1;
    switch (*rc::gen::inRange(0, 5)) {
        case 0: {
            char& byte = place->bytes[*rc::gen::inRange<std::size_t>(0, place->bytes.size())];
            byte = static_cast<char>(static_cast<unsigned char>(byte) ^ bit);
            break;
        }
        case 1: place->hash[*rc::gen::inRange<std::size_t>(0, 32)] ^= std::byte{bit}; break;
        case 2: chain.erase(place); break;
        case 3: {
            const auto other = *rc::gen::inRange<std::size_t>(0, chain.size());
            RC_PRE(other != at);
            std::swap(chain[at], chain[other]);
            expected = std::min(at, other) + 1;
            break;
        }
        default: {
            const KeptRecord copy = chain[*rc::gen::inRange<std::size_t>(0, chain.size())];
            chain.insert(place, copy);
            // One more of the record itself is found behind it.
            expected += copy.bytes == desk.records[at].bytes ? 1U : 0U;
        }
    }
    RC_ASSERT(first_bad(chain, desk.rules.head()) == expected);
}

RC_GTEST_PROP(ComplianceLog, ImagesRebuildTheGovernor, ()) {
    const Tree::Map settings = any_settings();
    ComplianceDesk desk(settings);
    ComplianceDesk journal(settings);  // applies what was decided and never decides
    std::int64_t ms = 0;
    for (const Asked& asked : any_log()) {
        ms = asked.ms;
        desk.pass_time(ms, asked.tenant);
        journal.pass_time(ms, asked.tenant);
        put(desk, asked);
        if (!desk.effect.empty()) {
            RC_ASSERT(journal.rules.apply(asked.tenant, desk.effect.after()));
        }
        if (asked.request.value("op", "") == "forget") {
            journal.rules.erase(asked.tenant);
        }
        RC_ASSERT(journal.image() == desk.image());
        RC_ASSERT(journal.rules.head()->hash == desk.rules.head()->hash);
    }
    ComplianceDesk walked(settings);
    RC_ASSERT(desk.copy_to(walked.rules));
    RC_ASSERT(walked.image() == desk.image());
    RC_ASSERT(walked.rules.head()->hash == desk.rules.head()->hash);
    for (TenantIndex tenant = 0; tenant < 3; ++tenant) {
        RC_ASSERT(walked.rules.due(tenant) == desk.rules.due(tenant));
    }
}

RC_GTEST_PROP(ComplianceLog, TakenBackLeavesTheRecordAlone, ()) {
    ComplianceDesk desk(any_settings());
    const std::vector<Asked> log = any_log();
    for (const Asked& asked : log) {
        put(desk, asked);
    }
    const Asked& last = log.back();
    const std::string before = desk.image();
    const std::size_t records = desk.records.size();
    desk.ask(last.ms, {{"action", "x"}, {"attributes", any_attributes()}}, last.tenant);
    desk.take_back(last.tenant);
    RC_ASSERT(desk.image() == before);
    RC_ASSERT(desk.rules.head()->seq == records + 1);
    RC_ASSERT(!first_bad(desk.records, desk.rules.head()));
}

// Strikes as the protocol tells them, without a sorted list: every denial's instant is kept.
RC_GTEST_PROP(ComplianceLog, StrikesAreThoseOfTheDescription, ()) {
    const int strikes = *rc::gen::inRange(1, 5);
    ComplianceDesk desk({{"rules", ok_rule()}, {"strikes", strikes}, {"strike_window", "100ms"}});
    std::vector<std::int64_t> denials;
    std::int64_t ms = 0;
    for (int left = *rc::gen::inRange(1, 60); left > 0; --left) {
        ms += *rc::gen::elementOf(std::vector<int>{0, 1, 10, 49, 50, 51, 100});
        const bool ok = *rc::gen::inRange(0, 3) == 0;
        const ComplianceAnswer answer =
            desk.ask(ms, {{"action", "x"}, {"attributes", {{"ok", ok}}}});
        if (!ok) {
            denials.push_back(ms);
        }
        const auto recent =
            std::ranges::count_if(denials, [&](std::int64_t denial) { return denial + 100 > ms; });
        RC_ASSERT((answer.state == "non_compliant") == (recent >= strikes));
    }
}

}  // namespace
}  // namespace flyball
