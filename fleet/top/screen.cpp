#include "fleet/top/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fleet/top/rows.h"

namespace flyball {
namespace {

constexpr std::size_t head_rows = 2;  // title, totals
constexpr std::size_t foot_rows = 1;
constexpr std::size_t nodes_rows_min = 4;  // a list of fewer is no list

struct HelpLine {
    std::string_view keys;
    std::string_view what;
};
constexpr std::array<HelpLine, 12> help_lines{{
    {"↑ ↓  j k", "select a node; PgUp PgDn, Home End, g G"},
    {"/", "filter by name, status or version; !text: all but those"},
    {"Esc", "no filter"},
    {"s  S", "the next key to sort by; the one before"},
    {"r", "the other way round"},
    {"n t", "sort by name; by status, troubles first"},
    {"c l m d u", "by rate, latency (p99), memory, denials, uptime"},
    {"Enter", "the selected node's governors, shown or not"},
    {"p", "pause: nothing moves"},
    {"Ctrl-L", "draw all of it again"},
    {"?  h", "this help, shown or not"},
    {"q", "quit"},
}};

// How the rows of a screen are shared out.
struct Layout {
    std::size_t regions = 0;  // rows, without their header
    std::size_t nodes = 0;
    std::size_t governors = 0;  // 0: no such part
};

Layout layout_of(std::size_t regions, std::size_t governors, const TopState& state,
                 ScreenSize size) {
    Layout layout;
    const std::size_t fixed = head_rows + foot_rows + 1;  // 1: the header of the nodes
    std::size_t left = size.rows > fixed ? size.rows - fixed : 0;
    const auto take = [&](std::size_t wanted, std::size_t frame, std::size_t share) {
        const std::size_t most = std::min(share, left > nodes_rows_min ? left - nodes_rows_min : 0);
        const std::size_t rows = most > frame ? std::min(wanted, most - frame) : 0;
        left -= rows > 0 ? rows + frame : 0;
        return rows;
    };
    layout.regions = take(regions, 2, size.rows / 3);  // frame: header, empty line
    if (state.details && !state.help) {
        layout.governors = take(governors, 2, size.rows / 3);  // frame: title, header
    }
    layout.nodes = left;
    return layout;
}

std::string cut(std::string text, std::size_t columns) {
    return columns_of(text) > columns ? fitted(text, columns) : text;
}

std::string title_line(const TopPicture& picture, std::size_t columns, const Style& style) {
    const std::string time = clock_text(picture.now);
    const std::string left = fmt::format("flyball top  {}", printable(picture.broker));
    if (!picture.trouble.empty()) {
        return paint(style, Tone::bad, fitted(left + "  " + picture.trouble, columns));
    }
    const std::size_t room = columns > time.size() + 1 ? columns - time.size() - 1 : 0;
    return paint(style, Tone::strong, fitted(left, room)) + " " + time;
}

std::string totals_line(const RegionRow& all, const TopPicture& picture, const TopState& state,
                        std::size_t columns) {
    std::string text =
        fmt::format("{} node{}: {}", all.nodes, all.nodes == 1 ? "" : "s", census(all));
    text += fmt::format("  {} req/s", rate_text(all.per_second));
    if (all.p99_us > 0) {
        text += fmt::format("  p99 {}", micros_text(all.p99_us));
    }
    text += fmt::format("  {}  {} governors", bytes_text(all.memory_bytes), all.governors);
    if (state.paused) {
        text = "PAUSED  " + text;
    }
    if (picture.refused > 0) {
        text += "  (more nodes than can be shown)";
    }
    return cut(std::move(text), columns);
}

std::string foot_line(const TopState& state, std::size_t shown, std::size_t all,
                      std::size_t columns, const Style& style) {
    if (state.typing) {
        return cut(fmt::format("/{}_  (Enter: take it, Esc: leave it)", printable(state.typed)),
                   columns);
    }
    std::string text =
        fmt::format("sorted by {}{}", sort_names[static_cast<std::size_t>(state.order.key)],
                    state.order.reversed ? ", reversed" : "");
    if (!state.order.filter.empty()) {
        text += fmt::format("  filter {} ({} of {})", printable(state.order.filter), shown, all);
    }
    return paint(style, Tone::dim, cut(text + "   ? help  / filter  s sort  q quit", columns));
}

std::size_t widest_name(const std::vector<NodeRow>& nodes) {
    std::size_t width = 0;
    for (const NodeRow& node : nodes) {
        width = std::max(width, node.name.text().size() + 2);
    }
    return width;
}

std::size_t index_of(const std::vector<NodeRow>& nodes, const std::string& selected) {
    const auto found = std::ranges::find_if(
        nodes, [&](const NodeRow& node) { return node.name.text() == selected; });
    return found == nodes.end() ? 0 : static_cast<std::size_t>(found - nodes.begin());
}

// The list moves only as far as it must to keep the selected row in sight.
std::size_t first_row(std::size_t first, std::size_t selected, std::size_t rows, std::size_t all) {
    if (rows == 0) {
        return 0;
    }
    first = std::min(first, selected);
    first = selected >= first + rows ? selected - rows + 1 : first;
    return std::min(first, all > rows ? all - rows : 0);
}

void add_regions(std::vector<std::string>& lines, const TopPicture& picture, std::size_t rows,
                 std::size_t columns, const Style& style) {
    if (rows == 0) {
        return;
    }
    const std::vector<RegionRow> regions = regions_of(picture.nodes);
    const ScreenColumns table(region_columns(), columns, 16);
    lines.push_back(table.header(style));
    for (std::size_t i = 0; i < std::min(rows, regions.size()); ++i) {
        lines.push_back(table.row(region_cells(regions[i]), style));
    }
    lines.push_back(
        regions.size() > rows
            ? paint(style, Tone::dim, fmt::format("{} more regions", regions.size() - rows))
            : "");
}

void add_nodes(std::vector<std::string>& lines, const std::vector<NodeRow>& nodes,
               const TopState& state, std::size_t rows, std::size_t columns, const Style& style) {
    const ScreenColumns table(node_columns(), columns, widest_name(nodes));
    lines.push_back(table.header(style));
    const std::size_t selected = index_of(nodes, state.selected);
    const std::size_t first = first_row(state.first, selected, rows, nodes.size());
    for (std::size_t i = first; i < std::min(nodes.size(), first + rows); ++i) {
        std::vector<Cell> cells = node_cells(nodes[i]);
        cells[0].text = (i == selected ? "> " : "  ") + cells[0].text;
        cells[0].tone = i == selected ? Tone::strong : cells[0].tone;
        lines.push_back(table.row(cells, style));
    }
}

void add_governors(std::vector<std::string>& lines, const NodeRow& node, std::size_t rows,
                   std::size_t columns, const Style& style) {
    const HealthFacts& facts = node.facts;
    std::string title = fmt::format("{}: {}", node.name.text(), node.health.status);
    title += node.health.note.empty() ? "" : " (" + node.health.note + ")";
    title += facts.version.empty() ? "" : ", version " + facts.version;
    title += facts.broker.empty() ? "" : ", at " + facts.broker;
    lines.push_back(paint(style, Tone::strong, cut(title, columns)));
    const ScreenColumns table(governor_columns(), columns, 28);
    lines.push_back(table.header(style));
    const std::size_t all = facts.governors.size();
    for (std::size_t i = 0; i < std::min(rows, all); ++i) {
        const bool more = i + 1 == rows && all > rows;
        lines.push_back(more ? paint(style, Tone::dim, fmt::format("{} more", all - rows + 1))
                             : table.row(governor_cells(facts.governors[i]), style));
    }
}

void add_help(std::vector<std::string>& lines, std::size_t rows, std::size_t columns) {
    for (std::size_t i = 0; i < std::min(rows, help_lines.size()); ++i) {
        lines.push_back(cut(
            fmt::format("  {} {}", fitted(help_lines[i].keys, 10), help_lines[i].what), columns));
    }
}

Layout layout_for(const TopPicture& picture, const std::vector<NodeRow>& shown,
                  const TopState& state, ScreenSize size) {
    const std::size_t governors =
        shown.empty() ? 0 : shown[index_of(shown, state.selected)].facts.governors.size();
    return layout_of(regions_of(picture.nodes).size(), governors, state, size);
}

}  // namespace

std::size_t page_rows(const TopPicture& picture, const TopState& state, ScreenSize size) {
    const auto shown = arranged(picture.nodes, state.order);
    return std::max<std::size_t>(layout_for(picture, shown, state, size).nodes, 1);
}

std::vector<std::string> screen_of(const TopPicture& picture, const TopState& state,
                                   ScreenSize size, const Style& style) {
    Order order = state.order;
    if (state.typing) {
        order.filter = state.typed;  // shown while it is typed
    }
    const std::vector<NodeRow> shown = arranged(picture.nodes, order);
    const Layout layout = layout_for(picture, shown, state, size);
    std::vector<std::string> lines;
    lines.push_back(title_line(picture, size.columns, style));
    lines.push_back(totals_line(whole_of(picture.nodes), picture, state, size.columns));
    add_regions(lines, picture, layout.regions, size.columns, style);
    const std::size_t list_end = size.rows - std::min(size.rows, foot_rows) -
                                 (layout.governors > 0 ? layout.governors + 2 : 0);
    if (state.help) {
        add_help(lines, list_end > lines.size() ? list_end - lines.size() : 0, size.columns);
    } else if (shown.empty()) {
        lines.push_back(cut(picture.nodes.empty() ? "no node has reported health to this broker yet"
                                                  : "no node matches the filter",
                            size.columns));
    } else {
        add_nodes(lines, shown, state, layout.nodes, size.columns, style);
    }
    lines.resize(std::max(std::min(lines.size(), list_end), list_end));
    if (layout.governors > 0) {
        add_governors(lines, shown[index_of(shown, state.selected)], layout.governors, size.columns,
                      style);
    }
    lines.resize(size.rows - std::min(size.rows, foot_rows));
    lines.push_back(foot_line(state, shown.size(), picture.nodes.size(), size.columns, style));
    lines.resize(std::min(lines.size(), size.rows));
    return lines;
}

}  // namespace flyball
