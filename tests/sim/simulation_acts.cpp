// The half of Simulation that does things: what is asked, what fails, how time goes.

#include <algorithm>
#include <csignal>
#include <utility>

#include "tests/sim/simulation.h"

namespace flyball::sim {

using checker::Invariant;

namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::size_t past_max = 64;

std::string text_of(const Json& map, const char* key) {
    const auto found = map.find(key);
    return found != map.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<int> Simulation::asleep(Span /*timeout*/) {
    observe();
    const std::uint64_t acts = 1 + pick(4);
    for (std::uint64_t i = 0; i < acts; ++i) {
        if (!checker_.good() || counts_.steps >= plan_.steps) {
            die(Ending::killed);
            return std::nullopt;
        }
        const auto signal = act();
        if (signal || node_.dead()) {
            return signal;
        }
    }
    return std::nullopt;
}

std::optional<int> Simulation::act() {
    ++counts_.steps;
    pass_time();
    std::uint64_t roll = pick(1000);
    const auto falls = [&roll](std::uint64_t share) {
        const bool here = roll < share;
        roll -= here ? 0 : share;
        return here;
    };
    if (falls(deadly_of_1000_)) {
        die(one_in(2) ? Ending::killed : Ending::cut);
        return std::nullopt;
    }
    if (falls(2)) {
        return SIGTERM;
    }
    if (falls(2)) {
        variant_ = static_cast<int>(pick(3));
        tell_configuration();
        return SIGHUP;
    }
    if (falls(plan_.jumps_of_1000)) {
        jump();
    } else if (falls(10)) {
        node_.set_link(!node_.link_up());
    } else if (falls(20)) {
        fail_disk();
    } else if (falls(15)) {
        ask_control();
    } else if (falls(4)) {
        look_at(node_.killed(), false);
    } else if (falls(100)) {
        ask_again();
    } else {
        ask();
    }
    if (node_.turn_is_due() ? one_in(turn_one_in_) : one_in(40)) {
        take_turn();
    }
    if (!node_.dead() && node_.disk().failures() > struck_ && one_in(20)) {
        die(Ending::cut);  // what a failure hides is seen by what a cut leaves
    }
    return std::nullopt;
}

// The first attempt on a disk that is well again succeeds.
void Simulation::take_turn() {
    const bool recovers =
        node_.keeper().health_is_failing() && node_.time_for_turn() && disk_is_well_;
    node_.turn();
    if (node_.dead()) {
        return;
    }
    if (recovers) {
        check(Invariant::bounded, !node_.keeper().health_is_failing(),
              "still degraded on a disk that is well: " + node_.keeper().health().last_error);
    }
    observe();
}

void Simulation::pass_time() {
    node_.pass(static_cast<std::int64_t>(pick(60'000)));
    if (one_in(30)) {
        node_.pass(static_cast<std::int64_t>(pick(120)) * second_us);
    }
    if (one_in(500)) {
        node_.pass(static_cast<std::int64_t>(pick(7200)) * second_us);
    }
}

// By a millisecond or by decades, in either direction.
void Simulation::jump() {
    static constexpr std::int64_t spans[] = {1,      1000,        60'000,       3'600'000,
                                             day_ms, 31 * day_ms, 366 * day_ms, 70 * 366 * day_ms};
    const std::int64_t span = spans[pick(8)];
    node_.wall_ms += one_in(2) ? span : -span;
    node_.wall_ms = std::max<std::int64_t>(node_.wall_ms, 0);
    if (one_in(3)) {
        node_.wall_ms = 1'767'225'600'000 + node_.monotonic_us / 1000;  // and right again
    }
    node_.synchronised = one_in(2);
    ++counts_.jumps;
}

void Simulation::fail_disk() {
    if (!disk_fails_) {
        return;
    }
    struck_ = node_.disk().failures();
    if (one_in(2)) {
        node_.disk().heal();
        node_.disk().limit_bytes(UINT64_MAX);
        disk_is_well_ = true;
        return;
    }
    static constexpr DiskCall calls[] = {
        DiskCall::write,  DiskCall::write, DiskCall::sync, DiskCall::sync,        DiskCall::rename,
        DiskCall::remove, DiskCall::open,  DiskCall::read, DiskCall::sync_folder, DiskCall::list};
    static constexpr DiskFault::Reason reasons[] = {
        DiskFault::Reason::no_space, DiskFault::Reason::input_output, DiskFault::Reason::read_only,
        DiskFault::Reason::short_write};
    if (one_in(5)) {
        node_.disk().limit_bytes(node_.disk().bytes() + pick(100'000));
    } else {
        node_.disk().fail({.call = calls[pick(10)],
                           .at = 1 + pick(4),
                           .reason = reasons[pick(4)],
                           .from_then_on = one_in(2)});
    }
    ++counts_.faults;
    faulted_ = true;
    disk_is_well_ = false;
}

// Before an operation of the disk: the world goes on meanwhile, or ends.
void Simulation::disk_works() {
    if (nested_) {
        return;
    }
    nested_ = true;
    if (starting_) {
        if (one_in(400)) {
            die(one_in(2) ? Ending::killed : Ending::cut);
        } else if (one_in(400)) {
            fail_disk();
        }
    } else if (deadly_of_1000_ > 0 && one_in(1500)) {
        die(one_in(3) ? Ending::killed : Ending::cut);
    } else if (pick(1000) < works_of_1000_) {
        ask();
    }
    nested_ = false;
}

// ---- requests

void Simulation::ask() {
    const Asked first = traffic_.next();
    Mail mail{first.below, first.request};
    if (one_in(12)) {
        mail.payload = Json::array({first.request});
        for (std::uint64_t more = pick(4); more > 0; --more) {
            Asked next = traffic_.next();
            if (next.below == first.below) {
                mail.payload.push_back(std::move(next.request));
            }
        }
    }
    if (past_.size() < past_max) {
        past_.push_back(mail);
    } else {
        past_[pick(past_max)] = mail;
    }
    send(mail);
}

void Simulation::ask_again() {
    if (!past_.empty()) {
        const Mail mail = past_[pick(past_.size())];
        for (std::uint64_t times = 1 + pick(3); times > 0 && !node_.dead(); --times) {
            send(mail);
        }
    }
}

void Simulation::ask_control() {
    const auto op = [](const char* name) { return Json{{"op", name}}; };
    Json request;
    switch (pick(8)) {
        case 0:
        case 1: request = op("snapshot"); break;
        case 2: request = {{"op", "history"}, {"governor", "quota/main"}, {"last", 5}}; break;
        case 3: request = op("list"); break;
        case 4:
            request = {{"op", "add_governor"},
                       {"type", "billing"},
                       {"name", "more"},
                       {"config", {{"require_id", false}, {"ids", {{"capacity", 20}}}}}};
            checker_.configured("billing/more", {{"ids", {{"capacity", 20}}}});
            governors_move();
            break;
        case 5:
            request = {{"op", "remove_governor"},
                       {"type", "billing"},
                       {"name", "more"},
                       {"purge", one_in(2)}};
            checker_.purged("billing/more");
            governors_move();
            break;
        case 6: request = {{"op", "profile"}, {"for_ms", 1 + pick(60'000)}}; break;
        default:
            if (!one_in(6)) {
                return;
            }
            request = {
                {"op", "set_time"},
                {"at", node_.wall_ms + static_cast<std::int64_t>(pick(7200'000)) - 3600'000}};
            if (instant_from_ms(request.at("at").get<std::int64_t>()) < build_date()) {
                return;  // is no date, and is kept nowhere
            }
    }
    send({"control", request});
}

void Simulation::send(const Mail& mail) {
    if (!node_.link_up()) {
        return;
    }
    const std::uint64_t n = ++asked_;
    checker_.asked(n, mail.below, mail.payload);
    ++counts_.requests;
    const std::string topic = root_text_ + mail.below;
    const std::string payload = mail.payload.dump();
    const std::string correlation = std::to_string(n);
    const std::uint64_t before = node_.keeper().newest();
    handling_ = n;
    verdict_.clear();
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.response_topic = "clients/sim";
    message.has_response_topic = true;
    message.correlation_data = correlation;
    node_.deliver(message);
    handling_ = 0;
    const bool tells_of_records = text_of(mail.payload, "op") != "profile";
    needs_[n] = tells_of_records ? node_.keeper().newest() : 0;
    if (verdict_ == "error" && before == node_.keeper().newest() && before == seen_.back().record &&
        !keeps_no_journal() && one_in(4)) {
        check(Invariant::errors_change_nothing,
              hash_.of(node_.engine(), StateHash::Look::everywhere) == seen_.back().hash,
              "an error has changed something: " + payload);
    }
    observe();
}

Publish Simulation::published(const Message& message) {
    if (!message.topic.starts_with(root_text_)) {
        const std::uint64_t n = std::stoull(std::string(message.correlation_data));
        ++counts_.replies;
        if (!node_.link_up() || pick(100) < lossy_of_100_) {
            checker_.unanswered(n);
        } else {
            account(n, Json::parse(message.payload));
        }
        return Publish::accepted;
    }
    if (!node_.link_up()) {
        return Publish::not_connected;
    }
    if (message.topic.ends_with("/event")) {
        if (one_in(20)) {
            return Publish::full;
        }
        if (commits()) {
            const bool in_work = handling_ != 0;  // its record is not even made
            tells(node_.keeper().newest() + (in_work ? 1 : 0), std::string(message.payload));
        }
        checker_.told(Json::parse(message.payload));
    } else if (message.topic.ends_with("/health")) {
        const Json health = Json::parse(message.payload);
        const Json& throughput = health.at("throughput");
        counted_ = throughput.at("refused").get<std::uint64_t>() +
                   throughput.at("expired").get<std::uint64_t>();
    }
    return Publish::accepted;
}

void Simulation::account(std::uint64_t n, const Json& reply) {
    const bool batch = reply.is_array();
    const auto decided = [](const Json& entry) { return text_of(entry, "decision") != "error"; };
    if (handling_ == n && !batch) {
        verdict_ = text_of(reply, "decision");
    }
    if (batch ? std::ranges::any_of(reply, decided) : decided(reply)) {
        const auto need = needs_.find(n);
        const std::uint64_t record = need == needs_.end() ? node_.keeper().newest() : need->second;
        told_[n] = record;
        if (commits()) {
            tells(record, reply.dump());
        }
    }
    checker_.answered(n, reply);
}

}  // namespace flyball::sim
