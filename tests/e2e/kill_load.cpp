#include "tests/e2e/kill_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace flyball::testing {

namespace {

constexpr Span answer_wait = std::chrono::seconds(90);  // a node's back-off may come to 60
constexpr Span between_askings{20};
constexpr Span ask_again_after{1000};
constexpr std::uint64_t accounts = 4;
constexpr std::int64_t money = 1'000'000'000;

std::string tenant(std::uint64_t number) {
    return "t" + std::to_string(number);
}

std::int64_t amount_of(const nlohmann::json& request, const char* type) {
    const char* key = std::string(type) == "billing" ? "amount" : "hits";
    if (request.contains(type)) {
        return request.at(type).at(key);
    }
    return request.value(key, std::int64_t{0});
}

}  // namespace

bool KillLoad::is_refused(const Reply& reply) {
    return reply.json.value("reason", "") == "overloaded";
}

KillLoad::KillLoad(BusClient& client, std::string root, std::string replies, std::uint64_t seed)
    : client_(client), root_(std::move(root)), replies_(std::move(replies)), random_(seed) {}

void KillLoad::open_accounts() {
    for (std::uint64_t at = 0; at < accounts; ++at) {
        const std::uint64_t id = ++newest_;
        asked_[id] = {
            .below = "billing/main/admin",
            .request = {{"op", "topup"}, {"tenant", tenant(at)}, {"amount", money}, {"id", id}}};
        open_.insert(id);
        ask(id);
    }
}

