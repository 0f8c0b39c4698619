#pragma once
// The least of an MQTT 5 client over a raw blocking socket: what a load generator and the raw echo
// need and nothing else. Independent of the transport under test. One thread; throws
// std::runtime_error when the broker goes away, since a benchmark is over then.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flyball::bench {

struct Delivery {  // views into the client's buffer, valid until the next call of next()
    std::string_view topic;
    std::string_view payload;
    std::string_view response_topic;
    std::string_view correlation;
    int qos = 0;
};

struct Outgoing {
    std::string_view topic;
    std::string_view payload;
    std::string_view response_topic;
    std::string_view correlation;
    int qos = 0;
};

class WireClient {
public:
    WireClient(std::uint16_t port, const std::string& client_id);
    ~WireClient();
    WireClient(const WireClient&) = delete;
    WireClient& operator=(const WireClient&) = delete;

    void subscribe(std::string_view filter, int qos);  // waits for the SUBACK
    void queue(const Outgoing& message);               // leaves with the next flush()
    void flush();

    // The next delivery, acknowledged if it wants to be (the PUBACK leaves with the next flush());
    // nothing when the time came first. Negative: wait for ever.
    std::optional<Delivery> next(int timeout_us);
    bool buffered() const;  // a whole packet is here already

private:
    struct Frame {
        std::uint8_t head;
        std::string_view body;
    };
    bool receive(int timeout_us);
    std::optional<Frame> take_frame();
    Delivery read_publish(const Frame& frame);

    int socket_ = -1;
    std::uint16_t packet_id_ = 0;
    std::string out_;
    std::string in_;
    std::size_t taken_ = 0;
};

}  // namespace flyball::bench
