#pragma once
// Nobody's node: what control asks of it is done, and does nothing.

#include "node/control.h"

namespace flyball::testing {

class IdleNode final : public ControlledNode {
public:
    void drain() override {}
    void set_time(Instant) override {}
    Reloaded reload(bool) override { return {}; }
    void governors_changed() override {}
    void trace(Trace) override {}
    void profile(Deferred) override {}
    void snapshot(Deferred) override {}
};

}  // namespace flyball::testing
