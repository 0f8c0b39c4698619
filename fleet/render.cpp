#include "fleet/render.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace flyball {
namespace {

constexpr std::size_t width_default = 80;

std::string_view escape_of(Tone tone) {
    switch (tone) {
        case Tone::plain: return "";
        case Tone::good: return "\x1b[32m";
        case Tone::bad: return "\x1b[31m";
        case Tone::warning: return "\x1b[33m";
        case Tone::dim: return "\x1b[2m";
        case Tone::strong: return "\x1b[1m";
    }
    return "";
}

bool wants_colour(int fd) {
    const char* refused = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
    return isatty(fd) == 1 && !dumb && (refused == nullptr || *refused == '\0');
}

// The length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    const unsigned second = byte(1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    if (length == 0 || first > 0xf4 || overlong || beyond) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

// C1 controls are two bytes in UTF-8, and some terminals obey them. So are marks that turn the
// direction of the text around: they would let a tenant's name rewrite the line it stands in.
bool steers_terminal(std::string_view sequence) {
    if (sequence.size() == 1) {
        return static_cast<unsigned char>(sequence[0]) < 0x20 || sequence[0] == 0x7f;
    }
    const bool c1 = sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0;
    const bool bidi = (sequence >= "\xe2\x80\xaa" && sequence <= "\xe2\x80\xae") ||
                      (sequence >= "\xe2\x81\xa6" && sequence <= "\xe2\x81\xa9");
    return c1 || bidi;
}

std::string escaped(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        switch (c) {
            case '\n': text += "\\n"; break;
            case '\t': text += "\\t"; break;
            case '\r': text += "\\r"; break;
            default: text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return text;
}

}  // namespace

Style style_of(int fd) {
    Style style;
    style.colour = wants_colour(fd);
    if (isatty(fd) == 1) {
        winsize size{};
        const bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
        style.width = known ? size.ws_col : width_default;
    }
    return style;
}

std::string paint(const Style& style, Tone tone, std::string_view text) {
    if (!style.colour || tone == Tone::plain || text.empty()) {
        return std::string(text);
    }
    return fmt::format("{}{}\x1b[0m", escape_of(tone), text);
}

Tone tone_of_decision(std::string_view decision) {
    if (decision == "allow" || decision == "ok" || decision == "online" || decision == "up") {
        return Tone::good;
    }
    if (decision == "degraded" || decision == "draining") {
        return Tone::warning;
    }
    return Tone::bad;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const std::string_view part = text.substr(0, length == 0 ? 1 : length);
        out += length == 0 || steers_terminal(part) ? escaped(part) : std::string(part);
        text.remove_prefix(part.size());
    }
    return out;
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\x1b') {
            i = std::min(text.find('m', i), text.size());
            continue;
        }
        columns += (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U ? 1U : 0U;
    }
    return columns;
}

}  // namespace flyball
