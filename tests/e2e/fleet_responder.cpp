#include "tests/e2e/fleet_responder.h"

#include <chrono>
#include <stdexcept>

namespace flyball::testing {

Responder::Responder(const std::string& broker, const std::string& root, Answer answer)
    : answer_(std::move(answer)) {
    PahoOptions options;
    options.broker = broker;
    options.client_id = "responder-" + std::to_string(std::hash<std::string>()(root));
    options.filters = {root + "/+/+/request/#", root + "/+/+/admin", root + "/admit/request/#",
                       root + "/control"};
    transport_ = make_paho(std::move(options)).value();
    transport_->start(*this);
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20),
                           [this] { return link_ == LinkState::up; })) {
        throw std::runtime_error("the responder did not reach its broker");
    }
}

Responder::~Responder() {
    transport_->stop();
}

void Responder::publish(const std::string& topic, const std::string& payload, bool retain) {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.qos = Qos::at_least_once;
    message.retain = retain;
    if (transport_->publish(message) != Publish::accepted ||
        !transport_->flush(std::chrono::seconds(20))) {
        throw std::runtime_error("the responder could not publish");
    }
}

std::vector<Responder::Request> Responder::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void Responder::on_link(LinkState state, std::string_view) noexcept {
    const std::lock_guard lock(mutex_);
    link_ = state;
    changed_.notify_all();
}

void Responder::on_message(const Message& message) noexcept {
    Request request;
    request.topic = message.topic;
    request.response_topic = message.response_topic;
    request.msgpack =
        !message.payload.empty() && message.payload[0] != '{' && message.payload[0] != '[';
    request.payload = request.msgpack ? Json::from_msgpack(message.payload, true, false)
                                      : Json::parse(message.payload, nullptr, false);
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
    }
    const std::optional<Json> answer = answer_(request);
    if (!answer) {
        return;
    }
    std::string payload;
    if (request.msgpack) {
        Json::to_msgpack(*answer, payload);
    } else {
        payload = answer->dump();
    }
    Message reply;
    reply.topic = message.response_topic;
    reply.payload = payload;
    reply.correlation_data = message.correlation_data;
    reply.qos = message.qos;
    transport_->publish(reply);
}

}  // namespace flyball::testing
