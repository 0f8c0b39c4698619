#include "fleet/bus.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "fleet/typed_json.h"
#include "schemas/expects.h"
#include "schemas/topic.h"
#include "transport/paho.h"
#include "transport/tls_certificate.h"

namespace flyball {
namespace {

constexpr std::int64_t poll_ms_max = 3'600'000;  // poll takes an int; the caller looks again

// With a login, below a level of that name: the ACLs in the documentation let it read there.
std::string make_reply_topic(const BusOptions& options, std::string_view tenant) {
    std::string topic = options.prefix + "/reply/";
    const std::string login = tenant.empty() ? login_of(options) : std::string(tenant);
    append_encoded_tenant(topic, login.empty() ? "flyball" : login);
    return topic + "/" + random_hex(16);
}

Error no_broker(const BusOptions& options, std::string_view why) {
    // The transport goes on trying, which is no news to somebody who is told that we gave up.
    why = why.substr(0, why.rfind("; next attempt"));
    if (why.starts_with(options.broker)) {
        return {ErrorCode::unavailable, fmt::format("no connection to the broker at {}", why)};
    }
    std::string message = fmt::format("no connection to the broker at {}", options.broker);
    message += why.empty() ? "" : fmt::format(": {}", why);
    return {ErrorCode::unavailable, std::move(message)};
}

}  // namespace

std::string login_of(const BusOptions& options) {
    // A file that cannot be read is no login; connecting says what is wrong with it.
    if (options.cert_file.empty() || !options.username.empty()) {
        return options.username;
    }
    const auto pem = read_small_file(options.cert_file, "certificate file");
    const auto all = pem ? parse_certificates(*pem, options.cert_file)
                         : Result<std::vector<Certificate>>(pem.error());
    return all ? all->front().common_name : std::string();
}

std::string random_hex(std::size_t digits) {
    std::random_device source;
    std::string text;
    while (text.size() < digits) {
        text += fmt::format("{:08x}", source());
    }
    text.resize(digits);
    return text;
}

Bus::Bus(const BusOptions& options, std::string reply_topic)
    : options_(options),
      reply_topic_(std::move(reply_topic)),
      event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    expects(event_fd_ >= 0, "an eventfd");
}

Bus::~Bus() {
    if (transport_) {
        transport_->stop();
    }
    close(event_fd_);
}

Result<std::unique_ptr<Bus>> Bus::connect(const BusOptions& options,
                                          std::vector<std::string> filters,
                                          std::string_view tenant) {
    return connect_at(options, std::move(filters), make_reply_topic(options, tenant));
}

Result<std::unique_ptr<Bus>> Bus::connect_at(const BusOptions& options,
                                             std::vector<std::string> filters,
                                             std::string reply_topic) {
    std::unique_ptr<Bus> bus(new Bus(options, std::move(reply_topic)));
    filters.push_back(bus->reply_topic_);
    PahoOptions paho;
    paho.broker = options.broker;
    paho.client_id = "flyball-tool-" + random_hex(10);  // 23 in all: what 3.1.1 promises to take
    paho.username = options.username;
    paho.password_file = options.password_file;
    paho.ca_file = options.ca_file;
    paho.cert_file = options.cert_file;
    paho.key_file = options.key_file;
    paho.filters = std::move(filters);
    paho.send_retained = true;
    paho.backoff.max = Span{5'000};  // somebody looks on
    paho.inbound_packet_max = 0;     // a fleet's own limits hold; the tool shows what there is
    auto transport = make_paho(std::move(paho));
    if (!transport) {
        return transport.error();
    }
    bus->transport_ = *std::move(transport);
    bus->transport_->start(*bus);
    if (auto up = bus->wait_until_up(); !up) {
        return up.error();
    }
    return bus;
}

Result<bool> Bus::wait_until_up() {
    // The first failure may only mean that this broker speaks 3.1.1: the transport learns from it
    // and tries again at once.
    constexpr int attempts_max = 2;
    const Deadline deadline = deadline_after(options_.timeout);
    while (true) {
        wait(deadline, -1);
        const std::lock_guard lock(mutex_);
        if (link_ == LinkState::up) {
            return true;
        }
        if (failures_ >= attempts_max || left_until(deadline) == Span::zero()) {
            return no_broker(options_, why_);
        }
    }
}

void Bus::on_message(const Message& message) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (arrived_.size() >= arrived_max) {
            ++dropped_;
            return;
        }
        arrived_.push_back({std::string(message.topic), std::string(message.payload),
                            std::string(message.correlation_data),
                            std::string(message.response_topic), message.retain, wall_now()});
    }
    signal();
}

void Bus::on_link(LinkState state, std::string_view why) noexcept {
    {
        const std::lock_guard lock(mutex_);
        link_ = state;
        if (state == LinkState::down || state == LinkState::name_taken) {
            ++failures_;
            why_ = why;
        }
        if (state != LinkState::connecting && notes_.size() < notes_max) {
            notes_.emplace_back(why);
        }
    }
    signal();
}

void Bus::signal() const noexcept {
    eventfd_write(event_fd_, 1);  // only fails when the count is full: then it is readable anyway
}

