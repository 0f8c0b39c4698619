#include "fleet/run/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fleet/run/loopback_port.h"

namespace flyball {
namespace {

constexpr std::size_t under_way_max = 64 * 1024;

void no_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Result<std::unique_ptr<Relay>> Relay::make(const std::vector<std::string>& names,
                                           std::uint16_t hub_port) {
    std::unique_ptr<Relay> relay(new Relay(hub_port, ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    for (const std::string& name : names) {
        auto line = std::make_unique<Line>();
        line->name = name;
        line->listener = listen_on_loopback(line->port);
        if (line->listener < 0) {
            return Error{ErrorCode::unavailable, "no loopback port for the line of " + name};
        }
        relay->lines_.push_back(std::move(line));
    }
    Relay& started = *relay;
    relay->thread_ = std::thread([&started] { started.run(); });
    return relay;
}

Relay::~Relay() {
    stopping_ = true;
    eventfd_write(wake_, 1);
    if (thread_.joinable()) {
        thread_.join();
    }
    for (const Link& link : links_) {
        ::close(link.region);
        ::close(link.hub);
    }
    for (const auto& line : lines_) {
        ::close(line->listener);
    }
    ::close(wake_);
}

std::uint16_t Relay::port(const std::string& name) const {
    const auto line =
        std::ranges::find_if(lines_, [&](const auto& one) { return one->name == name; });
    return line == lines_.end() ? 0 : (*line)->port;
}

void Relay::set_cut(const std::string& name, bool cut) {
    for (const auto& line : lines_) {
        if (line->name == name) {
            line->cut = cut;
        }
    }
    eventfd_write(wake_, 1);
}

void Relay::accept(Line& line) {
    const int region = ::accept4(line.listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (region < 0) {
        return;
    }
    const int hub = line.cut ? -1 : connect_to_loopback(hub_port_);
    if (hub < 0) {
        ::close(region);  // the broker tries again by itself
        return;
    }
    no_delay(region);
    no_delay(hub);
    links_.push_back({&line, region, hub, {}, {}});
}

// Moves what can be moved without waiting; false when the connection is over.
bool Relay::pump(int from, int to, Flow& flow, short readable) {
    if (readable != 0 && flow.bytes.size() < under_way_max) {
        const std::size_t before = flow.bytes.size();
        flow.bytes.resize(under_way_max);
        const ssize_t got =
            ::recv(from, flow.bytes.data() + before, under_way_max - before, MSG_DONTWAIT);
        flow.bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
    }
    while (flow.sent < flow.bytes.size()) {
        const ssize_t put = ::send(to, flow.bytes.data() + flow.sent, flow.bytes.size() - flow.sent,
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        flow.sent += static_cast<std::size_t>(put);
    }
    flow.bytes.clear();
    flow.sent = 0;
    return true;
}

void Relay::drop_cut_links() {
    std::erase_if(links_, [](const Link& link) {
        if (link.line->cut) {
            ::close(link.region);
            ::close(link.hub);
        }
        return link.line->cut.load();
    });
}

void Relay::run() {
    std::vector<pollfd> fds;
    while (!stopping_) {
        drop_cut_links();
        fds.assign(1, {wake_, POLLIN, 0});
        for (const auto& line : lines_) {
            fds.push_back({line->listener, POLLIN, 0});
        }
        const auto wanted = [](const Flow& in, const Flow& out) {
            return static_cast<short>((in.bytes.size() < under_way_max ? POLLIN : 0) |
                                      (out.bytes.empty() ? 0 : POLLOUT));
        };
        for (const Link& link : links_) {
            fds.push_back({link.region, wanted(link.up, link.down), 0});
            fds.push_back({link.hub, wanted(link.down, link.up), 0});
        }
        if (::poll(fds.data(), fds.size(), -1) < 0) {
            continue;  // EINTR
        }
        eventfd_t count = 0;
        eventfd_read(wake_, &count);
        constexpr short has_news = POLLIN | POLLHUP | POLLERR;
        std::size_t at = 1 + lines_.size();
        std::erase_if(links_, [&](Link& link) {
            const auto region = static_cast<short>(fds[at++].revents & has_news);
            const auto hub = static_cast<short>(fds[at++].revents & has_news);
            const bool alive = pump(link.region, link.hub, link.up, region) &&
                               pump(link.hub, link.region, link.down, hub);
            if (!alive) {
                ::close(link.region);
                ::close(link.hub);
            }
            return !alive;
        });
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            if (fds[1 + i].revents != 0) {
                accept(*lines_[i]);
            }
        }
    }
}

}  // namespace flyball
