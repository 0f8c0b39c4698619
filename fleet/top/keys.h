#pragma once
// What was typed, and what it does to the screen of `flyball top`. Pure. Any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "fleet/top/screen.h"

namespace flyball {

enum class KeyKind : std::uint8_t {
    text,  // `text` has the character
    up,
    down,
    page_up,
    page_down,
    home,
    end,
    enter,
    escape,
    erase,
    redraw,
};

struct Key {
    KeyKind kind = KeyKind::text;
    std::string text{};
};

// Takes whole keys off the front of `bytes`; what may be the beginning of one stays there, unless
// `complete` says that nothing more follows (a lone Esc is a key too). Unknown sequences vanish.
std::vector<Key> take_keys(std::string& bytes, bool complete);

enum class Act : std::uint8_t { none, redraw, quit };

// `shown`: the nodes as the screen lists them; `page`: page_rows().
Act press(const Key& key, TopState& state, const std::vector<NodeRow>& shown, std::size_t page);

}  // namespace flyball
