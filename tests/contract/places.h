#pragma once
// The places the contract suite runs in: a broker, and transports that connect to it. Each offers
// the same vocabulary, so that one test says the same of every transport.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/plugin_host.h"
#include "tests/contract/recorder.h"
#include "tests/e2e/broker.h"
#include "transport/loopback.h"
#include "transport/paho.h"

namespace flyball::testing {

struct EndpointOptions {
    std::string client_id;
    std::vector<std::string> filters{};
    std::size_t outbound_max = 8192;
};

class PahoPlace {
public:
    static constexpr bool has_sessions = true;
    static constexpr bool tells_expiry = true;
    std::unique_ptr<Transport> make(EndpointOptions options) {
        PahoOptions paho;
        paho.broker = broker_.address();
        paho.client_id = std::move(options.client_id);
        paho.filters = std::move(options.filters);
        paho.outbound_max = options.outbound_max;
        paho.tick_topic = "_tick/" + paho.client_id;
        paho.backoff = {Span{20}, Span{200}};
        auto made = make_paho(std::move(paho));
        return std::move(made).value();
    }
    bool wait(const std::function<bool()>& condition) { return eventually(condition); }
    void broker_down() { broker_.kill(); }
    void broker_up() { broker_.start(); }

private:
    Broker broker_;
};

class LoopbackPlace {
public:
    static constexpr bool has_sessions = true;
    static constexpr bool tells_expiry = true;
    std::unique_ptr<Transport> make(EndpointOptions options) {
        return broker_.make_endpoint({.client_id = std::move(options.client_id),
                                      .filters = std::move(options.filters),
                                      .outbound_max = options.outbound_max});
    }
    bool wait(const std::function<bool()>& condition) {
        broker_.deliver();
        return condition();
    }
    void broker_down() { broker_.set_up(false); }
    void broker_up() { broker_.set_up(true); }

private:
    LoopbackBroker broker_;
};

// Inside a broker there is no connection to lose and no name to share, and Mosquitto keeps the
// Message Expiry Interval to itself.
class MosquittoPlace {
public:
    static constexpr bool has_sessions = false;
    static constexpr bool tells_expiry = false;
    std::unique_ptr<Transport> make(EndpointOptions options) {
        return host_.make_endpoint(std::move(options.filters));
    }
    bool wait(const std::function<bool()>& condition) {
        host_.deliver();
        return condition();
    }
    void broker_down() {}
    void broker_up() {}

private:
    PluginHost host_;
};

}  // namespace flyball::testing
