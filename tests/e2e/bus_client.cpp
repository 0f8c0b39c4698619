#include "tests/e2e/bus_client.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "transport/paho.h"

namespace flyball::testing {

namespace {

constexpr std::chrono::seconds patience{20};

}  // namespace

BusClient::BusClient(const std::string& broker, std::vector<std::string> filters) {
    PahoOptions options;
    options.broker = broker;
    options.client_id = fmt::format("stranger-{}-{}", ::getpid(), static_cast<const void*>(this));
    options.filters = std::move(filters);
    // All clients of a process share Paho's threads: one that is silent makes the next wait to
    // connect.
    options.tick_topic = "tick/" + options.client_id;
    options.send_retained = true;  // a node may have reported before this client listens
    transport_ = make_paho(std::move(options)).value();
    transport_->start(*this);
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return link_ == LinkState::up; })) {
        throw std::runtime_error("the stranger did not reach its broker");
    }
}

BusClient::~BusClient() {
    transport_->stop();
}

void BusClient::publish(const Message& message) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    auto published = Publish::not_connected;
    // Its broker may have been away, or be gone without its having heard of it.
    while (published == Publish::not_connected && std::chrono::steady_clock::now() < deadline) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, deadline, [this] { return link_ == LinkState::up; });
        lock.unlock();
        published = transport_->publish(message);
    }
    if (published != Publish::accepted || !transport_->flush(patience)) {
        throw std::runtime_error(fmt::format("could not publish on {}", message.topic));
    }
}

BusClient::Arrived BusClient::await(const std::function<bool(const Arrived&)>& wanted,
                                    Span deadline) {
    std::unique_lock lock(mutex_);
    auto found = arrived_.end();
    const bool came = changed_.wait_for(lock, deadline, [&] {
        found = std::find_if(arrived_.begin(), arrived_.end(), wanted);
        return found != arrived_.end();
    });
    if (!came) {
        throw std::runtime_error(
            fmt::format("nothing wanted came within {} ms; {} other messages did", deadline.count(),
                        arrived_.size()));
    }
    Arrived result = std::move(*found);
    arrived_.erase(found);
    return result;
}

std::optional<BusClient::Arrived> BusClient::take(
    const std::function<bool(const Arrived&)>& wanted) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(arrived_.begin(), arrived_.end(), wanted);
    if (found == arrived_.end()) {
        return std::nullopt;
    }
    Arrived result = std::move(*found);
    arrived_.erase(found);
    return result;
}

BusClient::Arrived BusClient::ask(Message message, Span deadline) {
    // Another client may listen on the same reply topic.
    const std::string tag = fmt::format("{}-{}", static_cast<const void*>(this), ++asked_);
    message.correlation_data = tag;
    publish(message);
    return await([&tag](const Arrived& arrived) { return arrived.correlation_data == tag; },
                 deadline);
}

void BusClient::on_message(const Message& message) noexcept {
    const std::lock_guard lock(mutex_);
    arrived_.push_back({.topic = std::string(message.topic),
                        .payload = std::string(message.payload),
                        .correlation_data = std::string(message.correlation_data),
                        .content_type = std::string(message.content_type),
                        .utf8_payload = message.utf8_payload});
    changed_.notify_all();
}

void BusClient::on_link(LinkState state, std::string_view) noexcept {
    const std::lock_guard lock(mutex_);
    link_ = state;
    changed_.notify_all();
}

}  // namespace flyball::testing
