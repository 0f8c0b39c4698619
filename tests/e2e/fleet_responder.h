#pragma once
// A node of the test's own making: it answers whatever is sent below its root as it was told, and
// publishes what the test wants. Uses the Paho transport and nothing of the tool's. The answer is
// made on the transport's thread.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "transport/paho.h"

namespace flyball::testing {

using Json = nlohmann::ordered_json;

class Responder final : private Receiver {
public:
    struct Request {
        std::string topic;
        std::string response_topic;
        bool msgpack = false;
        Json payload;
    };
    // What to answer; nothing is silence.
    using Answer = std::function<std::optional<Json>(const Request& request)>;

    // Subscribed when it returns; throws when that takes longer than 20 s.
    Responder(const std::string& broker, const std::string& root, Answer answer);
    ~Responder() override;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    void publish(const std::string& topic, const std::string& payload, bool retain = false);
    std::vector<Request> requests() const;

private:
    void on_message(const Message& message) noexcept override;
    void on_link(LinkState state, std::string_view why) noexcept override;
    std::optional<Will> will() noexcept override { return std::nullopt; }

    Answer answer_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    LinkState link_ = LinkState::down;
    std::vector<Request> requests_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace flyball::testing
