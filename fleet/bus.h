#pragma once
// The tool's connection to a broker: connect, subscribe, wait for messages, ask and get the answer.
// One thread uses a Bus. Bounded: `arrived_max` messages wait to be looked at; what comes beyond is
// dropped and counted. Reconnects by itself, and says so in notes().

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/clock.h"
#include "fleet/payload.h"
#include "schemas/result.h"
#include "transport/transport.h"

namespace flyball {

struct BusOptions {
    std::string broker = "tcp://localhost:1883";
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::string username;
    std::string password_file;
    std::string prefix = "flyball/v1";
    Span timeout{5000};  // for the connection, and again for an answer
};

struct Arrived {
    std::string topic;
    std::string payload;
    std::string correlation;
    std::string response_topic;  // empty: it had none
    bool retained = false;
    Instant at;
};

struct Question {
    std::string topic;
    std::string tenant;         // of a tenant topic: the reply topic then lies below it
    std::vector<Json> entries;  // not empty
    bool batch = false;         // an array, else the one entry alone
    WireFormat format = WireFormat::msgpack;
    Span extra{};  // the node takes this long by itself
};

class Bus : private Receiver {
public:
    // The reply topic of this connection is always subscribed, `filters` too. Connected and
    // subscribed when it returns; unavailable, with the address, when that takes too long.
    static Result<std::unique_ptr<Bus>> connect(const BusOptions& options,
                                                std::vector<std::string> filters,
                                                std::string_view tenant = {});
    // The same with another place than <prefix>/reply/<login>/ for replies and our own marks.
    static Result<std::unique_ptr<Bus>> connect_at(const BusOptions& options,
                                                   std::vector<std::string> filters,
                                                   std::string reply_topic);
    ~Bus() override;
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

    // The next message, or nothing at the deadline or once `stop_fd` is readable.
    std::optional<Arrived> next(std::optional<Deadline> deadline, int stop_fd = -1);
    // The next that has arrived, without waiting. For whoever waits for fd() among others: it is
    // readable when something has arrived since the last call.
    std::optional<Arrived> poll();
    int fd() const { return event_fd_; }
    // Sends one payload and waits for its reply; nothing when none came in time.
    Result<std::optional<Json>> ask(const Question& question);
    // Everything that was queued for us before now has arrived once our own message to ourselves is
    // back; of a login that the broker says may not write (MQTT 5), once nothing retained has come
    // for half a second. Hands each message over. False when neither came in time.
    bool drain(std::vector<Arrived>& messages);
    // A message of so many bytes to ourselves and back, at least once: microseconds; nothing when
    // it did not come back in time. What else arrives meanwhile is dropped.
    std::optional<std::int64_t> echo_us(std::size_t bytes);
    int protocol_version() const { return transport_->protocol_version(); }  // 5, or 4 for 3.1.1
    // Sends `reply`, as JSON, to where the asker of `question` waits for it: its Response Topic,
    // else `reply_to` in its payload. False when it named none or it could not leave.
    bool answer(const Arrived& question, const Json& reply);
    // For the broker to keep on `topic`. False when it could not leave.
    bool publish_retained(const std::string& topic, const Json& document);
    // Takes what the broker keeps on `topic` away; at least once. False when it could not leave.
    bool clear_retained(const std::string& topic);

    bool is_up();  // connected and subscribed at this moment
    std::uint64_t dropped() const { return dropped_.load(); }
    std::vector<std::string> notes();  // what happened to the connection since the last call

private:
    explicit Bus(const BusOptions& options, std::string reply_topic);
    void on_message(const Message& message) noexcept override;
    void on_link(LinkState state, std::string_view why) noexcept override;
    std::optional<Will> will() noexcept override { return std::nullopt; }

    Result<bool> wait_until_up();
    std::optional<Arrived> pop();
    enum class Woken : std::uint8_t { look, stopped };
    Woken wait(std::optional<Deadline> deadline, int stop_fd) const;
    void signal() const noexcept;

    static constexpr std::size_t arrived_max = 65'536;  // a screen never shows that many a second
    static constexpr std::size_t notes_max = 100;       // changes of the link between two looks

    const BusOptions options_;
    const std::string reply_topic_;
    int event_fd_;
    std::mutex mutex_;  // guards what follows up to why_
    std::deque<Arrived> arrived_;
    std::vector<std::string> notes_;
    LinkState link_ = LinkState::down;
    int failures_ = 0;
    std::string why_;
    std::atomic<std::uint64_t> dropped_{0};
    std::unique_ptr<Transport> transport_;
};

// What the broker knows us by: the user name, else our certificate's common name, as
// use_identity_as_username has it; empty: neither.
std::string login_of(const BusOptions& options);

// Random lower-case hex digits: for client ids, reply topics and `--id auto`.
std::string random_hex(std::size_t digits);

}  // namespace flyball
