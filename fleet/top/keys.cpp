#include "fleet/top/keys.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace flyball {
namespace {

constexpr std::size_t typed_max = 64;     // bytes of a filter; names have at most 63
constexpr std::size_t sequence_max = 32;  // bytes; longer is no key of any terminal

struct Sequence {
    std::string_view bytes;
    KeyKind kind;
};
// xterm's, and what Linux's console, rxvt, screen and tmux send instead.
constexpr std::array<Sequence, 20> sequences{{
    {"\x1b[A", KeyKind::up},    {"\x1bOA", KeyKind::up},       {"\x1b[B", KeyKind::down},
    {"\x1bOB", KeyKind::down},  {"\x1b[5~", KeyKind::page_up}, {"\x1b[6~", KeyKind::page_down},
    {"\x1b[H", KeyKind::home},  {"\x1bOH", KeyKind::home},     {"\x1b[1~", KeyKind::home},
    {"\x1b[7~", KeyKind::home}, {"\x1b[F", KeyKind::end},      {"\x1bOF", KeyKind::end},
    {"\x1b[4~", KeyKind::end},  {"\x1b[8~", KeyKind::end},     {"\r", KeyKind::enter},
    {"\n", KeyKind::enter},     {"\x7f", KeyKind::erase},      {"\b", KeyKind::erase},
    {"\x0c", KeyKind::redraw},  {"\t", KeyKind::enter},
}};

// The length of an escape sequence at the front; 0 while it is not whole.
std::size_t sequence_length(std::string_view bytes) {
    if (bytes.size() < 2) {
        return 0;
    }
    if (bytes[1] == 'O') {
        return bytes.size() < 3 ? 0 : 3;
    }
    if (bytes[1] != '[') {
        return 1;  // Esc, then something else
    }
    for (std::size_t i = 2; i < bytes.size(); ++i) {
        if (bytes[i] >= '@' && bytes[i] <= '~') {
            return i + 1;
        }
    }
    return bytes.size() > sequence_max ? bytes.size() : 0;
}

std::size_t character_length(std::string_view bytes) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

void type(const Key& key, TopState& state) {
    switch (key.kind) {
        case KeyKind::text:
            if (state.typed.size() + key.text.size() <= typed_max) {
                state.typed += key.text;
            }
            break;
        case KeyKind::erase:
            while (!state.typed.empty() && (state.typed.back() & 0xc0) == 0x80) {
                state.typed.pop_back();  // a character may have several bytes
            }
            if (!state.typed.empty()) {
                state.typed.pop_back();
            }
            break;
        case KeyKind::enter:
            state.order.filter = state.typed;
            state.typing = false;
            break;
        case KeyKind::escape: state.typing = false; break;
        case KeyKind::up:
        case KeyKind::down:
        case KeyKind::page_up:
        case KeyKind::page_down:
        case KeyKind::home:
        case KeyKind::end:
        case KeyKind::redraw: break;
    }
}

void move(TopState& state, const std::vector<NodeRow>& shown, std::ptrdiff_t by, std::size_t page) {
    if (shown.empty()) {
        return;
    }
    const auto found = std::ranges::find_if(
        shown, [&](const NodeRow& node) { return node.name.text() == state.selected; });
    const std::ptrdiff_t now = found == shown.end() ? 0 : found - shown.begin();
    const auto last = static_cast<std::ptrdiff_t>(shown.size()) - 1;
    const auto at = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(now + by, 0, last));
    state.selected = shown[at].name.text();
    state.first = std::min(state.first, at);
    if (at >= state.first + page) {
        state.first = at - page + 1;
    }
}

void sort_by(TopState& state, SortKey key) {
    state.order.reversed = state.order.key == key && !state.order.reversed;
    state.order.key = key;
}

void step_key(TopState& state, int by) {
    const int count = static_cast<int>(std::size(sort_names));
    state.order.key =
        static_cast<SortKey>((static_cast<int>(state.order.key) + by + count) % count);
    state.order.reversed = false;
}

std::optional<SortKey> key_of_letter(char letter) {
    switch (letter) {
        case 'n': return SortKey::name;
        case 't': return SortKey::status;
        case 'c': return SortKey::rate;
        case 'l': return SortKey::latency;
        case 'm': return SortKey::memory;
        case 'd': return SortKey::denials;
        case 'u': return SortKey::uptime;
        default: return std::nullopt;
    }
}

Act press_letter(char letter, TopState& state, const std::vector<NodeRow>& shown,
                 std::size_t page) {
    if (const auto key = key_of_letter(letter)) {
        sort_by(state, *key);
        return Act::none;
    }
    const auto all = static_cast<std::ptrdiff_t>(shown.size());
    switch (letter) {
        case 'q': return Act::quit;
        case 'j': move(state, shown, 1, page); break;
        case 'k': move(state, shown, -1, page); break;
        case 'g': move(state, shown, -all, page); break;
        case 'G': move(state, shown, all, page); break;
        case 's': step_key(state, 1); break;
        case 'S': step_key(state, -1); break;
        case 'r': state.order.reversed = !state.order.reversed; break;
        case 'p': state.paused = !state.paused; break;
        case '?':
        case 'h': state.help = !state.help; break;
        case '/':
            state.typing = true;
            state.typed = state.order.filter;
            break;
        default: break;
    }
    return Act::none;
}

}  // namespace

std::vector<Key> take_keys(std::string& bytes, bool complete) {
    std::vector<Key> keys;
    std::string_view left = bytes;
    while (!left.empty()) {
        const bool escape = left[0] == '\x1b';
        std::size_t length = escape ? sequence_length(left) : character_length(left);
        if (length == 0 || length > left.size()) {
            if (!complete) {
                break;
            }
            length = escape ? 1 : left.size();
        }
        const std::string_view whole = left.substr(0, length);
        left.remove_prefix(length);
        const auto known = std::ranges::find(sequences, whole, &Sequence::bytes);
        if (known != sequences.end()) {
            keys.push_back({known->kind});
        } else if (whole == "\x1b") {
            keys.push_back({KeyKind::escape});
        } else if (!escape && static_cast<unsigned char>(whole[0]) >= 0x20) {
            keys.push_back({KeyKind::text, std::string(whole)});
        }
    }
    bytes.erase(0, bytes.size() - left.size());
    return keys;
}

Act press(const Key& key, TopState& state, const std::vector<NodeRow>& shown, std::size_t page) {
    if (state.typing) {
        type(key, state);
        return Act::none;
    }
    const auto by_page = static_cast<std::ptrdiff_t>(page);
    const auto all = static_cast<std::ptrdiff_t>(shown.size());
    switch (key.kind) {
        case KeyKind::text:
            return key.text.size() == 1 ? press_letter(key.text[0], state, shown, page) : Act::none;
        case KeyKind::up: move(state, shown, -1, page); break;
        case KeyKind::down: move(state, shown, 1, page); break;
        case KeyKind::page_up: move(state, shown, -by_page, page); break;
        case KeyKind::page_down: move(state, shown, by_page, page); break;
        case KeyKind::home: move(state, shown, -all, page); break;
        case KeyKind::end: move(state, shown, all, page); break;
        case KeyKind::enter: state.details = !state.details; break;
        case KeyKind::escape:
            state.help = false;
            state.order.filter.clear();
            break;
        case KeyKind::erase: break;
        case KeyKind::redraw: return Act::redraw;
    }
    return Act::none;
}

}  // namespace flyball
