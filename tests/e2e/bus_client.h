#pragma once
// A stranger on the bus: an MQTT 5 client that publishes raw bytes and keeps what arrives on its
// filters until a test asks for it. Waits have a deadline and throw when it passes.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "transport/transport.h"

namespace flyball::testing {

class BusClient final : private Receiver {
public:
    struct Arrived {
        std::string topic;
        std::string payload;
        std::string correlation_data;
        std::string content_type;
        bool utf8_payload = false;
    };

    BusClient(const std::string& broker, std::vector<std::string> filters);
    ~BusClient() override;
    BusClient(const BusClient&) = delete;
    BusClient& operator=(const BusClient&) = delete;

    void publish(const Message& message);
    // The oldest message for which `wanted` holds, taken out of what has arrived.
    Arrived await(const std::function<bool(const Arrived&)>& wanted, Span deadline);
    // The same without waiting.
    std::optional<Arrived> take(const std::function<bool(const Arrived&)>& wanted);
    // Publishes with a Correlation Data of its own and waits for what carries it back.
    Arrived ask(Message message, Span deadline);

private:
    void on_message(const Message& message) noexcept override;
    void on_link(LinkState state, std::string_view why) noexcept override;
    std::optional<Will> will() noexcept override { return std::nullopt; }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Arrived> arrived_;
    LinkState link_ = LinkState::down;
    std::uint64_t asked_ = 0;
    std::unique_ptr<Transport> transport_;
};

}  // namespace flyball::testing
