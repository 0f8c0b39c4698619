#pragma once
// A Receiver that keeps what it is told, for tests. Any thread; waits are on a condition with a
// deadline.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "transport/transport.h"

namespace flyball::testing {

// A Message that owns its bytes.
struct Received {
    explicit Received(const Message& message);
    std::string topic;
    std::string payload;
    Qos qos;
    bool retain;
    std::optional<std::string> response_topic;
    std::string correlation_data;
    std::string content_type;
    std::string traceparent;
    std::string tracestate;
    std::optional<std::uint32_t> expiry_s;
    bool utf8_payload;
};

class Recorder : public Receiver {
public:
    void on_message(const Message& message) noexcept override;
    void on_link(LinkState state, std::string_view why) noexcept override;
    std::optional<Will> will() noexcept override;

    // What to do on a message, beside keeping it; set before start().
    std::function<void(const Message&)> answer;
    std::optional<Will> last_will;  // set before start()

    std::vector<Received> messages() const;
    std::size_t count() const;
    std::vector<std::pair<LinkState, std::string>> links() const;
    std::size_t times(LinkState state) const;
    std::size_t wills_asked() const;
    std::string last_why() const;

private:
    mutable std::mutex mutex_;
    std::vector<Received> messages_;
    std::vector<std::pair<LinkState, std::string>> links_;
    std::size_t wills_asked_ = 0;
};

// Looks every millisecond, at most so long; the result of the last look.
bool eventually(const std::function<bool()>& condition, Span patience = Span{10'000});
bool comes_up(const Transport& transport);

Message message_to(std::string_view topic, std::string_view payload, Qos qos = Qos::at_most_once);

}  // namespace flyball::testing
