#pragma once
// The source tree as the tidy rules see it: files below the folders that are ours, read whole.
// Made once by load(), then only read. Throws what the standard library throws: it is a test.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tidy {

struct SourceFile {
    std::string path;                // from the root, with forward slashes
    std::vector<std::string> lines;  // as they are
    std::vector<std::string> code;   // the same lines, comments and texts blanked; C++ only
    bool executable = false;

    bool is_cpp() const;
    bool is_header() const;
    std::string_view top() const;     // the first folder: "schemas"
    std::string_view folder() const;  // "tests/unit/schemas"
    std::string_view name() const;    // "topic_test.cpp"
    std::string_view stem() const;    // "topic_test"
    bool below(std::string_view prefix) const { return std::string_view(path).starts_with(prefix); }
};

class SourceTree {
public:
    // Every file below `root` but those in build, node_modules and hidden folders other than .ci.
    static SourceTree load(const std::filesystem::path& root);

    const std::vector<SourceFile>& files() const { return files_; }
    const SourceFile* find(std::string_view path) const;
    // The files and the names of the folders directly in `folder`.
    std::vector<const SourceFile*> files_in(std::string_view folder) const;
    std::vector<std::string> folders_in(std::string_view folder) const;

private:
    std::vector<SourceFile> files_;  // sorted by path
};

// The text with every comment, string and character literal blanked, line breaks kept.
std::string blank_comments_and_texts(std::string_view text);

}  // namespace tidy
