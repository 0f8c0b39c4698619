// The parts of fleet/top/screen.h that print everything once.

#include "fleet/top/rows.h"
#include "fleet/top/screen.h"

namespace flyball {
namespace {

std::vector<std::string> texts(const std::vector<Cell>& cells, const Style& style) {
    std::vector<std::string> texts;
    for (const Cell& cell : cells) {
        texts.push_back(paint(style, cell.tone, cell.text));
    }
    return texts;
}

std::vector<std::string> titles(const std::vector<Column>& columns) {
    std::vector<std::string> titles;
    for (const Column& column : columns) {
        titles.emplace_back(column.title);
    }
    return titles;
}

Json json_of(const RegionRow& region) {
    Json others = Json::object();
    for (const auto& [status, count] : region.others) {
        others[status] = count;
    }
    Json json = {{"nodes", region.nodes},
                 {"online", region.online},
                 {"not_online", others},
                 {"per_second", region.per_second},
                 {"denied_per_second", region.denied_per_second},
                 {"errors_per_second", region.errors_per_second},
                 {"p50_us", region.p50_us},
                 {"p99_us", region.p99_us},
                 {"memory_bytes", region.memory_bytes},
                 {"governors", region.governors},
                 {"tenants", region.tenants},
                 {"denials", region.denials}};
    if (!region.region.empty()) {
        json["region"] = region.region;
    }
    return json;
}

Json json_of(const NodeRow& node) {
    return {{"region", node.name.region},
            {"node", node.name.node},
            {"status", node.health.status},
            {"age_ms", node.health.age ? Json(node.health.age->count()) : Json()},
            {"note", node.health.note},
            {"version", node.facts.version},
            {"per_second", node.per_second},
            {"denied_per_second", node.denied_per_second},
            {"errors_per_second", node.errors_per_second},
            {"p50_us", node.facts.p50_us},
            {"p99_us", node.facts.p99_us},
            {"memory_bytes", node.facts.memory_bytes()},
            {"cpu_percent", node.facts.cpu_percent},
            {"governors", node.facts.governors_total},
            {"denials", node.facts.denials()},
            {"uptime_s", node.facts.uptime_s}};
}

}  // namespace

std::string top_text(const TopPicture& picture, const Order& order, const Style& style) {
    if (picture.nodes.empty()) {
        return "no node has reported health to this broker\n";
    }
    Table regions(titles(region_columns()));
    for (const RegionRow& region : regions_of(picture.nodes)) {
        regions.add(texts(region_cells(region), style));
    }
    regions.add(texts(region_cells(whole_of(picture.nodes)), style));
    Table nodes(titles(node_columns()));
    for (const NodeRow& node : arranged(picture.nodes, order)) {
        nodes.add(texts(node_cells(node), style));
    }
    return regions.text(style) + "\n" + nodes.text(style);
}

Json top_json(const TopPicture& picture, const Order& order) {
    Json regions = Json::array();
    for (const RegionRow& region : regions_of(picture.nodes)) {
        regions.push_back(json_of(region));
    }
    Json nodes = Json::array();
    for (const NodeRow& node : arranged(picture.nodes, order)) {
        nodes.push_back(json_of(node));
    }
    return {{"at", to_ms(picture.now)},
            {"fleet", json_of(whole_of(picture.nodes))},
            {"regions", regions},
            {"nodes", nodes}};
}

}  // namespace flyball
