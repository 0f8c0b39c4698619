// The part of the node that operators change while it runs: another configuration, governors that
// come and go, stages measured.

#include <utility>

#include "governors/whole.h"
#include "node/config_option.h"
#include "node/home_assistant.h"
#include "node/node.h"
#include "node/node_traffic.h"

namespace flyball {

namespace {

// Keys whose values differ and that only a restart applies.
std::vector<std::string> restart_keys(const NodeSettings& old, const NodeSettings& fresh) {
    std::vector<std::string> keys;
    for (const ConfigOption& option : config_options()) {
        if (option.needs_restart && option_value(option, old) != option_value(option, fresh)) {
            keys.emplace_back(option.key);
        }
    }
    return keys;
}

}  // namespace

ControlledNode::Reloaded Node::reload(bool check_only) {
    Config config = reread_();
    if (!config.faults.empty()) {
        return {.faults = std::move(config.faults), .needs_restart = {}};
    }
    NodeSettings& fresh = config.settings;
    Registry& registry = engine_.registry();
    const ConfiguredGovernors wanted = fresh.configured_governors();
    Reloaded reloaded{.faults = {}, .needs_restart = restart_keys(settings_, fresh)};
    const auto faults =
        check_only ? registry.check(wanted, clock_.now()) : registry.reload(wanted, clock_.now());
    if (!faults.empty()) {
        return {.faults = fresh.places_of(faults), .needs_restart = {}};
    }
    if (check_only) {
        return reloaded;
    }
    done_whole([&] {  // as the governors
        engine_.supervisor().restore(clock_.now());
        settings_.health_interval = fresh.health_interval;
        settings_.home_assistant = std::move(fresh.home_assistant);
        settings_.limits = fresh.limits;
        engine_.set_limits(fresh.limits);
        inbox_.set_limits(inbox_limits(fresh.limits));
        gate_.set_under_way(replies_under_way_bytes(fresh.limits));
        settings_.governors = std::move(fresh.governors);
        settings_.base_governors = fresh.base_governors;
        settings_.govern = std::move(fresh.govern);
        governed_.set_rules(settings_.govern);
        governors_changed();
        announce();
        transport_->reread_files();
        log_.write(LogLevel::notice, "configuration read again",
                   {{"policy_rev", policy_rev_},
                    {"needs_restart", std::to_string(reloaded.needs_restart.size())}});
    });
    return reloaded;
}

void Node::announce() {
    if (announce_to_home_assistant(*transport_, settings_, life_.announced)) {
        keeper_->note(node_change());
    }
}

void Node::governors_changed() {
    health_.is_due = true;
    policy_rev_.clear();  // where there is no memory for it now, the next report makes it
    policy_rev_ = engine_.registry().policy_rev();
}

void Node::trace(Trace trace) {
    stages_.start_trace({.governor = std::move(trace.governor),
                         .tenant = std::move(trace.tenant),
                         .until_us = monotonic_us() + trace.for_ms * 1000,
                         .max = trace.max});
    engine_.set_watch(&stages_);
}

void Node::profile(Deferred asker) {
    if (profiling_.asker) {
        answer_profile();
    }
    profiling_.begun_us = monotonic_us();
    stages_.start_profile(profiling_.begun_us + asker.for_ms * 1000);
    profiling_.asker = std::move(asker);
    engine_.set_watch(&stages_);
    waker_.wake();  // the node's thread has a new time to wake up at
}

void Node::end_stages_when_due(std::int64_t now_us) {
    stages_.end_trace_when_due(now_us);
    if (stages_.profile_is_due(now_us)) {
        answer_profile();
    }
    if (!stages_.active()) {
        engine_.set_watch(nullptr);
    }
}

void Node::answer_profile() {
    const StageMeter::Sums sums = stages_.take_profile();
    const Deferred asker = *std::exchange(profiling_.asker, std::nullopt);
    answer_later(asker, [&](Writer& writer) {
        writer.field("decision", "ok");
        writer.field("allowed", true);
        writer.field("at", to_ms(clock_.now()));
        writer.field("for_ms", (monotonic_us() - profiling_.begun_us) / 1000);
        write_profile(writer, sums);
    });
}

void Node::answer_later(const Deferred& asker, const std::function<void(Writer&)>& own_keys) {
    Writer writer(asker.encoding);
    writer.restart(asker.encoding);
    writer.begin_map();
    for (const auto& [name, text] : {std::pair{"cid", &asker.cid}, std::pair{"id", &asker.id}}) {
        if (!text->empty()) {
            writer.key(std::string_view(name));
            writer.raw(*text);
        }
    }
    writer.field("governor", "node");
    own_keys(writer);
    for (const auto& [name, text] : {std::pair{"traceparent", &asker.payload_traceparent},
                                     std::pair{"tracestate", &asker.payload_tracestate}}) {
        if (!text->empty()) {
            writer.field(std::string_view(name), std::string_view(*text));
        }
    }
    writer.end_map();
    Message message;
    message.topic = asker.topic;
    message.payload = writer.bytes();
    message.correlation_data = asker.correlation_data;
    message.traceparent = asker.traceparent;
    message.tracestate = asker.tracestate;
    message.qos = asker.qos;
    message.utf8_payload = asker.encoding == Encoding::json;
    message.content_type = message.utf8_payload ? "application/json" : "application/vnd.msgpack";
    send_at_once(message);  // tells of nothing that the disk has to have first
}

void Node::publish_trace(std::string_view line) {
    Message message;
    message.topic = trace_topic_;
    message.payload = line;
    message.content_type = "application/json";
    message.utf8_payload = true;
    transport_->publish(message);
}

}  // namespace flyball
