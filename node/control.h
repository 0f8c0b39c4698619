#pragma once
// Answers the `control` topic: what an operator asks of the node itself (docs/protocol.md,
// control). Owned by the node, called by its engine, same thread. What it cannot do by itself it
// asks of ControlledNode.

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
};

class Control : public ControlDesk {
public:
    struct Options {
        std::vector<std::string> allow{"*"};  // ops taken over MQTT
        bool allow_faults = false;
    };
    Control(Engine& engine, ControlledNode& node, Options options)
        : engine_(engine), node_(node), options_(std::move(options)) {}

    void answer(Request& request, Encoding encoding, Instant now, Writer& writer) override;

private:
    struct Op;
    struct Call;
    static std::span<const Op> ops();
    bool permits(std::string_view op) const;
    void list(Call& call);
    void set_time(Call& call);
    void drain(Call& call);
    void fault(Call& call);

    Engine& engine_;
    ControlledNode& node_;
    Options options_;
};

}  // namespace flyball
