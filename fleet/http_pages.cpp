#include "fleet/http_pages.h"

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <charconv>
#include <thread>

namespace flyball {
namespace {

// A browser opens six connections, some of them only in case, and each takes a thread while it
// lasts.
constexpr std::size_t threads = 8;
constexpr std::size_t payload_max = 1024;  // bytes; nobody has anything to send

// Scripts and styles from here alone, connections to brokers anywhere, nothing in a frame.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void answer(httplib::Response& response, const HttpPage& page) {
    response.set_header("Content-Security-Policy", policy);
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Referrer-Policy", "no-referrer");
    response.set_header("Cache-Control", "no-cache");
    response.set_content(page.make(), page.type);
}

}  // namespace

struct HttpPages::Parts {
    std::vector<HttpPage> pages;
    httplib::Server server;
    ListenAddress address;
    std::atomic<bool> ended{false};
    std::thread thread;
};

Result<ListenAddress> parse_listen(std::string_view text) {
    ListenAddress address;
    const std::size_t colon = text.rfind(':');
    unsigned port = 0;
    const std::string_view digits = text.substr(colon == text.npos ? text.size() : colon + 1);
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
    if (colon == text.npos || colon == 0 || digits.empty() || error != std::errc() ||
        end != digits.end() || port > 65'535) {
        return Error{ErrorCode::usage,
                     fmt::format("'{}' is no address to listen on, like 127.0.0.1:8080", text)};
    }
    address.host = std::string(text.substr(0, colon));
    if (address.host.starts_with('[') && address.host.ends_with(']')) {
        address.host = address.host.substr(1, address.host.size() - 2);
    }
    address.port = static_cast<std::uint16_t>(port);
    return address;
}

HttpPages::HttpPages(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

HttpPages::~HttpPages() {
    stop();
}

Result<std::unique_ptr<HttpPages>> HttpPages::start(const ListenAddress& address,
                                                    std::vector<HttpPage> pages) {
    auto parts = std::make_unique<Parts>();
    parts->pages = std::move(pages);
    parts->address = address;
    httplib::Server& server = parts->server;
    server.new_task_queue = [] { return new httplib::ThreadPool(threads); };  // it deletes it
    server.set_keep_alive_max_count(1);  // one that is kept would hold its thread for 5 s more
    server.set_payload_max_length(payload_max);
    // Its default shares a port with whoever listens there already (SO_REUSEPORT).
    server.set_socket_options([](int socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    for (const HttpPage& page : parts->pages) {
        server.Get(page.path, [&page](const httplib::Request&, httplib::Response& response) {
            answer(response, page);
        });
    }
    const int port = address.port == 0 ? server.bind_to_any_port(address.host)
                     : server.bind_to_port(address.host, address.port) ? address.port
                                                                       : -1;
    if (port <= 0) {
        return Error{ErrorCode::unavailable,
                     fmt::format("{}:{} cannot be listened on", address.host, address.port)};
    }
    parts->address.port = static_cast<std::uint16_t>(port);
    parts->thread = std::thread([&server, &ended = parts->ended] {
        server.listen_after_bind();
        ended = true;
    });
    // stop() would miss a server whose thread has not begun yet.
    while (!server.is_running() && !parts->ended) {
        std::this_thread::yield();
    }
    return std::unique_ptr<HttpPages>(new HttpPages(std::move(parts)));
}

std::uint16_t HttpPages::port() const {
    return parts_->address.port;
}

std::string HttpPages::url() const {
    const bool v6 = parts_->address.host.find(':') != std::string::npos;
    return fmt::format("http://{}{}{}:{}/", v6 ? "[" : "", parts_->address.host, v6 ? "]" : "",
                       parts_->address.port);
}

void HttpPages::stop() {
    if (parts_->thread.joinable()) {
        parts_->server.stop();
        parts_->thread.join();
    }
}

}  // namespace flyball
