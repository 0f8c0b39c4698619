#include "node/mosquitto/broker_node.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>
#include <utility>

#include "node/clock.h"
#include "node/config_govern.h"
#include "node/mosquitto/broker_file.h"
#include "node/program.h"
#include "schemas/topic.h"

namespace flyball {

namespace {

BrokerLog broker_level(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return BrokerLog::debug;
        case LogLevel::info: return BrokerLog::info;
        case LogLevel::notice: return BrokerLog::notice;
        case LogLevel::warning: return BrokerLog::warning;
        case LogLevel::error: break;
    }
    return BrokerLog::error;
}

constexpr std::int64_t turns_us_max = 2'000;  // the broker's other clients wait so long

// Threads that are started meanwhile leave the process's signals to the broker's own.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

std::unique_ptr<BrokerGuest> make_broker_guest(const std::string& config_path) {
    auto node = std::make_unique<BrokerNode>(config_path);
    return node->begin() ? std::move(node) : nullptr;
}

BrokerNode::BrokerNode(std::string config_path)
    : config_path_(std::move(config_path)),
      log_(LogLevel::info,
           [](LogLevel level, const auto& line) { write_broker_log(broker_level(level), line); }) {}

BrokerNode::~BrokerNode() {
    if (node_ != nullptr) {
        end();
    }
}

Config BrokerNode::read() const {
    std::array<const char*, 3> arguments{"flyball-node", "--config", config_path_.c_str()};
    const int count = config_path_.empty() ? 1 : static_cast<int>(arguments.size());
    const ConfigInput machine = machine_input(count, arguments.data());
    Config config = read_config(machine);
    check_govern_rules(config, sample_clock().wall);
    const BrokerFile file = read_broker_file(machine);
    if (std::string why = why_not_here(file); !why.empty()) {
        config.faults.push_back(std::move(why));
    }
    const auto& rules = config.settings.govern;
    const auto subscribes = std::ranges::find(rules, GovernedAction::subscribe, &GovernRule::on);
    std::string why = why_no_subscriptions(file);
    if (why.empty() && has_begun()) {
        why = why_no_rules_now(file);
    }
    if (subscribes != rules.end() && !why.empty()) {
        const std::string key = "govern[" + std::to_string(subscribes - rules.begin()) + "].on";
        config.faults.push_back(govern_fault(config.settings.places, key, why));
    }
    return config;
}

// Why a running node cannot begin to govern subscriptions; empty: it can, or it does so already.
std::string BrokerNode::why_no_rules_now(const BrokerFile& file) const {
    if (file.has_acl_file != has_access_list_) {
        return "acl_file came or went in the broker's configuration, and whether it has taken that "
               "cannot be known: subscriptions can be governed once the broker is started anew";
    }
    if (has_access_list_ && !comes_first_ && !wants_access()) {
        return "beside an acl_file, subscriptions are governed from a reload of the broker on: "
               "send it SIGHUP in place of this reload";
    }
    return {};
}

// Whoever would answer after us has to be asked: "allow" would go past the access list. Where
// nobody would, only "allow" is no denial.
void BrokerNode::look_at_broker() {
    const BrokerFile file = read_broker_file(machine_input(0, nullptr));
    has_access_list_ = file.has_acl_file;
    access_of_others_ = file.has_acl_file || !why_no_subscriptions(file).empty()
                            ? Access::ask_others
                            : Access::allow;
    knows_bridges_ = file.unknown.empty() && !file.has_unix_socket;
}

// A broker keeps its old settings when its file has become wrong, and does not say so: whether an
// access list that the file gained or lost is in force cannot be known. Then subscriptions are left
// to the broker alone, which neither opens nor closes what it guards.
void BrokerNode::look_at_access_list() {
    const bool known = read_broker_file(machine_input(0, nullptr)).has_acl_file == has_access_list_;
    if (!known && knows_access_list_ && node_->governs_subscriptions()) {
        log_.write(LogLevel::error,
                   "subscriptions are not governed until the broker is started anew: acl_file came "
                   "or went in its configuration, and it may or may not have taken that");
    }
    if (known && !knows_access_list_) {
        log_.write(LogLevel::notice, "subscriptions are governed again: acl_file is as it was");
    }
    knows_access_list_ = known;
}

bool BrokerNode::begin() {
    const ClockSample started = sample_clock();
    Config config = read();
    if (config.faults.empty()) {
        check_governors(config, started.wall);
    }
    for (const std::string& fault : config.faults) {
        log_.write(LogLevel::error, fault);
    }
    if (!config.faults.empty()) {
        return false;
    }
    const NodeSettings& settings = config.settings;
    log_.set_level(settings.log_level);
    const bool anew = has_begun();
    name_ = settings.root.text();
    own_topics_ = settings.root.prefix + "/";
    const SignalsBlocked blocked;
    auto waker = BrokerWaker::make(settings);
    if (!waker) {
        log_.write(LogLevel::error, waker.error().message);
        return false;
    }
    auto transport = std::make_unique<MosquittoTransport>(
        request_filters(settings.root, settings.tenant_topics_only));
    MosquittoTransport* const taken = transport.get();
    auto node =
        make_node(std::move(config.settings), std::move(transport),
                  {.waker = **waker, .log = log_, .started = started, .inline_bytes = SIZE_MAX},
                  [this] { return read(); });
    if (!node) {
        log_.write(LogLevel::error, node.error().message);
        return false;
    }
    transport_ = taken;
    waker_ = std::move(*waker);
    node_ = std::move(*node);
    if (anew) {
        look_at_access_list();  // what the broker has is what it had when it was started
    } else {
        look_at_broker();
    }
    node_->start();
    next_turn_us_ = 0;
    return true;
}

void BrokerNode::end() {
    node_->finish();
    transport_ = nullptr;
    node_.reset();
    waker_.reset();
}

BrokerGuest::Verdict BrokerNode::on_message(const BrokerMessage& message) {
    if (node_ == nullptr) {
        return Verdict::pass;
    }
    if (waker_->is_knock(message.topic, message.client_id)) {
        waker_->heard();
        return Verdict::drop;
    }
    const bool bridged = !message.has_address && knows_bridges_;
    const bool allowed = bridged || message.of_a_guest ||
                         node_->allows({.topic = message.topic,
                                        .user = message.username,
                                        .client_id = message.client_id,
                                        .payload_bytes = message.payload.size()});
    if (allowed) {
        transport_->take(message.event);
    }
    return allowed ? Verdict::pass : Verdict::drop;
}

BrokerGuest::Access BrokerNode::on_subscription(const BrokerSubscription& subscription) {
    const bool denied = node_ != nullptr && !subscription.of_a_guest &&
                        !node_->allows({.topic = subscription.filter,
                                        .user = subscription.username,
                                        .client_id = subscription.client_id,
                                        .action = GovernedAction::subscribe});
    return denied ? Access::deny : access_of_others_;
}

bool BrokerNode::wants_access() const {
    return node_ != nullptr && knows_access_list_ && node_->governs_subscriptions();
}

void BrokerNode::on_tick() {
    if (node_ != nullptr && monotonic_us() >= next_turn_us_) {
        const SignalsBlocked blocked;
        waker_->connect();
        waker_->look_for_knock(monotonic_us());
        waker_->wake();
    }
    take_turn();
}

void BrokerNode::on_reload() {
    struct Reload {  // also when it ends with an exception
        explicit Reload(bool& lasts) : lasts_(lasts) { lasts_ = true; }
        ~Reload() { lasts_ = false; }
        bool& lasts_;
    };
    const Reload reload(comes_first_);
    if (node_ == nullptr) {
        begin();
    } else {
        look_at_access_list();
        node_->reread_configuration();
        waker_->wake();
    }
}

void BrokerNode::take_turn() {
    if (node_ != nullptr && waker_->take_wanted()) {
        turn();
    }
}

void BrokerNode::turn() {
    if (const auto news = waker_->take_news()) {
        log_.write_seldom(
            LogLevel::warning, monotonic_us(),
            "no loopback connection to the broker: durable replies are up to 100 ms late",
            {{"why", *news}});
    }
    // More may be due than one turn does, or the keeper has the engine for a moment: without a
    // loopback connection the broker's next turn may be its next tick.
    const std::int64_t until_us = monotonic_us() + turns_us_max;
    auto pause = node_->try_turn();
    while ((!pause || *pause == Span{0}) && monotonic_us() < until_us) {
        std::this_thread::yield();
        pause = node_->try_turn();
    }
    if (!pause) {
        waker_->knock();
        return;
    }
    next_turn_us_ = monotonic_us() + pause->count() * 1000;
    if (*pause == Span{0}) {
        waker_->knock();
    }
    if (node_->drains()) {
        end();
        log_.write(LogLevel::notice,
                   "drained; idle until the broker reads its configuration again");
    }
}

}  // namespace flyball
