#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

namespace tidy {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> split_lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

bool skipped_folder(const std::string& name) {
    if (name == "build" || name == "node_modules" || name == "__pycache__") {
        return true;
    }
    return name.starts_with(".") && name != ".ci";
}

SourceFile read(const fs::path& root, const fs::path& path) {
    SourceFile file;
    file.path = fs::relative(path, root).generic_string();
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    file.lines = split_lines(text.str());
    if (file.is_cpp()) {
        file.code = split_lines(blank_comments_and_texts(text.str()));
    }
    file.executable = (fs::status(path).permissions() & fs::perms::owner_exec) != fs::perms::none;
    return file;
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Walks the text once; what is not code comes out as blanks.
class Blanker {
public:
    explicit Blanker(std::string_view text) : text_(text), out_(text) {}

    std::string run() {
        while (at_ < text_.size()) {
            step();
        }
        return std::move(out_);
    }

private:
    void step() {
        if (starts("//")) {
            blank_to(text_.find('\n', at_));
        } else if (starts("/*")) {
            blank_past(text_.find("*/", at_ + 2), 2);
        } else if (starts("R\"") && !after_word()) {
            const std::size_t open = text_.find('(', at_);
            const std::string end = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
            blank_past(text_.find(end, at_), end.size());
        } else if (text_[at_] == '"' || (text_[at_] == '\'' && !after_word())) {
            blank_to(end_of_literal(text_[at_]));
        } else {
            ++at_;
        }
    }

    std::size_t end_of_literal(char quote) const {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
            end += text_[end] == '\\' ? 2U : 1U;
        }
        return end + 1;
    }

    bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    bool after_word() const { return at_ > 0 && is_word(text_[at_ - 1]); }

    void blank_past(std::size_t end, std::size_t length) {
        blank_to(end == std::string_view::npos ? end : end + length);
    }
    void blank_to(std::size_t end) {
        end = std::min(end, text_.size());
        for (; at_ < end; ++at_) {
            if (out_[at_] != '\n') {
                out_[at_] = ' ';
            }
        }
    }

    std::string_view text_;
    std::string out_;
    std::size_t at_ = 0;
};

}  // namespace

std::string blank_comments_and_texts(std::string_view text) {
    return Blanker(text).run();
}

bool SourceFile::is_header() const {
    return path.ends_with(".h");
}
bool SourceFile::is_cpp() const {
    return is_header() || path.ends_with(".cpp");
}
std::string_view SourceFile::top() const {
    return std::string_view(path).substr(0, path.find('/'));
}
std::string_view SourceFile::folder() const {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string_view()
                                      : std::string_view(path).substr(0, slash);
}
std::string_view SourceFile::name() const {
    return std::string_view(path).substr(path.rfind('/') + 1);
}
std::string_view SourceFile::stem() const {
    return name().substr(0, name().rfind('.'));
}

SourceTree SourceTree::load(const fs::path& root) {
    SourceTree tree;
    for (auto it = fs::recursive_directory_iterator(root); it != fs::end(it); ++it) {
        if (it->is_directory() && skipped_folder(it->path().filename().string())) {
            it.disable_recursion_pending();
        } else if (it->is_regular_file()) {
            tree.files_.push_back(read(root, it->path()));
        }
    }
    std::sort(tree.files_.begin(), tree.files_.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
    return tree;
}

const SourceFile* SourceTree::find(std::string_view path) const {
    const auto it = std::lower_bound(
        files_.begin(), files_.end(), path,
        [](const SourceFile& file, std::string_view wanted) { return file.path < wanted; });
    return it != files_.end() && it->path == path ? &*it : nullptr;
}

std::vector<const SourceFile*> SourceTree::files_in(std::string_view folder) const {
    std::vector<const SourceFile*> found;
    for (const SourceFile& file : files_) {
        if (file.folder() == folder) {
            found.push_back(&file);
        }
    }
    return found;
}

std::vector<std::string> SourceTree::folders_in(std::string_view folder) const {
    const std::string prefix = std::string(folder) + "/";
    std::set<std::string> names;
    for (const SourceFile& file : files_) {
        const std::size_t slash = file.path.find('/', prefix.size());
        if (file.below(prefix) && slash != std::string::npos) {
            names.insert(file.path.substr(prefix.size(), slash - prefix.size()));
        }
    }
    return {names.begin(), names.end()};
}

}  // namespace tidy