Bus::Woken Bus::wait(std::optional<Deadline> deadline, int stop_fd) const {
    std::array<pollfd, 2> fds{{{event_fd_, POLLIN, 0}, {stop_fd, POLLIN, 0}}};
    const std::int64_t left = deadline ? left_until(*deadline).count() : -1;
    ::poll(fds.data(), fds.size(), static_cast<int>(std::min<std::int64_t>(left, poll_ms_max)));
    if ((fds[1].revents & POLLIN) != 0) {
        return Woken::stopped;
    }
    if ((fds[0].revents & POLLIN) != 0) {
        eventfd_t count = 0;
        eventfd_read(event_fd_, &count);
    }
    return Woken::look;
}

std::optional<Arrived> Bus::pop() {
    const std::lock_guard lock(mutex_);
    if (arrived_.empty()) {
        return std::nullopt;
    }
    Arrived first = std::move(arrived_.front());
    arrived_.pop_front();
    return first;
}

std::optional<Arrived> Bus::next(std::optional<Deadline> deadline, int stop_fd) {
    while (true) {
        if (auto message = pop()) {
            return message;
        }
        if (deadline && left_until(*deadline) == Span::zero()) {
            return std::nullopt;
        }
        if (wait(deadline, stop_fd) == Woken::stopped) {
            return std::nullopt;
        }
    }
}

std::optional<Arrived> Bus::poll() {
    eventfd_t count = 0;
    eventfd_read(event_fd_, &count);  // before the look: what comes after it wakes again
    return pop();
}

bool Bus::is_up() {
    const std::lock_guard lock(mutex_);
    return link_ == LinkState::up;
}

std::vector<std::string> Bus::notes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
}

Result<std::optional<Json>> Bus::ask(const Question& question) {
    Json document = question.batch ? Json(question.entries) : question.entries.front();
    const bool properties = transport_->protocol_version() == 5;
    if (!properties) {
        (question.batch ? document.front() : document)["reply_to"] = reply_topic_;
    }
    auto payload = encode_payload(document, question.format);
    if (!payload) {
        return payload.error();
    }
    const std::string correlation = random_hex(16);
    Message message;
    message.topic = question.topic;
    message.payload = *payload;
    message.qos = Qos::at_least_once;
    message.has_response_topic = properties;
    message.response_topic = reply_topic_;
    message.correlation_data = correlation;
    if (const Publish sent = transport_->publish(message); sent != Publish::accepted) {
        return no_broker(options_, "it went away before the request left");
    }
    const Deadline deadline = deadline_after(options_.timeout + question.extra);
    while (const auto reply = next(deadline)) {
        if (reply->topic != reply_topic_ || (properties && reply->correlation != correlation)) {
            continue;
        }
        if (auto decoded = decode_payload(reply->payload)) {
            return decoded;
        }
        return Error{ErrorCode::internal, "the reply is neither msgpack nor JSON"};
    }
    return std::optional<Json>();
}

bool Bus::answer(const Arrived& question, const Json& reply) {
    std::string topic = question.response_topic;
    if (const auto asked = decode_payload(question.payload); topic.empty() && asked) {
        topic = text_at(*asked, "reply_to");
    }
    const std::string payload = json_text(reply);
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.qos = Qos::at_least_once;
    message.correlation_data = question.correlation;
    constexpr std::size_t reply_topic_max = 256;  // as of a node's replies
    constexpr Span patience{500};                 // whoever answers may be about to end
    return valid_publish_topic(topic, reply_topic_max) &&
           transport_->publish(message) == Publish::accepted && transport_->flush(patience);
}

bool Bus::publish_retained(const std::string& topic, const Json& document) {
    const std::string payload = json_text(document);
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.qos = Qos::at_least_once;
    message.retain = true;
    return transport_->publish(message) == Publish::accepted;
}

bool Bus::clear_retained(const std::string& topic) {
    Message message;
    message.topic = topic;
    message.qos = Qos::at_least_once;
    message.retain = true;
    return transport_->publish(message) == Publish::accepted && transport_->flush(options_.timeout);
}

std::optional<std::int64_t> Bus::echo_us(std::size_t bytes) {
    std::string payload = random_hex(16);
    payload.resize(std::max(bytes, payload.size()), '.');
    Message message;
    message.topic = reply_topic_;
    message.payload = payload;
    message.qos = Qos::at_least_once;
    const std::int64_t begun_us = monotonic_us();
    if (transport_->publish(message) != Publish::accepted) {
        return std::nullopt;
    }
    const Deadline deadline = deadline_after(options_.timeout);
    while (const auto arrived = next(deadline)) {
        if (arrived->topic == reply_topic_ && arrived->payload == payload) {
            return monotonic_us() - begun_us;
        }
    }
    return std::nullopt;
}

bool Bus::drain(std::vector<Arrived>& messages) {
    constexpr Span quiet{500};
    const std::uint64_t failed = transport_->counts().publish_failed;
    const std::string mark = random_hex(16);
    Message message;
    message.topic = reply_topic_;
    message.payload = mark;
    message.qos = Qos::at_least_once;
    transport_->publish(message);
    const Deadline deadline = deadline_after(options_.timeout);
    Deadline silent = deadline_after(quiet);
    while (std::chrono::steady_clock::now() < deadline) {
        auto arrived = next(std::min(deadline, silent));
        if (!arrived) {
            if (transport_->counts().publish_failed > failed) {
                return true;  // an access list keeps the mark from us
            }
            silent = deadline_after(quiet);
            continue;
        }
        if (arrived->topic == reply_topic_) {
            if (arrived->payload == mark) {
                return true;
            }
            continue;
        }
        if (arrived->retained) {
            silent = deadline_after(quiet);
        }
        messages.push_back(*std::move(arrived));
    }
    return false;
}

}  // namespace flyball
