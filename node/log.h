#pragma once
// The node's log: one logfmt line a call on stderr, with journald's priority in front ("<6>"), or
// with a word for it on a terminal; or to somebody else's log. Any thread; a line is one write.
// Bounded: a line has at most line_bytes_max bytes, what is longer is cut; rate limits are kept for
// seldom_max messages.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace flyball {

enum class LogLevel : std::uint8_t { debug, info, notice, warning, error };
std::string_view to_text(LogLevel level);

struct LogField {
    std::string_view key;
    std::string_view value;
};
using LogFields = std::initializer_list<LogField>;

// One line without its end: what Log writes. `fields` keys are literals of ours.
std::string log_line(bool terminal, LogLevel level, std::string_view message, LogFields fields);

class Log {
public:
    static constexpr std::size_t line_bytes_max = 4096;
    static constexpr std::size_t seldom_max = 32;

    // Decides by itself whether `fd` is a terminal.
    explicit Log(LogLevel level, int fd = 2);
    // To `sink`, without priority and end; called on the thread that writes, must not throw.
    using Sink = std::function<void(LogLevel level, const std::string& line)>;
    Log(LogLevel level, Sink sink);

    bool writes(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
    void set_level(LogLevel level) { level_ = level; }
    void write(LogLevel level, std::string_view message, LogFields fields = {}) noexcept;
    // At most once a minute for each `message`, a literal; says how many were left out since.
    void write_seldom(LogLevel level, std::int64_t monotonic_us, std::string_view message,
                      LogFields fields = {}) noexcept;

private:
    struct Seldom {
        std::string_view message;
        std::int64_t next_us = 0;
        std::uint64_t left_out = 0;
    };
    // How many were left out when it may be written now.
    std::optional<std::uint64_t> may_write(std::string_view message, std::int64_t monotonic_us);
    void put(LogLevel level, std::string line) const;

    std::atomic<LogLevel> level_;
    int fd_;
    bool terminal_;
    Sink sink_{};
    std::mutex lock_;
    std::array<Seldom, seldom_max> seldom_;
};

}  // namespace flyball
