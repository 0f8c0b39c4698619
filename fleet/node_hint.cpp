#include "fleet/node_hint.h"

#include <fmt/format.h>

#include "fleet/render.h"
#include "fleet/suggest.h"

namespace flyball {

std::vector<std::string> hints_about(const NodeName& node, const Collected& health,
                                     const std::string& prefix, Instant now) {
    const auto known = health.nodes.find(node.text());
    if (known != health.nodes.end()) {
        const HealthView view = judge(known->second, now, std::nullopt);
        const std::string age =
            view.age ? fmt::format(", {} old", span_text(view.age->count())) : std::string();
        std::vector<std::string> hints{
            fmt::format("{} is {} by its last health report{}", node.text(), view.status, age)};
        if (view.online()) {
            hints.push_back(fmt::format(
                "it is there: may this login write its topics, and read {}/reply/...?", prefix));
        }
        return hints;
    }
    std::vector<std::string> names;
    for (const auto& [name, report] : health.nodes) {
        names.push_back(name);
    }
    std::vector<std::string> hints{
        fmt::format("no node {} has reported health below {}", node.text(), prefix)};
    if (const auto near = near_names(node.text(), names); !near.empty()) {
        hints.push_back(fmt::format("did you mean {}?", fmt::join(near, " or ")));
    } else if (names.empty()) {
        hints.emplace_back(
            "no other has either: is this the right broker, and the right --prefix?");
    } else {
        hints.push_back(fmt::format("{} others have: flyball health lists them", names.size()));
    }
    return hints;
}

}  // namespace flyball
