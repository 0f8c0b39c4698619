// Words: names that say nothing, promises to do it later, suppressions without a reason.

#include <algorithm>
#include <array>
#include <regex>

#include "tests/tidy/rules.h"

namespace tidy {
namespace {

constexpr std::array<std::string_view, 8> empty_stems{"util",    "utils", "common", "helper",
                                                      "helpers", "misc",  "stuff",  "base"};

bool is_text_of_ours(const SourceFile& file) {
    static constexpr std::array<std::string_view, 10> endings{
        ".h", ".cpp", ".md", ".cmake", ".txt", ".py", ".js", ".yaml", ".yml", ".sh"};
    if (file.below("tests/tidy/")) {
        return false;  // the rules and their planted violations spell the words out
    }
    return file.top() == "tools" || file.top() == ".ci" ||
           std::any_of(endings.begin(), endings.end(),
                       [&](std::string_view ending) { return file.path.ends_with(ending); });
}

void search_lines(const SourceFile& file, const std::vector<std::string>& lines,
                  const std::regex& pattern, const std::string& message, Findings& findings) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::smatch match;
        if (std::regex_search(lines[i], match, pattern)) {
            findings.push_back({file.path, i + 1, message + ": " + match.str()});
        }
    }
}

}  // namespace

void files_and_types_have_real_names(const SourceTree& tree, Findings& findings) {
    static const std::regex type(
        R"(\b(class|struct|enum|union)\s+\w*(Manager|Helper|Helpers|Util|Utils|Base|Impl)\b)");
    for (const SourceFile& file : tree.files()) {
        if (!file.is_cpp()) {
            continue;
        }
        if (std::find(empty_stems.begin(), empty_stems.end(), file.stem()) != empty_stems.end()) {
            findings.push_back({file.path, 0, "the file's name says nothing"});
        }
        search_lines(file, file.code, type, "the type's name says nothing", findings);
    }
}

void nothing_is_left_for_later(const SourceTree& tree, Findings& findings) {
    static const std::regex later(R"(\b(TODO|FIXME|XXX|HACK)\b|\bDISABLED_\w+)");
    for (const SourceFile& file : tree.files()) {
        if (is_text_of_ours(file)) {
            search_lines(file, file.lines, later, "do it or file it", findings);
        }
    }
}

void suppressions_have_a_reason(const SourceTree& tree, Findings& findings) {
    static const std::regex nolint(R"(NOLINT\w*)");
    static const std::regex reasoned(
        R"(NOLINT(BEGIN|END|NEXTLINE)?\([a-z0-9.,*-]+\)\s*:\s*\w+|NOLINTEND)");
    for (const SourceFile& file : tree.files()) {
        if (!file.is_cpp() || file.below("tests/tidy/")) {
            continue;
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            if (std::regex_search(file.lines[i], nolint) &&
                !std::regex_search(file.lines[i], reasoned)) {
                findings.push_back({file.path, i + 1, "write NOLINT(check): reason"});
            }
        }
    }
}

void no_catch_is_empty(const SourceTree& tree, Findings& findings) {
    static const std::regex opens(R"(catch\s*\([^)]*\)\s*\{\s*(\}|$))");
    for (const SourceFile& file : tree.files()) {
        for (std::size_t i = 0; i < file.code.size(); ++i) {
            std::smatch match;
            if (!std::regex_search(file.code[i], match, opens)) {
                continue;
            }
            const auto blank = [](const std::string& line) {
                return line.find_first_not_of(" \t") == std::string::npos;
            };
            std::size_t next = i + 1;
            while (next < file.code.size() && blank(file.code[next])) {
                ++next;
            }
            const bool closed_there = match[1].str() == "}";
            const bool closed_later =
                next < file.code.size() &&
                file.code[next][file.code[next].find_first_not_of(" \t")] == '}';
            if (closed_there || closed_later) {
                findings.push_back({file.path, i + 1, "an empty catch hides a failure"});
            }
        }
    }
}

}  // namespace tidy
