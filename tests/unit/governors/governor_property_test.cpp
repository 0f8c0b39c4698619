// What holds for every sequence of requests: the same log gives the same bytes, either encoding
// means the same, and whatever is not granted leaves the levels alone.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/governors/asked_quota.h"

namespace flyball {
namespace {

constexpr std::array<const char*, 4> tenants = {"a", "b", "c", "d"};
constexpr std::array<const char*, 5> resources = {"api_calls", "tokens", "slide", "disk", "none"};

struct Step {
    Json request;
    bool admin = false;
    Span pause{0};
};

template <typename Array>
rc::Gen<Json> one_of(const Array& names) {
    return rc::gen::map(rc::gen::elementOf(std::vector<std::string>(names.begin(), names.end())),
                        [](const std::string& name) { return Json(name); });
}

rc::Gen<Json> any_hits() {
    return rc::gen::map(
        rc::gen::weightedOneOf<int>(
            {{8, rc::gen::inRange(0, 6)}, {2, rc::gen::inRange(6, 120)}, {1, rc::gen::just(-1)}}),
        [](int hits) { return Json(hits); });
}

Json any_op(const std::string& op) {
    Json request = {{"op", op}};
    if (op == "set_limit") {
        request["limit"] = *rc::gen::inRange(-2, 40);
    } else if (op == "set") {
        request["value"] = *rc::gen::inRange(0, 80);
    } else if (op != "get" && op != "reset" && op != "forget") {
        request["hits"] = *any_hits();
    }
    if (op == "check" && *rc::gen::inRange(0, 4) == 0) {
        request["partial"] = true;
    }
    return request;
}

rc::Gen<Step> any_step() {
    return rc::gen::exec([] {
        static const std::vector<std::string> ops = {"check", "check",     "check", "check",
                                                     "get",   "release",   "set",   "refund",
                                                     "reset", "set_limit", "fly",   "forget"};
        Step step;
        step.request = any_op(*rc::gen::elementOf(ops));
        step.request["tenant"] = *one_of(tenants);
        if (step.request.at("op") != "forget") {
            step.request["resource"] = *one_of(resources);
        }
        if (*rc::gen::inRange(0, 2) == 0) {
            step.request["id"] = *rc::gen::inRange(0, 12);
        }
        if (*rc::gen::inRange(0, 8) == 0) {
            step.request["dry_run"] = true;
        }
        if (*rc::gen::inRange(0, 8) == 0) {
            step.request["brief"] = true;
        }
        step.admin = *rc::gen::inRange(0, 4) != 0;
        step.pause = Span{*rc::gen::elementOf(std::vector<int>{0, 0, 1, 250, 1000, 9'999, 61'000})};
        return step;
    });
}

Tree::Map any_config() {
    Tree::Map config = {{"max_tenants", *rc::gen::inRange(2, 6)},
                        {"auto_enroll", *rc::gen::arbitrary<bool>()},
                        {"ring", Tree::Map{{"capacity", *rc::gen::inRange(1, 9)}}},
                        {"ids", Tree::Map{{"capacity", *rc::gen::inRange(1, 9)}}}};
    if (*rc::gen::arbitrary<bool>()) {
        config["mode"] = "observe";
    }
    if (*rc::gen::arbitrary<bool>()) {
        config["id_window"] = "5s";
    }
    return config;
}

std::vector<Step> any_log() {
    return *rc::gen::container<std::vector<Step>>(any_step());
}

std::string msgpack(const Json& request) {
    const std::vector<std::uint8_t> bytes = Json::to_msgpack(request);
    return {bytes.begin(), bytes.end()};
}

Json every_level(AskedQuota& quota) {
    Json all;
    for (const char* tenant : tenants) {
        all[tenant] = quota.levels(tenant);
    }
    return all;
}

RC_GTEST_PROP(GovernorLog, GivesTheSameBytesWhenItIsReplayed, ()) {
    const Tree::Map config = any_config();
    const std::vector<Step> log = any_log();
    AskedQuota first(config, 1);
    AskedQuota second(config, 2);
    for (const Step& step : log) {
        first.pass(step.pause);
        second.pass(step.pause);
        const std::string payload = step.request.dump();
        RC_ASSERT(first.reply_bytes(payload, {.admin = step.admin}) ==
                  second.reply_bytes(payload, {.admin = step.admin}));
    }
}

RC_GTEST_PROP(GovernorLog, MeansTheSameInEitherEncoding, ()) {
    const Tree::Map config = any_config();
    const std::vector<Step> log = any_log();
    AskedQuota spoken(config);
    AskedQuota packed(config);
    for (const Step& step : log) {
        spoken.pass(step.pause);
        packed.pass(step.pause);
        const Json as_json =
            Json::parse(spoken.reply_bytes(step.request.dump(), {.admin = step.admin}));
        const Json as_msgpack =
            Json::from_msgpack(packed.reply_bytes(msgpack(step.request), {.admin = step.admin}));
        RC_ASSERT(as_json == as_msgpack);
    }
}

RC_GTEST_PROP(GovernorLog, ChangesLevelsOnlyByWhatIsGranted, ()) {
    const std::vector<Step> log = any_log();
    AskedQuota quota(any_config());
    for (const Step& step : log) {
        quota.pass(step.pause);
        const Json before = every_level(quota);
        const Json reply =
            Json::parse(quota.reply_bytes(step.request.dump(), {.admin = step.admin}));
        const bool effective = reply.at("allowed") == true && !reply.contains("would") &&
                               !reply.contains("replayed") && !reply.contains("dry_run") &&
                               step.request.at("op") != "get";
        if (!effective) {
            RC_ASSERT(every_level(quota) == before);
        }
    }
}

RC_GTEST_PROP(GovernorLog, NeverNumbersTwoDecisionsAlike, ()) {
    const std::vector<Step> log = any_log();
    AskedQuota quota(any_config());
    std::uint64_t last = 0;
    for (const Step& step : log) {
        quota.pass(step.pause);
        const Json reply =
            Json::parse(quota.reply_bytes(step.request.dump(), {.admin = step.admin}));
        if (reply.at("decision") == "error") {
            RC_ASSERT(!reply.contains("seq"));
        } else if (reply.contains("replayed")) {
            RC_ASSERT(reply.at("seq").get<std::uint64_t>() <= last);
        } else {
            RC_ASSERT(reply.at("seq").get<std::uint64_t>() > last);
            last = reply.at("seq").get<std::uint64_t>();
        }
    }
}

// The model keeps every id for ever; the ring is large enough to do the same.
RC_GTEST_PROP(GovernorLog, AnswersARepeatedIdAsItDidTheFirstTime, ()) {
    const std::vector<Step> log = any_log();
    AskedQuota quota(Tree::Map{{"ids", Tree::Map{{"capacity", 4096}}}});
    std::map<std::pair<Json, Json>, Json> answers;
    for (const Step& step : log) {
        quota.pass(step.pause);
        const Json reply =
            Json::parse(quota.reply_bytes(step.request.dump(), {.admin = step.admin}));
        const bool looks = step.request.at("op") == "get" || step.request.value("hits", 1) == 0;
        if (!step.request.contains("id") || step.request.contains("dry_run") || looks ||
            reply.at("decision") == "error") {
            continue;
        }
        const auto key = std::make_pair(step.request.at("tenant"), step.request.at("id"));
        const auto known = answers.find(key);
        RC_ASSERT((known != answers.end()) == reply.contains("replayed"));
        if (known != answers.end()) {
            for (const char* what : {"decision", "reason", "seq", "granted"}) {
                RC_ASSERT(reply.value(what, Json()) == known->second.value(what, Json()));
            }
        } else if (!reply.contains("retry_after_ms")) {
            answers.emplace(key, reply);
        }
    }
}

}  // namespace
}  // namespace flyball
