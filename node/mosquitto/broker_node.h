#pragma once
// A node inside a Mosquitto broker: made from a configuration file like flyball-node, driven by the
// broker's events. Everything on the broker's thread; nothing is thrown.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "node/config.h"
#include "node/log.h"
#include "node/mosquitto/broker_waker.h"
#include "node/node.h"
#include "transport/mosquitto.h"

namespace flyball {

class BrokerNode {
public:
    // `config_path` empty: as flyball-node does without one. Says in the broker's log what is
    // wrong, and gives null.
    static std::unique_ptr<BrokerNode> make(std::string config_path);
    ~BrokerNode();
    BrokerNode(const BrokerNode&) = delete;
    BrokerNode& operator=(const BrokerNode&) = delete;

    // False: nobody else is to see the message.
    bool on_message(const mosquitto_evt_message& event);
    void on_tick();
    // Reads the configuration again; a node that has drained begins anew.
    void on_reload();

private:
    explicit BrokerNode(std::string config_path);
    Config read() const;
    bool begin();
    void end();
    void turn_if_wanted();
    void turn();

    const std::string config_path_;
    Log log_;
    MosquittoTransport* transport_ = nullptr;  // the node's
    std::unique_ptr<BrokerWaker> waker_;
    std::unique_ptr<Node> node_;  // null once it has drained
    std::int64_t next_turn_us_ = 0;
};

}  // namespace flyball
