#include "tests/contract/fake_broker.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace flyball::testing {
namespace {

constexpr int mqtt5 = 5;

std::uint8_t octet(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
}

// Reads one field after the other from a packet's body; past the end everything is empty.
class Fields {
public:
    explicit Fields(std::string_view rest) : rest_(rest) {}
    int number(std::size_t bytes) {
        int value = 0;
        for (const char c : take(bytes)) {
            value = value * 256 + static_cast<std::uint8_t>(c);
        }
        return value;
    }
    std::string_view text() { return take(static_cast<std::size_t>(number(2))); }
    std::string_view properties() { return take(octet(take(1), 0)); }  // shorter than 128 here
    std::string_view take(std::size_t bytes) {
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(taken.size());
        return taken;
    }

private:
    std::string_view rest_;
};

bool read_exactly(int descriptor, char* into, std::size_t bytes) {
    while (bytes > 0) {
        const ssize_t got = ::recv(descriptor, into, bytes, 0);
        if (got <= 0) {
            return false;
        }
        into += got;
        bytes -= static_cast<std::size_t>(got);
    }
    return true;
}

}  // namespace

ConnectFields parse_connect(const Packet& packet) {
    Fields fields(packet.body);
    ConnectFields out;
    fields.text();  // "MQTT"
    out.level = fields.number(1);
    const int flags = fields.number(1);
    out.clean = (flags & 0x02) != 0;
    out.keep_alive_s = fields.number(2);
    if (out.level >= mqtt5) {
        out.properties = fields.properties();
    }
    fields.text();  // client id
    if ((flags & 0x04) != 0) {
        if (out.level >= mqtt5) {
            fields.properties();
        }
        fields.text();
        fields.text();
    }
    if ((flags & 0x80) != 0) {
        fields.text();
    }
    if ((flags & 0x40) != 0) {
        out.password = fields.text();
    }
    return out;
}

std::optional<Packet> FakeConnection::read() const {
    char head = 0;
    if (!read_exactly(descriptor_, &head, 1)) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
        char next = 0;
        if (!read_exactly(descriptor_, &next, 1)) {
            return std::nullopt;
        }
        length |= static_cast<std::size_t>(next & 0x7f) << shift;
        if ((next & 0x80) == 0) {
            break;
        }
        if (shift == 21) {
            return std::nullopt;  // no MQTT, e.g. somebody who looks whether TLS is spoken here
        }
    }
    Packet packet;
    packet.type = static_cast<std::uint8_t>(static_cast<std::uint8_t>(head) >> 4U);
    packet.body.resize(length);
    if (!read_exactly(descriptor_, packet.body.data(), length)) {
        return std::nullopt;
    }
    return packet;
}

void FakeConnection::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void FakeConnection::accept_connect(int level) const {
    using namespace std::string_view_literals;
    send(level >= mqtt5 ? "\x20\x03\x00\x00\x00"sv : "\x20\x02\x00\x00"sv);
}

void FakeConnection::accept_subscribe(const Packet& packet, int level, std::uint8_t code) const {
    std::string answer = level >= mqtt5 ? std::string("\x90\x04", 2) : std::string("\x90\x03", 2);
    answer += packet.body.substr(0, 2);
    if (level >= mqtt5) {
        answer += '\0';
    }
    answer += static_cast<char>(code);
    send(answer);
}

std::optional<ConnectFields> FakeConnection::let_in() const {
    const auto first = read();
    if (!first || !first->is(packet_type::connect)) {
        return std::nullopt;
    }
    ConnectFields fields = parse_connect(*first);
    accept_connect(fields.level);
    return fields;
}

void FakeConnection::behave() const {
    const auto fields = let_in();
    while (const auto packet = fields ? read() : std::nullopt) {
        if (packet->is(packet_type::subscribe)) {
            accept_subscribe(*packet, fields->level);
        }
    }
}

FakeBroker::FakeBroker(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        ::listen(listener_, 16) != 0) {
        throw std::runtime_error("no loopback port for a fake broker");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

FakeBroker::~FakeBroker() {
    ending_.store(true);
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
        const std::scoped_lock lock(mutex_);
        for (const int descriptor : descriptors_) {
            ::shutdown(descriptor, SHUT_RDWR);
        }
    }
    for (std::thread& script : scripts_) {
        script.join();
    }
    ::close(listener_);
}

void FakeBroker::accept_all() {
    while (!ending_.load()) {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) {
            return;
        }
        const int number = connections_.fetch_add(1) + 1;
        const std::scoped_lock lock(mutex_);
        descriptors_.push_back(descriptor);
        scripts_.emplace_back([this, descriptor, number] {
            script_(FakeConnection(descriptor, number));
            const std::scoped_lock forget(mutex_);
            descriptors_.remove(descriptor);
            ::close(descriptor);
        });
    }
}

std::string FakeBroker::address() const {
    return fmt::format("tcp://127.0.0.1:{}", port_);
}

}  // namespace flyball::testing