KillLoad::Asked KillLoad::make() {
    const std::int64_t hits = static_cast<std::int64_t>(pick(9)) + 1;
    const Json who = tenant(pick(accounts));
    switch (pick(4)) {
        case 0:
            return {.below = "billing/main/request",
                    .request = {{"op", "charge"}, {"tenant", who}, {"amount", hits}}};
        case 1:
            return {.below = "admit/request",
                    .request = {{"tenant", who},
                                {"quota", {{"hits", hits}}},
                                {"billing", {{"amount", hits + 1}}}}};
        case 2:  // too much of it ever to be allowed: a denial is remembered too
            return {.below = "quota/main/request",
                    .request = {{"tenant", who}, {"hits", 2'000'000'000}}};
        default:
            return {.below = "quota/main/request", .request = {{"tenant", who}, {"hits", hits}}};
    }
}

void KillLoad::publish(std::uint64_t id) {
    const Asked& asked = asked_.at(id);
    const std::string topic = root_ + "/" + asked.below;
    const std::string payload = asked.request.dump();
    const std::string correlation = std::to_string(life_) + "-" + std::to_string(id);
    client_.publish({.topic = topic,
                     .payload = payload,
                     .response_topic = replies_,
                     .has_response_topic = true,
                     .correlation_data = correlation});
}

KillLoad::Reply KillLoad::await_any(Span deadline) {
    const auto arrived = client_.await(
        [](const BusClient::Arrived& reply) {
            const std::string& tag = reply.correlation_data;
            return !tag.empty() && tag.front() >= '0' && tag.front() <= '9';
        },
        deadline);
    const std::string& tag = arrived.correlation_data;
    return {.life = std::stoull(tag),
            .id = std::stoull(tag.substr(tag.find('-') + 1)),
            .json = Json::parse(arrived.payload)};
}

// The first answer to a request: whatever it says has to hold from now on. One that was under way
// when the node was killed tells of the life before.
// Refused is what comes while a node stops: it is asked again later, as if nobody had answered.
void KillLoad::take(Reply reply) {
    if (is_refused(reply)) {
        ++refused;
        return;
    }
    if (open_.erase(reply.id) == 0) {
        return;
    }
    Asked& asked = asked_.at(reply.id);
    ASSERT_NE(reply.json.at("decision"), "error") << asked.request << reply.json;
    const auto fresh = seqs_[asked.below].insert(reply.json.at("seq").get<std::int64_t>());
    seq_reused += fresh.second ? 0 : 1;
    asked.answer = std::move(reply.json);
    (reply.life == life_ ? this_life_ : last_life_).push_back(reply.id);
    ++answered;
}

// A node that was just started answers on one topic before it is subscribed to all: what comes in
// between nobody hears.
KillLoad::Json KillLoad::ask(std::uint64_t id) {
    publish(id);
    for (Span waited{0}; waited < answer_wait;) {
        try {
            Reply reply = await_any(ask_again_after);
            const bool wanted = reply.id == id && reply.life == life_ && !is_refused(reply);
            Json json = wanted ? reply.json : Json();
            take(std::move(reply));
            if (wanted) {
                return json;
            }
        } catch (const std::runtime_error&) {
            waited += ask_again_after;
            publish(id);
        }
    }
    throw std::runtime_error("nobody answers " + asked_.at(id).request.dump());
}

std::uint64_t KillLoad::add_new() {
    const std::uint64_t id = ++newest_;
    Asked asked = make();
    asked.request["id"] = id;
    asked_[id] = std::move(asked);
    open_.insert(id);
    return id;
}

void KillLoad::ask_until_answered() {
    const std::uint64_t id = add_new();
    const auto deadline = std::chrono::steady_clock::now() + answer_wait;
    while (open_.contains(id)) {
        publish(id);
        try {
            take(await_any(between_askings));
        } catch (const std::runtime_error&) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nobody answers";
        }
    }
}

void KillLoad::ask_new(std::size_t requests, std::size_t answers) {
    for (std::size_t at = 0; at < requests; ++at) {
        publish(add_new());
    }
    for (std::size_t at = 0; at < answers; ++at) {
        take(await_any(answer_wait));
    }
}

void KillLoad::life_ends() {
    last_life_.insert(last_life_.end(), this_life_.begin(), this_life_.end());
    this_life_.clear();
    ++life_;
}

void KillLoad::settle() {
    for (const std::uint64_t id : std::set<std::uint64_t>(open_)) {
        if (open_.contains(id)) {
            ask(id);
        }
    }
}

void KillLoad::recheck() {
    for (const std::uint64_t id : std::exchange(last_life_, {})) {
        const Json again = ask(id);
        const Json& first = asked_.at(id).answer;
        const bool known = again.value("replayed", false);
        lost += known ? 0 : 1;
        EXPECT_TRUE(known) << asked_.at(id).request << " was " << first << ", is " << again;
        EXPECT_EQ(again.at("seq"), first.at("seq")) << asked_.at(id).request;
        EXPECT_EQ(again.at("decision"), first.at("decision")) << asked_.at(id).request;
        sums_.add(asked_.at(id));
        asked_.erase(id);
    }
}

void KillLoad::recheck_prefix() {
    std::map<std::string, std::int64_t> last_known;
    std::map<std::string, std::int64_t> first_unknown;
    for (const std::uint64_t id : std::exchange(last_life_, {})) {
        const Json first = asked_.at(id).answer;
        const std::string& below = asked_.at(id).below;
        const std::int64_t seq = first.at("seq");
        const Json again = ask(id);
        if (again.value("replayed", false)) {
            EXPECT_EQ(again.at("seq"), seq) << asked_.at(id).request;
            last_known[below] = std::max(last_known[below], seq);
        } else {
            ++lost;
            first_unknown.try_emplace(below, seq);
            first_unknown[below] = std::min(first_unknown[below], seq);
            const auto fresh = seqs_[below].insert(again.at("seq").get<std::int64_t>());
            seq_reused += fresh.second ? 0 : 1;
            asked_.at(id).answer = again;
            this_life_.push_back(id);
        }
    }
    for (const auto& [below, seq] : first_unknown) {
        EXPECT_LT(last_known[below], seq) << below << ": what came later is known, this is not";
    }
}

void KillLoad::Sums::add(const Asked& asked) {
    if (!asked.answer.is_object() || asked.answer.at("decision") != "allow") {
        return;
    }
    const std::string who = asked.request.at("tenant");
    const bool admit = asked.below.starts_with("admit");
    if (admit || asked.below.starts_with("billing")) {
        spent[who] += amount_of(asked.request, "billing");
    }
    if (admit || asked.below.starts_with("quota")) {
        used[who] += amount_of(asked.request, "quota");
    }
}

void KillLoad::check_levels() {
    Sums sums = sums_;
    for (const auto& [id, asked] : asked_) {
        sums.add(asked);
    }
    for (std::uint64_t at = 0; at < accounts; ++at) {
        const std::string who = tenant(at);
        const auto level = [&](const char* below, const Json& request) {
            const std::string payload = request.dump();
            const std::string topic = root_ + "/" + below;
            const auto reply = client_.ask({.topic = topic,
                                            .payload = payload,
                                            .response_topic = replies_,
                                            .has_response_topic = true},
                                           answer_wait);
            return Json::parse(reply.payload);
        };
        const Json account = level("billing/main/request", {{"op", "get"}, {"tenant", who}});
        const Json quota = level("quota/main/request", {{"tenant", who}, {"hits", 0}});
        const bool exact =
            account.at("balance") == money - sums.spent[who] && quota.at("used") == sums.used[who];
        doubled += exact ? 0 : 1;
        EXPECT_EQ(account.at("balance"), money - sums.spent[who]) << who << account;
        EXPECT_EQ(quota.at("used"), sums.used[who]) << who << quota;
    }
}

}  // namespace flyball::testing
