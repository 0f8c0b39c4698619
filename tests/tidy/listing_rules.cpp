// What must be named somewhere: files by the build and by their folder's README.

#include <algorithm>
#include <array>
#include <regex>
#include <set>

#include "tests/tidy/rules.h"

namespace tidy {
namespace {

constexpr std::array<std::string_view, 6> code_folders{"schemas", "governors", "transport",
                                                       "node",    "fleet",     "tests"};
constexpr std::size_t readme_lines_max = 40;

bool has_token(const SourceFile& file, const std::string& token) {
    for (const std::string& line : file.lines) {
        for (std::size_t at = line.find(token); at != std::string::npos;
             at = line.find(token, at + 1)) {
            static constexpr std::string_view edges = " \t()\"";
            const std::size_t end = at + token.size();
            const bool starts = at == 0 || edges.find(line[at - 1]) != edges.npos;
            const bool stops = end == line.size() || edges.find(line[end]) != edges.npos;
            if (starts && stops && line.substr(0, at).find('#') == std::string::npos) {
                return true;
            }
        }
    }
    return false;
}

// Whether the CMakeLists.txt of the file's folder, or of one above it, names the file.
bool listed(const SourceTree& tree, const SourceFile& file) {
    std::string folder(file.folder());
    while (!folder.empty()) {
        const SourceFile* list = tree.find(folder + "/CMakeLists.txt");
        if (list != nullptr && has_token(*list, file.path.substr(folder.size() + 1))) {
            return true;
        }
        const std::size_t slash = folder.rfind('/');
        folder = slash == std::string::npos ? "" : folder.substr(0, slash);
    }
    return false;
}

// A test's header is known through whoever includes it; a library's has to compile alone, which the
// build checks only for headers it lists.
bool included_test_header(const SourceTree& tree, const SourceFile& file) {
    const std::string quoted = "\"" + file.path + "\"";
    return file.is_header() && file.top() == "tests" &&
           std::any_of(tree.files().begin(), tree.files().end(), [&](const SourceFile& other) {
               return other.is_cpp() &&
                      std::any_of(other.lines.begin(), other.lines.end(), [&](const auto& line) {
                          return line.starts_with("#include") && line.ends_with(quoted);
                      });
           });
}

// The names in the first column of a README's tables: `topic`, `unit/`.
std::set<std::string> named_in_tables(const SourceFile& readme) {
    static const std::regex name(R"(`([^`]+)`)");
    std::set<std::string> names;
    for (const std::string& line : readme.lines) {
        if (!line.starts_with("|")) {
            continue;
        }
        const std::string cell = line.substr(1, line.find('|', 1) - 1);
        for (std::sregex_iterator it(cell.begin(), cell.end(), name), end; it != end; ++it) {
            names.insert((*it)[1].str());
        }
    }
    return names;
}

// What a folder's README has to name: its sources by their stems, of tests the subfolders too.
std::set<std::string> names_in_folder(const SourceTree& tree, std::string_view folder) {
    std::set<std::string> names;
    for (const SourceFile* file : tree.files_in(folder)) {
        if (file->is_cpp()) {
            names.insert(std::string(file->stem()));
        }
    }
    for (const std::string& sub : tree.folders_in(folder)) {
        names.insert(sub + "/");
    }
    return names;
}

void check_readme(const SourceTree& tree, std::string_view folder, Findings& findings) {
    const std::string path = std::string(folder) + "/README.md";
    const SourceFile* readme = tree.find(path);
    if (readme == nullptr) {
        findings.push_back({path, 0, "is missing"});
        return;
    }
    if (readme->lines.size() > readme_lines_max) {
        findings.push_back({path, 0, std::to_string(readme->lines.size()) + " lines, 40 at most"});
    }
    const std::set<std::string> named = named_in_tables(*readme);
    const std::set<std::string> there = names_in_folder(tree, folder);
    for (const std::string& name : there) {
        if (!named.contains(name)) {
            findings.push_back({path, 0, "its table does not name `" + name + "`"});
        }
    }
    for (const std::string& name : named) {
        if (!there.contains(name)) {
            findings.push_back({path, 0, "its table names `" + name + "`, which is not there"});
        }
    }
}

}  // namespace

void the_build_lists_every_file(const SourceTree& tree, Findings& findings) {
    for (const SourceFile& file : tree.files()) {
        const bool ours =
            std::find(code_folders.begin(), code_folders.end(), file.top()) != code_folders.end();
        if (ours && file.is_cpp() && !listed(tree, file) && !included_test_header(tree, file)) {
            findings.push_back({file.path, 0, "no CMakeLists.txt lists it"});
        }
    }
}

void readmes_name_every_file(const SourceTree& tree, Findings& findings) {
    for (const std::string_view folder : code_folders) {
        check_readme(tree, folder, findings);
    }
}

void scripts_can_be_run(const SourceTree& tree, Findings& findings) {
    for (const SourceFile& file : tree.files()) {
        const bool script = file.folder() == "tools" || file.folder() == ".ci";
        if (!script || file.path.ends_with(".md") || file.path.ends_with(".txt")) {
            continue;
        }
        if (!file.executable) {
            findings.push_back({file.path, 0, "is not executable"});
        }
        const std::string first = file.lines.empty() ? "" : file.lines.front();
        if (!first.starts_with("#!")) {
            findings.push_back({file.path, 1, "does not start with #!"});
        }
        if (first.ends_with("bash") && std::find(file.lines.begin(), file.lines.end(),
                                                 "set -euo pipefail") == file.lines.end()) {
            findings.push_back({file.path, 0, "has no line `set -euo pipefail`"});
        }
    }
}

void locks_name_no_host(const SourceTree& tree, Findings& findings) {
    for (const SourceFile& file : tree.files()) {
        if (file.name() != "package-lock.json") {
            continue;
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            if (file.lines[i].find("\"resolved\"") != std::string::npos) {
                findings.push_back({file.path, i + 1,
                                    "names a registry's host; npm's omit-lockfile-registry-resolved"
                                    " leaves it out"});
            }
        }
    }
}

}  // namespace tidy
