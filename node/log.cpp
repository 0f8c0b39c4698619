#include "node/log.h"

#include <unistd.h>

#include <algorithm>
#include <new>

#include "schemas/utf8.h"

namespace flyball {
namespace {

constexpr std::int64_t minute_us = 60'000'000;

// journald reads the syslog priority from the start of a line.
std::string_view priority(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return "<7>";
        case LogLevel::info: return "<6>";
        case LogLevel::notice: return "<5>";
        case LogLevel::warning: return "<4>";
        case LogLevel::error: return "<3>";
    }
    return "";
}

bool plain(char c, bool text_is_utf8) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f && c != '"' && c != '=' && c != '\\' &&
           (byte < 0x80 || text_is_utf8);
}

void append_escaped(std::string& out, char c, bool text_is_utf8) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
    } else if (c == '\n') {
        out += "\\n";
    } else if (c == '\t') {
        out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !text_is_utf8)) {
        out += "\\x";
        out += digits[byte >> 4U];
        out += digits[byte & 0xfU];
    } else {
        out += c;
    }
}

// Values come from strangers: whatever is in them, a line stays one line of valid UTF-8.
void append_value(std::string& out, std::string_view value) {
    const bool utf8 = valid_utf8(value) && !has_control_character(value);
    const bool bare = !value.empty() && std::all_of(value.begin(), value.end(),
                                                    [utf8](char c) { return plain(c, utf8); });
    if (bare) {
        out += value;
        return;
    }
    out += '"';
    for (const char c : value) {
        append_escaped(out, c, utf8);
    }
    out += '"';
}

}  // namespace

std::string_view to_text(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::notice: return "notice";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "";
}

std::string log_line(bool terminal, LogLevel level, std::string_view message, LogFields fields) {
    std::string line;
    if (terminal) {
        line.append(to_text(level)).append(": ").append(message);
    } else {
        line.append(priority(level)).append("level=").append(to_text(level)).append(" msg=");
        append_value(line, message);
    }
    for (const LogField& field : fields) {
        line.append(" ").append(field.key).append("=");
        append_value(line, field.value);
    }
    if (line.size() >= Log::line_bytes_max) {
        line.resize(Log::line_bytes_max - 4);
        line += "...";
    }
    return line;
}

Log::Log(LogLevel level, int fd) : level_(level), fd_(fd), terminal_(isatty(fd) == 1) {}

Log::Log(LogLevel level, Sink sink)
    : level_(level), fd_(-1), terminal_(true), sink_(std::move(sink)) {}

// A log that cannot be written has nobody to tell, nor one that there is no memory for; the program
// goes on.
void Log::put(LogLevel level, std::string line) const {
    if (sink_) {
        sink_(level, line);
        return;
    }
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t written = ::write(fd_, rest.data(), rest.size());
        if (written <= 0) {
            return;
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

void Log::write(LogLevel level, std::string_view message, LogFields fields) noexcept {
    if (!writes(level)) {
        return;
    }
    try {
        put(level, log_line(terminal_, level, message, fields));
    } catch (const std::bad_alloc&) {
        return;
    }
}

std::optional<std::uint64_t> Log::may_write(std::string_view message, std::int64_t monotonic_us) {
    const std::lock_guard guard(lock_);
    auto place = std::find_if(seldom_.begin(), seldom_.end(),
                              [message](const Seldom& one) { return one.message == message; });
    if (place == seldom_.end()) {
        // The one that may be written again the earliest has the least to lose.
        place = std::min_element(
            seldom_.begin(), seldom_.end(),
            [](const Seldom& a, const Seldom& b) { return a.next_us < b.next_us; });
        *place = {.message = message};
    } else if (monotonic_us < place->next_us) {
        ++place->left_out;
        return std::nullopt;
    }
    const std::uint64_t left_out = place->left_out;
    place->left_out = 0;
    place->next_us = monotonic_us + minute_us;
    return left_out;
}

void Log::write_seldom(LogLevel level, std::int64_t monotonic_us, std::string_view message,
                       LogFields fields) noexcept {
    if (!writes(level)) {
        return;
    }
    const auto left_out = may_write(message, monotonic_us);
    if (!left_out) {
        return;
    }
    try {
        std::string line = log_line(terminal_, level, message, fields);
        if (*left_out > 0) {
            line.append(" left_out=").append(std::to_string(*left_out));
        }
        put(level, std::move(line));
    } catch (const std::bad_alloc&) {
        return;
    }
}

}  // namespace flyball
