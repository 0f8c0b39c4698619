#include "tests/e2e/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <stdexcept>

namespace flyball::testing {
namespace {

constexpr int connect_type = 1, connack = 2, publish_type = 3, puback = 4, pubrec = 5, pubrel = 6,
              pubcomp = 7, subscribe_type = 8, suback = 9, pingreq = 12, pingresp = 13;
constexpr int patience_s = 20;

std::string two_bytes(std::size_t number) {
    return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
}

std::string counted(std::string_view text) {
    return two_bytes(text.size()) + std::string(text);
}

std::size_t number_at(const std::string& bytes, std::size_t at) {
    return (static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(at))) << 8U) |
           static_cast<unsigned char>(bytes.at(at + 1));
}

}  // namespace

RawClient::RawClient(std::uint16_t port, const Login& login) : version_(login.version) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = patience_s, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("the raw client did not reach its broker");
    }
    if (!login.identity.ca_file.empty()) {
        begin_tls(login.identity);
    }
    const bool has_will = !login.will_topic.empty();
    const std::string no_properties = version_ == 5 ? std::string(1, '\0') : std::string();
    std::string body = counted("MQTT");
    body += static_cast<char>(version_);
    body += static_cast<char>(0x02U | (has_will ? 0x04U : 0U) | (login.user.empty() ? 0U : 0x80U) |
                              (login.password.empty() ? 0U : 0x40U));
    body += two_bytes(60) + no_properties + counted(login.client_id);
    if (has_will) {
        body += no_properties + counted(login.will_topic) + counted("will");
    }
    if (!login.user.empty()) {
        body += counted(login.user);
    }
    if (!login.password.empty()) {
        body += counted(login.password);
    }
    send(connect_type << 4, body);
    if (const Packet answer = await(connack); answer.body.at(1) != 0) {
        throw std::runtime_error("the broker refused the raw client");
    }
}

RawClient::~RawClient() {
    session_.reset();
    ::close(socket_);
}

void RawClient::begin_tls(const Identity& identity) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const bool good =
        SSL_CTX_load_verify_locations(context_.get(), identity.ca_file.c_str(), nullptr) == 1 &&
        (identity.cert_file.empty() ||
         (SSL_CTX_use_certificate_file(context_.get(), identity.cert_file.c_str(),
                                       SSL_FILETYPE_PEM) == 1 &&
          SSL_CTX_use_PrivateKey_file(context_.get(), identity.key_file.c_str(),
                                      SSL_FILETYPE_PEM) == 1));
    session_.reset(SSL_new(context_.get()));
    if (!good || SSL_set_fd(session_.get(), socket_) != 1 || SSL_connect(session_.get()) != 1) {
        throw std::runtime_error("the raw client and its broker do not agree on TLS");
    }
}

void RawClient::send(int head, const std::string& body) const {
    std::string packet(1, static_cast<char>(head));
    std::size_t rest = body.size();
    do {
        const std::size_t digit = rest % 128;
        rest /= 128;
        packet += static_cast<char>(digit | (rest > 0 ? 0x80U : 0U));
    } while (rest > 0);
    packet += body;
    for (std::size_t sent = 0; sent < packet.size();) {
        const ssize_t more =
            session_ ? SSL_write(session_.get(), packet.data() + sent,
                                 static_cast<int>(packet.size() - sent))
                     : ::send(socket_, packet.data() + sent, packet.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) {
            throw std::runtime_error("the broker has closed the raw client's connection");
        }
        sent += static_cast<std::size_t>(more);
    }
}

std::string RawClient::read(std::size_t bytes) const {
    std::string out(bytes, '\0');
    for (std::size_t got = 0; got < bytes;) {
        const ssize_t more =
            session_ ? SSL_read(session_.get(), out.data() + got, static_cast<int>(bytes - got))
                     : ::recv(socket_, out.data() + got, bytes - got, 0);
        if (more <= 0) {
            throw std::runtime_error(more == 0 ? "the broker has closed the raw client's connection"
                                               : "nothing came from the broker in 20 s");
        }
        got += static_cast<std::size_t>(more);
    }
    return out;
}

RawClient::Packet RawClient::read_packet() {
    const int head = static_cast<unsigned char>(read(1)[0]);
    std::size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto digit = static_cast<unsigned char>(read(1)[0]);
        size |= static_cast<std::size_t>(digit & 0x7fU) << shift;
        if ((digit & 0x80U) == 0) {
            break;
        }
    }
    return {.type = head >> 4, .flags = head & 0x0f, .body = read(size)};
}

void RawClient::keep(const Packet& publish) {
    const std::size_t topic_size = number_at(publish.body, 0);
    std::size_t at = 2 + topic_size + ((publish.flags & 0x06) != 0 ? 2U : 0U);
    if (version_ == 5) {
        at +=
            1U + static_cast<unsigned char>(publish.body.at(at));  // properties of one byte's size
    }
    arrived_.push_back({publish.body.substr(2, topic_size), publish.body.substr(at)});
}

RawClient::Packet RawClient::await(int type) {
    while (true) {
        Packet packet = read_packet();
        if (packet.type == publish_type) {
            keep(packet);
        }
        if (packet.type == type) {
            return packet;
        }
        if (packet.type != publish_type) {
            throw std::runtime_error("a packet of type " + std::to_string(packet.type) + " for " +
                                     std::to_string(type));
        }
    }
}

int RawClient::reason_of(const Packet& ack) const {
    const int code = ack.body.size() > 2 ? static_cast<unsigned char>(ack.body[2]) : 0;
    return code < 0x80 ? 0 : code;  // success has several
}

int RawClient::publish(std::string_view topic, std::string_view payload, int qos, bool retain) {
    std::string body = counted(topic);
    if (qos > 0) {
        body += two_bytes(++packet_id_);
    }
    if (version_ == 5) {
        body += '\0';
    }
    body += payload;
    send((publish_type << 4) | (qos << 1) | (retain ? 1 : 0), body);
    if (qos == 0) {
        return 0;
    }
    const int reason = reason_of(await(qos == 1 ? puback : pubrec));
    if (qos == 2 && reason < 0x80) {
        send((pubrel << 4) | 2, two_bytes(packet_id_));
        await(pubcomp);
    }
    return reason;
}

int RawClient::subscribe(std::string_view filter) {
    std::string body = two_bytes(++packet_id_);
    if (version_ == 5) {
        body += '\0';
    }
    body += counted(filter) + '\0';
    send((subscribe_type << 4) | 2, body);
    return static_cast<unsigned char>(await(suback).body.back());
}

void RawClient::ping() {
    send(pingreq << 4, "");
    await(pingresp);
}

RawClient::Arrived RawClient::receive() {
    if (arrived_.empty()) {
        await(publish_type);
    }
    Arrived first = std::move(arrived_.front());
    arrived_.pop_front();
    return first;
}

}  // namespace flyball::testing
