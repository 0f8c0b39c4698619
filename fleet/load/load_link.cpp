#include "fleet/load/load_link.h"

#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <vector>

#include "schemas/topic.h"
#include "transport/inbox.h"
#include "transport/paho.h"

namespace flyball {

namespace {

using nlohmann::json;

// A few lines of one tool need not spare a broker that was started anew, as a fleet's nodes must: a
// minute away would count as silence of the nodes.
constexpr Backoff::Limits pauses{.first = Span{100}, .max = Span{500}};
constexpr Inbox::Limits waiting_max{.messages_max = 65'536, .bytes_max = 64UL * 1024 * 1024};

// Discarded when it could not be read.
json reply_of(std::string_view payload) {
    try {
        return json::from_msgpack(payload, true, false);
    } catch (const json::exception&) {
        return {json::value_t::discarded};  // e.g. a declared length beyond what a vector can hold
    }
}

std::uint64_t number_of(const json& reply) {
    const auto cid = reply.find("cid");
    return cid != reply.end() && cid->is_number_unsigned() ? cid->get<std::uint64_t>() : 0;
}

class PahoLoadLink final : public LoadLink, private Receiver {
public:
    static Result<std::unique_ptr<LoadLink>> make(const BusOptions& bus, int wake_fd);
    ~PahoLoadLink() override;
    PahoLoadLink(const PahoLoadLink&) = delete;
    PahoLoadLink& operator=(const PahoLoadLink&) = delete;

    bool send(const std::string& topic, json document, std::uint64_t n,
              std::uint32_t expiry_s) override;
    bool take(Arrival& into) override;
    bool up() const override { return up_.load(); }
    std::string trouble() const override;
    std::uint64_t dropped() const override { return dropped_.load(); }

private:
    PahoLoadLink(std::string reply_topic, int wake_fd)
        : reply_topic_(std::move(reply_topic)), wake_fd_(wake_fd) {}
    void on_message(const Message& message) noexcept override;
    void on_link(LinkState state, std::string_view why) noexcept override;
    std::optional<Will> will() noexcept override { return std::nullopt; }

    const std::string reply_topic_;
    const int wake_fd_;
    Inbox inbox_{waiting_max};
    Inbox::Waiting waiting_;
    std::vector<std::uint8_t> bytes_;
    std::atomic<bool> up_{false};
    std::atomic<std::uint64_t> dropped_{0};
    mutable std::mutex mutex_;  // guards why_
    std::string why_;
    std::unique_ptr<Transport> transport_;
};

Result<std::unique_ptr<LoadLink>> PahoLoadLink::make(const BusOptions& bus, int wake_fd) {
    std::string reply_topic = bus.prefix + "/reply/";
    const std::string login = login_of(bus);
    append_encoded_tenant(reply_topic, login.empty() ? "flyball" : login);
    reply_topic += "/" + random_hex(16);
    std::unique_ptr<PahoLoadLink> link(new PahoLoadLink(reply_topic, wake_fd));
    PahoOptions paho;
    paho.broker = bus.broker;
    paho.client_id = "flyball-load-" + random_hex(10);
    paho.username = bus.username;
    paho.password_file = bus.password_file;
    paho.ca_file = bus.ca_file;
    paho.cert_file = bus.cert_file;
    paho.key_file = bus.key_file;
    paho.filters = {reply_topic};
    paho.tick_topic = reply_topic + "/tick";
    paho.inbound_packet_max = 0;  // replies to large batches
    paho.backoff = pauses;
    paho.outbound_max = 32'768;  // a schedule does not wait: full counts as unanswered
    paho.outbound_bytes_max = waiting_max.bytes_max;
    auto transport = make_paho(std::move(paho));
    if (!transport) {
        return transport.error();
    }
    link->transport_ = *std::move(transport);
    link->transport_->start(*link);
    return std::unique_ptr<LoadLink>(std::move(link));
}

PahoLoadLink::~PahoLoadLink() {
    transport_->stop();
}

bool PahoLoadLink::send(const std::string& topic, json document, std::uint64_t n,
                        std::uint32_t expiry_s) {
    if (transport_->protocol_version() == 4) {
        json& first = document.is_array() ? document.front() : document;
        first["cid"] = n;
        first["reply_to"] = reply_topic_;
        first["ttl_ms"] = expiry_s * 1000;
    }
    bytes_.clear();
    json::to_msgpack(document, bytes_);
    std::array<char, sizeof n> correlation{};
    std::memcpy(correlation.data(), &n, sizeof n);
    Message message;
    message.topic = topic;
    message.payload = {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    message.response_topic = reply_topic_;
    message.has_response_topic = true;
    message.correlation_data = {correlation.data(), correlation.size()};
    message.expiry_s = expiry_s;
    return transport_->publish(message) == Publish::accepted;
}

bool PahoLoadLink::take(Arrival& into) {
    if (!inbox_.take_one(waiting_)) {
        return false;
    }
    const Message& message = waiting_.message;
    into.arrived_us = waiting_.arrived_us;
    into.reply = reply_of(message.payload);
    into.n = 0;
    if (message.correlation_data.size() == sizeof into.n) {
        std::memcpy(&into.n, message.correlation_data.data(), sizeof into.n);
    } else if (const json& first =
                   into.reply.is_array() && !into.reply.empty() ? into.reply.front() : into.reply;
               first.is_object()) {
        into.n = number_of(first);
    }
    return true;
}

std::string PahoLoadLink::trouble() const {
    const std::lock_guard lock(mutex_);
    return why_;
}

void PahoLoadLink::on_message(const Message& message) noexcept {
    if (!inbox_.put(message, monotonic_us())) {
        ++dropped_;
    }
    if (wake_fd_ >= 0) {
        eventfd_write(wake_fd_, 1);  // only fails when the count is full: then it is readable
    }
}

void PahoLoadLink::on_link(LinkState state, std::string_view why) noexcept {
    up_ = state == LinkState::up;
    const std::lock_guard lock(mutex_);
    if (state != LinkState::connecting) {
        why_ = why;
    }
}

}  // namespace

Result<std::unique_ptr<LoadLink>> make_load_link(const BusOptions& bus, int wake_fd) {
    return PahoLoadLink::make(bus, wake_fd);
}

}  // namespace flyball
