#pragma once
// JSON objects, one a line, over a stream socket: how the tool gives orders to the processes that
// start others, and hears from them. Bounded: lines of 64 KiB. One thread at a time.

#include <string>
#include <vector>

#include "fleet/payload.h"

namespace flyball {

class LineChannel {
public:
    explicit LineChannel(int fd) : fd_(fd) {}
    ~LineChannel() { close(); }
    LineChannel(const LineChannel&) = delete;
    LineChannel& operator=(const LineChannel&) = delete;

    // Blocks while the other side does not read. False: it is gone.
    bool send(const Json& line);
    // What has arrived, without waiting; what is no JSON is left out.
    std::vector<Json> receive();
    bool over() const { return over_; }  // the other side has closed
    int fd() const { return fd_; }
    void close();

private:
    static constexpr std::size_t line_bytes_max = 64 * 1024;
    int fd_;
    std::string buffered_;
    bool over_ = false;
};

// Two ends of a stream socket; neither outlives an exec.
struct SocketPair {
    int ours;
    int theirs;
};
SocketPair make_socket_pair();

}  // namespace flyball
