#pragma once
// Answers the `control` topic: what an operator asks of the node itself (docs/protocol.md,
// control). Owned by the node, called by its engine, same thread. What it cannot do by itself it
// asks of ControlledNode.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/engine.h"

namespace flyball {

// The daemon as control sees it.
class ControlledNode {
public:
    virtual ~ControlledNode() = default;
    virtual void drain() = 0;               // stop taking requests, then end the program
    virtual void set_time(Instant at) = 0;  // the only thing that may lower governor time
    struct Reloaded {
        std::vector<std::string> faults;         // not empty: nothing has changed
        std::vector<std::string> needs_restart;  // keys that differ and were left alone
    };
    virtual Reloaded reload(bool check_only) = 0;
    virtual void governors_changed() = 0;
    struct Trace {
        std::string governor, tenant;  // empty: all
        std::int64_t for_ms = 0;
        std::int64_t max = 0;  // requests
    };
    virtual void trace(Trace trace) = 0;
    // What is needed to answer later.
    struct Deferred {
        std::string topic, correlation_data, traceparent, tracestate;
        std::string payload_traceparent, payload_tracestate;  // where there are no properties
        Qos qos = Qos::at_most_once;
        Encoding encoding = Encoding::json;
        std::string id, cid;  // as JSON or msgpack, by `encoding`; empty: absent
        std::int64_t for_ms = 0;
    };
    virtual void profile(Deferred asker) = 0;
    virtual void snapshot(Deferred asker) = 0;
};

class Control : public ControlDesk {
public:
    struct Options {
        std::vector<std::string> allow{"*"};  // ops taken over MQTT
        bool allow_faults = false;
    };
    Control(Engine& engine, ControlledNode& node, Options options)
        : engine_(engine), node_(node), options_(std::move(options)) {}

    Outcome answer(const ControlDesk::Call& call, Writer& writer) override;

private:
    struct Op;
    struct Call;
    static std::span<const Op> ops();
    bool permits(std::string_view op) const;
    void choose(Call& call, const Request& request);
    static bool defer(Call& call, ControlledNode::Deferred& asker);

    void list(Call& call);
    void add_governor(Call& call);
    void remove_governor(Call& call);
    void history(Call& call);
    void fault(Call& call);

    void set_time(Call& call);
    void drain(Call& call);
    void reload(Call& call);
    void snapshot(Call& call);
    void trace(Call& call);
    void profile(Call& call);

    Engine& engine_;
    ControlledNode& node_;
    Options options_;
};

}  // namespace flyball
