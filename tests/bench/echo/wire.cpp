#include "tests/bench/echo/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace flyball::bench {
namespace {

constexpr std::uint8_t publish_head = 0x30;
constexpr std::uint8_t puback_head = 0x40;
constexpr char response_topic_id = 0x08;
constexpr char correlation_id = 0x09;

void put_number(std::string& out, std::size_t value) {
    out += static_cast<char>(value >> 8U);
    out += static_cast<char>(value & 0xffU);
}

void put_text(std::string& out, std::string_view text) {
    put_number(out, text.size());
    out += text;
}

void put_length(std::string& out, std::size_t length) {
    do {
        const auto low = static_cast<unsigned char>(length & 0x7fU);
        length >>= 7U;
        out += static_cast<char>(length > 0 ? low | 0x80U : low);
    } while (length > 0);
}

std::size_t property_bytes(std::string_view text) {
    return text.empty() ? 0 : 3 + text.size();
}

std::size_t length_bytes(std::size_t length) {
    return length < 128 ? 1 : length < 16384 ? 2 : length < 2097152 ? 3 : 4;
}

// Takes fields off the front of a packet.
struct Fields {
    std::string_view rest;
    std::string_view take(std::size_t bytes) {
        if (bytes > rest.size()) {
            throw std::runtime_error("a packet is shorter than it says");
        }
        const std::string_view taken = rest.substr(0, bytes);
        rest.remove_prefix(bytes);
        return taken;
    }
    std::size_t number() {
        const std::string_view two = take(2);
        return static_cast<std::size_t>(static_cast<unsigned char>(two[0])) * 256 +
               static_cast<unsigned char>(two[1]);
    }
    std::string_view text() { return take(number()); }
    std::size_t length() {
        std::size_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto octet = static_cast<unsigned char>(take(1)[0]);
            value |= static_cast<std::size_t>(octet & 0x7fU) << shift;
            if ((octet & 0x80U) == 0) {
                return value;
            }
        }
    }
};

// How long the value of a property is that we do not care about.
void skip_property(Fields& fields, char id) {
    switch (id) {
        case 0x01: fields.take(1); return;
        case 0x02: fields.take(4); return;
        case 0x03: fields.text(); return;
        case 0x26: fields.text(), fields.text(); return;
        default: throw std::runtime_error("a property that no responder here sends");
    }
}

}  // namespace

WireClient::WireClient(std::uint16_t port, const std::string& client_id) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket_);
        throw std::runtime_error("no broker");
    }
    std::string body;
    put_text(body, "MQTT");
    body += '\x05';
    body += '\x02';         // clean start
    put_number(body, 600);  // keep alive: longer than any run
    body += '\0';           // no properties
    put_text(body, client_id);
    out_ += '\x10';
    put_length(out_, body.size());
    out_ += body;
    flush();
    std::optional<Frame> connack;
    while (!connack && receive(-1)) {
        connack = take_frame();
    }
}

WireClient::~WireClient() {
    ::close(socket_);
}

void WireClient::subscribe(std::string_view filter, int qos) {
    std::string body;
    put_number(body, ++packet_id_);
    body += '\0';
    put_text(body, filter);
    body += static_cast<char>(qos);
    out_ += '\x82';
    put_length(out_, body.size());
    out_ += body;
    flush();
    std::optional<Frame> suback;
    while (!suback && receive(-1)) {
        suback = take_frame();
    }
}

void WireClient::queue(const Outgoing& message) {
    const std::size_t properties =
        property_bytes(message.response_topic) + property_bytes(message.correlation);
    const std::size_t body = 2 + message.topic.size() + (message.qos > 0 ? 2 : 0) +
                             length_bytes(properties) + properties + message.payload.size();
    out_ += static_cast<char>(publish_head | (message.qos << 1));
    put_length(out_, body);
    put_text(out_, message.topic);
    if (message.qos > 0) {
        packet_id_ =
            packet_id_ == 0xffff ? std::uint16_t{1} : static_cast<std::uint16_t>(packet_id_ + 1);
        put_number(out_, packet_id_);
    }
    put_length(out_, properties);
    if (!message.response_topic.empty()) {
        out_ += response_topic_id;
        put_text(out_, message.response_topic);
    }
    if (!message.correlation.empty()) {
        out_ += correlation_id;
        put_text(out_, message.correlation);
    }
    out_ += message.payload;
}

void WireClient::flush() {
    std::string_view rest = out_;
    while (!rest.empty()) {
        const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            throw std::runtime_error("the broker closed the connection");
        }
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    out_.clear();
}

bool WireClient::receive(int timeout_us) {
    if (timeout_us >= 0) {
        pollfd ready{socket_, POLLIN, 0};
        const timespec wait{timeout_us / 1'000'000, (timeout_us % 1'000'000) * 1000L};
        if (::ppoll(&ready, 1, &wait, nullptr) <= 0) {
            return false;
        }
    }
    in_.erase(0, taken_);
    taken_ = 0;
    std::array<char, 64 * 1024> bytes;
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (got <= 0) {
        throw std::runtime_error("the broker closed the connection");
    }
    in_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
}

bool WireClient::buffered() const {
    std::size_t length = 0;
    for (std::size_t i = taken_ + 1, shift = 0; i < in_.size(); ++i, shift += 7) {
        const auto octet = static_cast<unsigned char>(in_[i]);
        length |= static_cast<std::size_t>(octet & 0x7fU) << shift;
        if ((octet & 0x80U) == 0) {
            return i + 1 + length <= in_.size();
        }
    }
    return false;
}

std::optional<WireClient::Frame> WireClient::take_frame() {
    if (!buffered()) {
        return std::nullopt;
    }
    const auto head = static_cast<std::uint8_t>(in_[taken_]);
    Fields fields{std::string_view(in_).substr(taken_ + 1)};
    const std::size_t length = fields.length();
    const std::string_view body = fields.take(length);
    taken_ = static_cast<std::size_t>(body.data() + body.size() - in_.data());
    return Frame{head, body};
}

Delivery WireClient::read_publish(const Frame& frame) {
    Delivery out;
    out.qos = (frame.head >> 1) & 3;
    Fields fields{frame.body};
    out.topic = fields.text();
    if (out.qos > 0) {
        out_ += static_cast<char>(puback_head);
        out_ += '\x02';
        out_ += fields.take(2);
    }
    Fields properties{fields.take(fields.length())};
    while (!properties.rest.empty()) {
        const char id = properties.take(1)[0];
        if (id == response_topic_id) {
            out.response_topic = properties.text();
        } else if (id == correlation_id) {
            out.correlation = properties.text();
        } else {
            skip_property(properties, id);
        }
    }
    out.payload = fields.rest;
    return out;
}

std::optional<Delivery> WireClient::next(int timeout_us) {
    while (true) {
        while (const auto frame = take_frame()) {
            if ((frame->head & 0xf0U) == publish_head) {
                return read_publish(*frame);
            }
        }
        if (!receive(timeout_us)) {
            return std::nullopt;
        }
    }
}

}  // namespace flyball::bench
