#include "fleet/top/screen.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fleet/top/columns.h"
#include "tests/unit/fleet/view/reports.h"

namespace flyball {
namespace {

using namespace std::chrono_literals;
using testing::hear;
using testing::name_of;
using testing::start;

TopPicture fleet(int nodes_per_region) {
    FleetView view;
    for (const char* region : {"apac", "eu-west", "us-east"}) {
        for (int i = 0; i < nodes_per_region; ++i) {
            const std::string name = std::string(region) + "/device-" + std::to_string(i);
            hear(view, name, {.requests = 100 * (i + 1), .denied = i});
        }
    }
    hear(view, "eu-west/gone", {.at = start - 60s});
    return {view.nodes(start), "tcp://localhost:1883", "", 0, start};
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + "\n";
    }
    return text;
}

bool has(const std::vector<std::string>& lines, const std::string& text) {
    return joined(lines).find(text) != std::string::npos;
}

TEST(Screen, FitsEverySize) {
    for (const int nodes : {0, 1, 40}) {
        const TopPicture picture = nodes == 0 ? TopPicture{} : fleet(nodes);
        for (std::size_t columns = 20; columns < 200; columns += 7) {
            for (std::size_t rows = 5; rows < 60; rows += 3) {
                for (const bool help : {false, true}) {
                    TopState state;
                    state.help = help;
                    const auto lines = screen_of(picture, state, {columns, rows}, {});
                    ASSERT_EQ(lines.size(), rows);
                    for (const std::string& line : lines) {
                        ASSERT_LE(columns_of(line), columns) << line;
                    }
                }
            }
        }
    }
}

TEST(Screen, ShowsRegionsNodesAndTheSelectedNodesGovernors) {
    const auto lines = screen_of(fleet(3), {}, {80, 24}, {});
    EXPECT_TRUE(has(lines, "10 nodes: 9 online, 1 lost")) << joined(lines);
    EXPECT_TRUE(has(lines, "REGION")) << joined(lines);
    EXPECT_TRUE(has(lines, "all online")) << joined(lines);
    EXPECT_TRUE(has(lines, "> apac/device-0")) << joined(lines);
    EXPECT_TRUE(has(lines, "quota/main")) << joined(lines);
    EXPECT_TRUE(has(lines, "? help")) << joined(lines);
}

TEST(Screen, NarrowLeavesOutWhatMattersLeastAndWideShowsAll) {
    TopState state;
    state.order.key = SortKey::status;
    const auto narrow = screen_of(fleet(3), state, {40, 24}, {});
    EXPECT_TRUE(has(narrow, "STATUS")) << joined(narrow);
    EXPECT_TRUE(has(narrow, "lost")) << joined(narrow);
    EXPECT_FALSE(has(narrow, "VERSION")) << joined(narrow);
    const auto wide = screen_of(fleet(3), state, {180, 24}, {});
    for (const char* title : {"VERSION", "NOTE", "CPU", "TENANTS", "MOSTLY"}) {
        EXPECT_TRUE(has(wide, title)) << title << "\n" << joined(wide);
    }
}

TEST(Screen, KeepsTheSelectedNodeInSight) {
    TopState state;
    state.selected = "us-east/device-9";
    EXPECT_TRUE(has(screen_of(fleet(10), state, {80, 24}, {}), "> us-east/device-9"));
    state.selected = "no/longer-there";
    EXPECT_TRUE(has(screen_of(fleet(10), state, {80, 24}, {}), "> apac/device-0"));
}

TEST(Screen, FiltersWhileTyping) {
    TopState state;
    state.typing = true;
    state.typed = "gone";
    const auto lines = screen_of(fleet(3), state, {80, 24}, {});
    EXPECT_TRUE(has(lines, "> eu-west/gone")) << joined(lines);
    EXPECT_FALSE(has(lines, "device-1")) << joined(lines);
    EXPECT_TRUE(has(lines, "/gone_")) << joined(lines);
    state.typed = "nothing like it";
    EXPECT_TRUE(has(screen_of(fleet(3), state, {80, 24}, {}), "no node matches the filter"));
}

TEST(Screen, SaysSoWhenThereIsNothingOrNobody) {
    EXPECT_TRUE(has(screen_of({}, {}, {80, 24}, {}), "no node has reported health"));
    TopPicture cut = fleet(1);
    cut.trouble = "tcp://localhost:1883 closed the connection; next attempt in 2 s";
    EXPECT_TRUE(has(screen_of(cut, {}, {120, 24}, {}), "closed the connection"));
    TopState paused;
    paused.paused = true;
    EXPECT_TRUE(has(screen_of(cut, paused, {80, 24}, {}), "PAUSED"));
}

TEST(Screen, KeepsItsColumnsUnderColours) {
    const auto plain = screen_of(fleet(3), {}, {100, 24}, {});
    const auto coloured = screen_of(fleet(3), {}, {100, 24}, {.colour = true, .width = 100});
    for (std::size_t i = 0; i < plain.size(); ++i) {
        EXPECT_EQ(columns_of(plain[i]), columns_of(coloured[i])) << plain[i];
    }
}

TEST(Screen, PrintsEverythingOnce) {
    const std::string text = top_text(fleet(30), {}, {});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 4 + 1 + 1 + 91);
    EXPECT_NE(text.find("\nall "), std::string::npos);
    const Json json = top_json(fleet(2), {SortKey::status, false, "eu"});
    EXPECT_EQ(json["fleet"]["nodes"], 7);
    EXPECT_EQ(json["fleet"]["not_online"]["lost"], 1);
    ASSERT_EQ(json["nodes"].size(), 3U);
    EXPECT_EQ(json["nodes"][0]["node"], "gone");
    EXPECT_EQ(json["regions"][1]["region"], "eu-west");
}

TEST(ScreenColumns, FillAndCutByColumns) {
    EXPECT_EQ(fitted("abc", 5), "abc  ");
    EXPECT_EQ(fitted("abc", 5, true), "  abc");
    EXPECT_EQ(fitted("äöüß", 3), "äö…");
    EXPECT_EQ(fitted("abc", 0), "");
    EXPECT_EQ(rate_text(1234.4), "1,234");
    EXPECT_EQ(rate_text(0.27), "0.3");
    EXPECT_EQ(rate_text(2'500'000), "2.5M");
}

}  // namespace
}  // namespace flyball
