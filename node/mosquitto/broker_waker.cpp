#include "node/mosquitto/broker_waker.h"

#include <utility>

#include "node/clock.h"
#include "node/link.h"

namespace flyball {

Result<std::unique_ptr<BrokerWaker>> BrokerWaker::make(const NodeSettings& settings) {
    std::unique_ptr<BrokerWaker> waker(new BrokerWaker(settings));
    if (settings.state.durability == Durability::commit) {
        PahoOptions options = link_options(settings);
        options.client_id = waker->client_id_;
        options.filters.clear();
        auto link = make_paho(std::move(options));
        if (!link) {
            return link.error();
        }
        waker->link_ = std::move(*link);
    }
    return waker;
}

BrokerWaker::BrokerWaker(const NodeSettings& settings)
    : client_id_(settings.mqtt.client_id + "-wake") {
    append_topic(topic_, settings.root, Topic{.channel = Channel::wake});
}

BrokerWaker::~BrokerWaker() {
    if (started_) {
        link_->stop();
    }
}

void BrokerWaker::connect() {
    if (link_ != nullptr && !started_) {
        started_ = true;
        link_->start(*this);
    }
}

void BrokerWaker::wake() noexcept {
    wanted_.store(true);
    if (std::this_thread::get_id() != broker_) {
        knock();
    }
}

void BrokerWaker::knock() noexcept {
    wanted_.store(true);
    if (link_ == nullptr || knocked_.exchange(true)) {
        return;
    }
    Message message;
    message.topic = topic_;
    if (link_->publish(message) == Publish::accepted) {
        std::int64_t none = 0;
        unheard_since_us_.compare_exchange_strong(none, monotonic_us());
    }
}

void BrokerWaker::heard() noexcept {
    unheard_since_us_.store(0);
    complained_ = false;
}

// The broker takes what the connection sends before it calls ticks; one that waits this long was
// dropped by an access list, or went to another broker.
void BrokerWaker::look_for_knock(std::int64_t now_us) {
    constexpr std::int64_t patience_us = 1'000'000;
    const std::int64_t since_us = unheard_since_us_.load();
    if (!complained_ && since_us != 0 && now_us - since_us > patience_us &&
        link_->link() == LinkState::up) {
        complained_ = true;
        const std::lock_guard lock(news_lock_);
        news_ = "nothing that client " + client_id_ + " publishes on " + topic_ +
                " arrives: is mqtt.broker this broker, and does its access list let it?";
    }
}

bool BrokerWaker::is_knock(std::string_view topic, std::string_view client_id) const {
    return topic == topic_ && client_id == client_id_;
}

bool BrokerWaker::take_wanted() noexcept {
    knocked_.store(false);
    return wanted_.exchange(false);
}

std::optional<std::string> BrokerWaker::take_news() {
    const std::lock_guard lock(news_lock_);
    return std::exchange(news_, std::nullopt);
}

void BrokerWaker::on_link(LinkState state, std::string_view why) noexcept {
    const bool missing = state == LinkState::down || state == LinkState::name_taken;
    if (missing && !why.empty()) {
        const std::lock_guard lock(news_lock_);
        news_ = why;
    }
}

}  // namespace flyball
