#include "fleet/run/line_channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "schemas/expects.h"

namespace flyball {

void LineChannel::close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

bool LineChannel::send(const Json& line) {
    const std::string text = json_text(line) + "\n";
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t sent = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            over_ = true;
            return false;
        }
        left.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
    return true;
}

std::vector<Json> LineChannel::receive() {
    std::array<char, 16 * 1024> block{};
    ssize_t size = 0;
    while ((size = ::recv(fd_, block.data(), block.size(), MSG_DONTWAIT)) > 0) {
        buffered_.append(block.data(), static_cast<std::size_t>(size));
    }
    over_ = over_ || size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
    std::vector<Json> lines;
    std::size_t start = 0;
    std::size_t end = 0;
    while ((end = buffered_.find('\n', start)) != std::string::npos) {
        if (auto line = parse_json(std::string_view(buffered_).substr(start, end - start))) {
            lines.push_back(*std::move(line));
        }
        start = end + 1;
    }
    buffered_.erase(0, start);
    over_ = over_ || buffered_.size() > line_bytes_max;
    return lines;
}

SocketPair make_socket_pair() {
    std::array<int, 2> ends{-1, -1};
    const int failed = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data());
    expects(failed == 0, "a pair of sockets");
    return {ends[0], ends[1]};
}

}  // namespace flyball
