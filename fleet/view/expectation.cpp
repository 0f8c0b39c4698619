#include "fleet/view/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "fleet/render.h"
#include "fleet/view/health_facts.h"

namespace flyball {

Result<std::vector<NodeName>> read_expected(const std::string& file) {
    std::ifstream stream(file);
    if (!stream.is_open()) {
        return Error{ErrorCode::usage, fmt::format("{}: cannot be read", file)};
    }
    std::vector<NodeName> names;
    std::string line;
    for (std::size_t number = 1; std::getline(stream, line); ++number) {
        line.erase(std::min(line.find('#'), line.size()));
        const std::size_t start = line.find_first_not_of(" \t\r");
        if (start == std::string::npos) {
            continue;
        }
        const std::size_t end = line.find_last_not_of(" \t\r");
        auto name = parse_node(std::string_view(line).substr(start, end + 1 - start));
        if (!name) {
            return Error{ErrorCode::usage,
                         fmt::format("{}:{}: {}", file, number, name.error().message)};
        }
        names.push_back(*std::move(name));
    }
    if (names.empty()) {
        return Error{ErrorCode::usage, file + ": no node in it"};
    }
    return names;
}

std::string sentence_about(const HealthReport& health, const HealthView& view) {
    std::string sentence = fmt::format("{} is {}", health.name.text(), view.status);
    const std::string age =
        view.age ? fmt::format("its last report is {} old", span_text(view.age->count()))
                 : std::string("its last report has no time");
    if (view.status == "missing") {
        return sentence + ": it has not reported to this broker";
    }
    if (view.status == "lost") {
        return fmt::format("{}: {} and {}", sentence, age, view.note);
    }
    if (view.status == "degraded") {
        const auto facts = read_health_facts(health.report);
        return fmt::format("{}: {}", sentence, why_degraded(facts.value_or(HealthFacts{})));
    }
    return view.note.empty() ? sentence : fmt::format("{}: {}", sentence, view.note);
}

}  // namespace flyball
