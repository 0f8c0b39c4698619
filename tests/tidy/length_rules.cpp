// How long a file, a line and a function may be.

#include <array>
#include <regex>

#include "tests/tidy/rules.h"

namespace tidy {
namespace {

constexpr std::size_t source_lines_max = 400;
constexpr std::size_t header_lines_max = 150;
constexpr std::size_t function_lines_max = 70;
constexpr std::size_t columns_max = 100;
constexpr std::size_t script_lines_max = 400;

// Bytes that begin a character: a line of German or of arrows is as long as it looks.
std::size_t columns(const std::string& line) {
    std::size_t count = 0;
    for (const char c : line) {
        count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }
    return count;
}

// Finds function bodies by their braces: a brace whose text since the last ; { } has a parameter
// list and no class-key is a body; what is inside belongs to it, lambdas too.
class FunctionScanner {
public:
    FunctionScanner(const SourceFile& file, Findings& findings)
        : file_(file), findings_(findings) {}

    void run() {
        for (line_ = 0; line_ < file_.code.size(); ++line_) {
            const std::string& text = file_.code[line_];
            if (text.find_first_not_of(" \t") != std::string::npos &&
                text[text.find_first_not_of(" \t")] == '#') {
                continue;
            }
            for (const char c : text) {
                take(c);
            }
            take(' ');
        }
    }

private:
    enum class Scope { other, function, initialiser };
    struct Level {
        Scope scope;
        std::size_t first_line;
    };

    void take(char c) {
        if (c == '{') {
            open();
        } else if (c == '}') {
            close();
        } else if (c == ';') {
            head_.clear();
        } else if (!head_.empty() || (c != ' ' && c != '\t')) {
            if (head_.empty()) {
                head_line_ = line_;
            }
            head_ += c;
        }
    }

    void open() {
        const Scope scope = in_function() ? Scope::other : classify();
        levels_.push_back({scope, head_line_});
        if (scope != Scope::initialiser) {
            head_.clear();
        }
    }

    void close() {
        if (levels_.empty()) {
            return;
        }
        const Level level = levels_.back();
        levels_.pop_back();
        if (level.scope == Scope::initialiser) {
            head_ += "}";
            return;
        }
        head_.clear();
        const std::size_t length = line_ - level.first_line + 1;
        if (level.scope == Scope::function && length > function_lines_max) {
            findings_.push_back({file_.path, level.first_line + 1,
                                 "a function of " + std::to_string(length) + " lines, " +
                                     std::to_string(function_lines_max) + " at most"});
        }
    }

    bool in_function() const {
        for (const Level& level : levels_) {
            if (level.scope == Scope::function) {
                return true;
            }
        }
        return false;
    }

    Scope classify() const {
        static const std::regex aggregate(
            R"(^(template\s*<.*>\s*)?(\[\[\w+\]\]\s*)?(class|struct|union|enum|namespace|extern)\b)");
        static const std::regex member_initialiser(R"(\)[^{}]*[^:]:[^:].*[\w>]\s*$)");
        if (std::regex_search(head_, member_initialiser)) {
            return Scope::initialiser;
        }
        if (head_.find('(') == std::string::npos || std::regex_search(head_, aggregate)) {
            return Scope::other;
        }
        return Scope::function;
    }

    const SourceFile& file_;
    Findings& findings_;
    std::vector<Level> levels_;
    std::string head_;
    std::size_t head_line_ = 0;
    std::size_t line_ = 0;
};

void too_many_lines(const SourceFile& file, std::size_t max, Findings& findings) {
    if (file.lines.size() > max) {
        findings.push_back(
            {file.path, 0,
             std::to_string(file.lines.size()) + " lines, " + std::to_string(max) + " at most"});
    }
}

}  // namespace

void files_and_lines_are_short(const SourceTree& tree, Findings& findings) {
    for (const SourceFile& file : tree.files()) {
        if (file.is_cpp()) {
            too_many_lines(file, file.is_header() ? header_lines_max : source_lines_max, findings);
            for (std::size_t i = 0; i < file.lines.size(); ++i) {
                if (columns(file.lines[i]) > columns_max &&
                    file.lines[i].find("R\"(") == std::string::npos) {
                    findings.push_back(
                        {file.path, i + 1,
                         std::to_string(columns(file.lines[i])) + " columns, 100 at most"});
                }
            }
        } else if (file.top() == "tools" || file.top() == ".ci") {
            too_many_lines(file, script_lines_max, findings);
        }
    }
}

void functions_are_short(const SourceTree& tree, Findings& findings) {
    for (const SourceFile& file : tree.files()) {
        if (file.is_cpp()) {
            FunctionScanner(file, findings).run();
        }
    }
}

}  // namespace tidy
