#include "node/mosquitto/broker_waker.h"

#include <utility>

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
    : topic_(settings.root.text() + "/_wake"), client_id_(settings.mqtt.client_id + "-wake") {}

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
    link_->publish(message);
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
    if (state == LinkState::down && !why.empty()) {
        const std::lock_guard lock(news_lock_);
        news_ = why;
    }
}

}  // namespace flyball
