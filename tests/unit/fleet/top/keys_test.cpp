#include "fleet/top/keys.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

std::vector<NodeRow> nodes(int count) {
    std::vector<NodeRow> rows(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        rows[static_cast<std::size_t>(i)].name = {"eu", "n" + std::to_string(i)};
    }
    return rows;
}

std::vector<KeyKind> kinds(std::string bytes, bool complete = false) {
    std::vector<KeyKind> kinds;
    for (const Key& key : take_keys(bytes, complete)) {
        kinds.push_back(key.kind);
    }
    return kinds;
}

Act type(TopState& state, const std::string& text, const std::vector<NodeRow>& shown) {
    Act last = Act::none;
    std::string bytes = text;
    for (const Key& key : take_keys(bytes, true)) {
        last = press(key, state, shown, 5);
    }
    return last;
}

TEST(Keys, AreTakenWholeWhateverTheTerminalSends) {
    EXPECT_EQ(kinds("\x1b[A\x1bOB\x1b[5~j"),
              (std::vector<KeyKind>{KeyKind::up, KeyKind::down, KeyKind::page_up, KeyKind::text}));
    EXPECT_EQ(kinds("\x1b[1;5Cx"), std::vector<KeyKind>{KeyKind::text}) << "unknown ones vanish";
    std::string half = "\x1b[";
    EXPECT_TRUE(take_keys(half, false).empty());
    half += "A";
    EXPECT_EQ(take_keys(half, false).front().kind, KeyKind::up);
    EXPECT_TRUE(half.empty());
    EXPECT_TRUE(kinds("\x1b").empty());
    EXPECT_EQ(kinds("\x1b", true), std::vector<KeyKind>{KeyKind::escape});
    std::string accent = "\xc3";
    EXPECT_TRUE(take_keys(accent, false).empty());
    accent += "\xa4";
    EXPECT_EQ(take_keys(accent, false).front().text, "ä");
}

TEST(Press, MovesTheSelectionAndTheList) {
    const auto shown = nodes(12);
    TopState state;
    type(state, "j", shown);
    EXPECT_EQ(state.selected, "eu/n1");
    type(state, "\x1b[6~", shown);
    EXPECT_EQ(state.selected, "eu/n6");
    EXPECT_EQ(state.first, 2U);
    type(state, "G", shown);
    EXPECT_EQ(state.selected, "eu/n11");
    type(state, "j", shown);
    EXPECT_EQ(state.selected, "eu/n11");
    type(state, "g", shown);
    EXPECT_EQ(state.selected, "eu/n0");
    EXPECT_EQ(state.first, 0U);
    type(state, "j", {});
    EXPECT_EQ(state.selected, "eu/n0");
}

TEST(Press, SortsAndTurnsTheOrderAround) {
    TopState state;
    type(state, "l", {});
    EXPECT_EQ(state.order.key, SortKey::latency);
    type(state, "l", {});
    EXPECT_TRUE(state.order.reversed);
    type(state, "s", {});
    EXPECT_EQ(state.order.key, SortKey::memory);
    EXPECT_FALSE(state.order.reversed);
    type(state, "nS", {});
    EXPECT_EQ(state.order.key, SortKey::uptime);
    type(state, "r", {});
    EXPECT_TRUE(state.order.reversed);
}

TEST(Press, TakesAFilterOnlyWhenItIsEntered) {
    TopState state;
    type(state, "/qux\x7f\x7f!\r", {});
    EXPECT_EQ(state.order.filter, "q!");
    EXPECT_FALSE(state.typing);
    type(state, "/abc\x1b", {});
    EXPECT_EQ(state.order.filter, "q!");
    type(state, "/\xc3\xa4\x7f\x7f\x7f\x7f\r", {});
    EXPECT_EQ(state.order.filter, "");
    type(state, "/" + std::string(500, 'x') + "\r", {});
    EXPECT_EQ(state.order.filter.size(), 64U);
    type(state, "\x1b", {});
    EXPECT_EQ(state.order.filter, "");
}

TEST(Press, QuitsOnlyWhenAsked) {
    TopState state;
    EXPECT_EQ(type(state, "x?pq", {}), Act::quit);
    EXPECT_TRUE(state.help);
    EXPECT_TRUE(state.paused);
    EXPECT_EQ(type(state, "/q", {}), Act::none);
    EXPECT_EQ(type(state, "\r\x0c", {}), Act::redraw);
}

}  // namespace
}  // namespace flyball
