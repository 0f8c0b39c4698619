#pragma once
// A node inside a Mosquitto broker: made from a configuration file like flyball-node, driven by the
// broker's events, on the broker's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "node/config.h"
#include "node/log.h"
#include "node/mosquitto/broker_file.h"
#include "node/mosquitto/broker_waker.h"
#include "node/node.h"
#include "transport/mosquitto.h"
#include "transport/mosquitto_plugin.h"

namespace flyball {

class BrokerNode final : public BrokerGuest {
public:
    // `config_path` empty: as flyball-node does without one.
    explicit BrokerNode(std::string config_path);
    ~BrokerNode() override;
    BrokerNode(const BrokerNode&) = delete;
    BrokerNode& operator=(const BrokerNode&) = delete;

    // False: the broker's log says what is wrong.
    bool begin();
    std::string_view name() const override { return name_; }
    bool owns(std::string_view topic) const override { return topic.starts_with(own_topics_); }

    Verdict on_message(const BrokerMessage& message) override;
    void take_turn() override;
    Access on_subscription(const BrokerSubscription& subscription) override;
    Access on_other_access() override { return access_of_others_; }
    bool wants_access() const override;
    void on_tick() override;
    // Reads the configuration again; a node that has drained begins anew.
    void on_reload() override;

private:
    Config read() const;
    void look_at_broker();
    void look_at_access_list();
    bool has_begun() const { return !name_.empty(); }  // drained or not
    std::string why_no_rules_now(const BrokerFile& file) const;
    void end();
    void turn();

    const std::string config_path_;
    Log log_;
    MosquittoTransport* transport_ = nullptr;  // the node's
    std::unique_ptr<BrokerWaker> waker_;
    std::unique_ptr<Node> node_;  // null once it has drained
    std::int64_t next_turn_us_ = 0;
    std::string name_;                              // of the node: its root topic
    std::string own_topics_;                        // "<prefix>/"
    Access access_of_others_ = Access::ask_others;  // for what no rule denies
    bool has_access_list_ = false;                  // the broker, when this node began
    bool knows_access_list_ = true;
    bool comes_first_ = false;    // in a reload: who begins to be asked is asked before that list
    bool knows_bridges_ = false;  // nobody but the broker's own bridges comes without an address
};

}  // namespace flyball
