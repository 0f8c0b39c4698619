#include "fleet/doctor/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace flyball {
namespace {

constexpr std::size_t grade_columns = 6;
constexpr std::size_t text_columns_min = 30;

Tone tone_of(Grade grade) {
    switch (grade) {
        case Grade::ok: return Tone::good;
        case Grade::warn: return Tone::warning;
        case Grade::fail: return Tone::bad;
    }
    return Tone::plain;
}

// Text that goes on below itself, indented.
std::string indented(std::string_view text, std::size_t indent, const Style& style) {
    Style narrow = style;
    narrow.width = style.width > indent + text_columns_min ? style.width - indent : 0;
    const std::string lines = wrapped(printable(text), narrow);
    std::string out;
    for (const char c : lines) {
        out += c;
        out += c == '\n' ? std::string(indent, ' ') : std::string();
    }
    return out;
}

}  // namespace

std::string_view to_text(Grade grade) {
    switch (grade) {
        case Grade::ok: return "ok";
        case Grade::warn: return "warn";
        case Grade::fail: return "fail";
    }
    return {};
}

void Findings::ok(std::string check, std::string text) {
    all_.push_back({Grade::ok, std::move(check), std::move(text), {}});
}

void Findings::warn(std::string check, std::string text, std::string advice) {
    all_.push_back({Grade::warn, std::move(check), std::move(text), std::move(advice)});
}

void Findings::fail(std::string check, std::string text, std::string advice) {
    all_.push_back({Grade::fail, std::move(check), std::move(text), std::move(advice)});
}

std::size_t Findings::count(Grade grade) const {
    return static_cast<std::size_t>(std::ranges::count(all_, grade, &Finding::grade));
}

std::string findings_text(const Findings& findings, const Style& style) {
    std::size_t names = 0;
    for (const Finding& finding : findings.all()) {
        names = std::max(names, columns_of(finding.check));
    }
    const std::size_t indent = grade_columns + names + 2;
    std::string text;
    for (const Finding& finding : findings.all()) {
        const std::string grade = fmt::format("{:<{}}", to_text(finding.grade), grade_columns);
        text += paint(style, tone_of(finding.grade), grade) +
                fmt::format("{:<{}}", finding.check, names + 2) +
                indented(finding.text, indent, style) + "\n";
        if (!finding.advice.empty()) {
            text += std::string(indent, ' ') +
                    paint(style, Tone::strong, indented(finding.advice, indent, style)) + "\n";
        }
    }
    return text + fmt::format("{} ok, {} to look at, {} wrong\n", findings.count(Grade::ok),
                              findings.count(Grade::warn), findings.count(Grade::fail));
}

Json findings_json(const Findings& findings) {
    Json checks = Json::array();
    for (const Finding& finding : findings.all()) {
        checks.push_back({{"check", finding.check},
                          {"grade", to_text(finding.grade)},
                          {"text", printable(finding.text)},
                          {"advice", printable(finding.advice)}});
    }
    return {{"checks", std::move(checks)},
            {"ok", findings.count(Grade::ok)},
            {"warn", findings.count(Grade::warn)},
            {"fail", findings.count(Grade::fail)}};
}

}  // namespace flyball
