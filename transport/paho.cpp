#include "transport/paho.h"

#include <fmt/core.h>

#include <algorithm>
#include <random>
#include <utility>

#include "schemas/expects.h"
#include "transport/memory_left.h"
#include "transport/paho_message.h"
#include "transport/paho_transport.h"
#include "transport/topic_filter.h"

namespace flyball {
namespace {

// What Paho copies into memory that is not there is the last that is heard of it.
constexpr std::size_t large_bytes = 64 * 1024;
constexpr std::size_t library_bytes = 256 * 1024;
constexpr auto quiet_after = std::chrono::milliseconds(50);
constexpr std::size_t outbound_most = 50'000;  // below Paho's 60,000, which throws when reached

Error bad_option(std::string message) {
    return Error{ErrorCode::usage, std::move(message)};
}

std::uint64_t random_up_to(std::uint64_t bound) {
    std::random_device device;
    return std::uniform_int_distribution<std::uint64_t>(0, bound)(device);
}

}  // namespace

Result<std::unique_ptr<Transport>> make_paho(PahoOptions options) {
    auto address = parse_broker_address(options.broker);
    if (!address) {
        return std::move(address).error();
    }
    if (options.client_id.empty()) {
        return bad_option("the MQTT client id is empty: give one");
    }
    for (const std::string& filter : options.filters) {
        if (!valid_filter(filter)) {
            return bad_option(fmt::format("\"{}\" is no MQTT topic filter", filter));
        }
    }
    if (options.outbound_max == 0 || options.outbound_max > outbound_most) {
        return bad_option(fmt::format("outbound_max {} is not from 1 to {}", options.outbound_max,
                                      outbound_most));
    }
    if (options.cert_file.empty() != options.key_file.empty()) {
        return bad_option("cert_file and key_file belong together: give both or neither");
    }
    if (options.backoff.first.count() <= 0 || options.backoff.first > options.backoff.max) {
        return bad_option("the first bound of the back-off is not between 1 ms and its maximum");
    }
    // Else Paho formats a line of trace for each packet and each of its functions, for nobody, into
    // 400 entries that are 125 kB of every process. Its environment variables still win.
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    return std::unique_ptr<Transport>(
        std::make_unique<PahoTransport>(std::move(options), std::move(*address)));
}

class PahoTransport::Use {
public:
    explicit Use(PahoTransport& transport) : transport_(transport) {
        transport_.users_.fetch_add(1);  // before looking, so that drop_client() waits for us
        client_ = transport_.active_.load();
    }
    ~Use() { transport_.users_.fetch_sub(1); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    mqtt::async_client* client() const { return client_; }

private:
    PahoTransport& transport_;
    mqtt::async_client* client_ = nullptr;
};

PahoTransport::PahoTransport(PahoOptions options, BrokerAddress address)
    : options_(std::move(options)),
      address_(std::move(address)),
      outbound_({.messages_max = options_.outbound_max, .bytes_max = options_.outbound_bytes_max},
                [this] { receiver_->on_room(); }),
      backoff_(options_.backoff, random_up_to),
      copies_(options_.filters) {}

PahoTransport::~PahoTransport() {
    stop();
}

void PahoTransport::start(Receiver& receiver) {
    expects(receiver_ == nullptr, "a transport is started once");
    receiver_ = &receiver;
    thread_ = std::thread([this] { run(); });
}

Publish PahoTransport::publish(const Message& message) noexcept {
    const Use use(*this);
    if (use.client() == nullptr) {
        return Publish::not_connected;
    }
    const std::size_t bytes = message.bytes();
    const std::size_t copies_bytes = 2 * bytes;
    const bool is_too_much =
        copies_bytes >= large_bytes && !memory_left(copies_bytes + library_bytes);
    const auto context = is_too_much ? std::nullopt : outbound_.enter(bytes);
    if (!context) {
        publish_full_.fetch_add(1, std::memory_order_relaxed);
        return Publish::full;
    }
    try {
        use.client()->publish(to_paho(message, properties_.load()), *context, outbound_);
        published_.fetch_add(1, std::memory_order_relaxed);
        return Publish::accepted;
    } catch (const mqtt::exception& error) {
        outbound_.leave(*context);
        if (error.get_return_code() == MQTTASYNC_DISCONNECTED) {
            return Publish::not_connected;
        }
    } catch (const std::exception&) {  // out of memory, as far as we know
        outbound_.leave(*context);
    }
    publish_failed_.fetch_add(1, std::memory_order_relaxed);
    return Publish::failed;
}

bool PahoTransport::flush(Span timeout) {
    return outbound_.wait_empty(Clock::now() + timeout);
}

void PahoTransport::unsubscribe() {
    wanted_.store(false);
    const Use use(*this);
    if (use.client() == nullptr || options_.filters.empty()) {
        return;
    }
    seen_ = received_.load();
    try {
        unsubscribing_ =
            use.client()->unsubscribe(mqtt::string_collection::create(options_.filters));
    } catch (const mqtt::exception&) {
        // The connection is going or gone, and with it, sessions being clean, the subscriptions.
        publish_failed_.fetch_add(1, std::memory_order_relaxed);
    }
}

// At QoS 1 a broker that lets so many be in flight (Mosquitto: 20) has confirmed long before it has
// sent what it had queued for us: each of our acknowledgements brings another one.
bool PahoTransport::await_unsubscribed(Span timeout) {
    const auto until = Clock::now() + timeout;
    if (!unsubscribing_ || link() != LinkState::up) {
        return true;
    }
    try {
        if (!unsubscribing_->wait_for(timeout)) {
            return false;
        }
    } catch (const mqtt::exception&) {
        return true;  // the connection is gone, or the broker said no: it will not say more
    }
    const auto is_quiet = [this] {
        if (const std::uint64_t received = received_.load(); received != seen_) {
            seen_ = received;
            seen_since_ = Clock::now();
        }
        return Clock::now() - seen_since_ >= quiet_after;
    };
    if (is_quiet()) {
        return true;
    }
    events_.sleep_until(std::min(until, seen_since_ + quiet_after), true);
    return is_quiet();
}

void PahoTransport::stop() {
    events_.stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

TransportCounts PahoTransport::counts() const {
    TransportCounts counts;
    counts.received = received_.load(std::memory_order_relaxed);
    counts.published = published_.load(std::memory_order_relaxed);
    counts.publish_full = publish_full_.load(std::memory_order_relaxed);
    counts.publish_failed = publish_failed_.load(std::memory_order_relaxed) + outbound_.refused();
    counts.connects = connects_.load(std::memory_order_relaxed);
    return counts;
}

}  // namespace flyball
