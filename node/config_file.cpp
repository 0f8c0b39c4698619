#include "node/config_file.h"

#include <algorithm>

#include "node/config_option.h"
#include "schemas/toml.h"

namespace flyball {
namespace {

constexpr std::size_t dots_max = 256;

// Walks over a text as TOML reads it, as far as it is TOML, and counts the dots of its keys: each
// is a table in a table, of which toml++ makes as many as there are and then calls itself for each.
class Dots {
public:
    explicit Dots(std::string_view text) : rest_(text) {}

    // The line in which a statement begins that has more than it may; 0: none has.
    std::size_t line_with_too_many() {
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (c == '"' || c == '\'') {
                skip_text(c);
                continue;
            }
            if (c == '#') {
                skip(std::min(rest_.find('\n'), rest_.size()));
                continue;
            }
            brackets_ += c == '[' || c == '{' ? 1 : 0;
            brackets_ -= (c == ']' || c == '}') && brackets_ > 0 ? 1 : 0;
            dots_ += c == '.' ? 1 : 0;
            if (dots_ > dots_max) {
                return statement_line_;
            }
            skip(1);
            if (c == '\n' && brackets_ == 0) {
                dots_ = 0;
                statement_line_ = line_;
            }
        }
        return 0;
    }

private:
    void skip(std::size_t bytes) {
        const std::string_view gone = rest_.substr(0, bytes);
        line_ += static_cast<std::size_t>(std::ranges::count(gone, '\n'));
        rest_.remove_prefix(gone.size());
    }
    void skip_text(char quote) {
        const std::string many(3, quote);
        const std::string_view end =
            rest_.starts_with(many) ? many : std::string_view(many).substr(2);
        skip(end.size());
        while (!rest_.empty() && !rest_.starts_with(end)) {
            if (rest_.front() == '\n' && end.size() == 1) {
                return;  // no TOML
            }
            skip(rest_.front() == '\\' && quote == '"' ? 2 : 1);
        }
        skip(end.size());
        for (int more = 0; more < 2 && end.size() == 3 && rest_.starts_with(quote); ++more) {
            skip(1);  // the last quotes of a text may be its own
        }
    }

    std::string_view rest_;
    std::size_t line_ = 1;
    std::size_t statement_line_ = 1;
    std::size_t brackets_ = 0;
    std::size_t dots_ = 0;
};

class Reader {
public:
    Reader(const std::string& path, ConfigFile& out) : path_(path), out_(out) {}

    // Depth is bounded by toml++ (256 values in each other) and by Dots (256 dots).
    Tree read(const toml::node& node, const std::string& key) {
        if (!key.empty()) {
            out_.places.insert_or_assign(key, place(node.source().begin));
        }
        switch (node.type()) {
            case toml::node_type::table: return read_table(*node.as_table(), key);
            case toml::node_type::array: return read_array(*node.as_array(), key);
            case toml::node_type::string: return {node.as_string()->get()};
            case toml::node_type::integer: return {node.as_integer()->get()};
            case toml::node_type::boolean: return {node.as_boolean()->get()};
            case toml::node_type::none:
            case toml::node_type::floating_point:
            case toml::node_type::date:
            case toml::node_type::time:
            case toml::node_type::date_time: break;
        }
        out_.faults.push_back(place(node.source().begin) + ": " + key +
                              ": must be a string, an integer, true or false, a list or a table; "
                              "fractions and bare dates are not used");
        return {};
    }

    std::string place(const toml::source_position& at) const {
        return path_ + ":" + std::to_string(at.line);
    }

private:
    Tree read_table(const toml::table& table, const std::string& key) {
        Tree::Map map;
        for (const auto& [name, value] : table) {
            const std::string below = (key.empty() ? "" : key + ".") + std::string(name.str());
            Tree member = read(value, below);
            // A table's own place would be that of its first member; the name's says more.
            out_.places.insert_or_assign(below, place(name.source().begin));
            map.insert_or_assign(std::string(name.str()), std::move(member));
        }
        return {std::move(map)};
    }

    Tree read_array(const toml::array& array, const std::string& key) {
        Tree::List list;
        for (const toml::node& value : array) {
            list.push_back(read(value, key + "[" + std::to_string(list.size()) + "]"));
        }
        return {std::move(list)};
    }

    const std::string& path_;
    ConfigFile& out_;
};

}  // namespace

ConfigFile parse_config_file(std::string_view text, const std::string& path) {
    ConfigFile file;
    Reader reader(path, file);
    if (const std::size_t line = Dots(text).line_with_too_many(); line != 0) {
        file.faults.push_back(
            path + ":" + std::to_string(line) +
            ": at most 256 dots in one statement; the one that begins here has more: "
            "is one of its brackets open?");
        return file;
    }
    const toml::parse_result parsed = toml::parse(text, path);
    if (!parsed) {
        file.faults.push_back(reader.place(parsed.error().source().begin) + ": " +
                              std::string(parsed.error().description()));
        return file;
    }
    file.root = reader.read(parsed.table(), "");
    return file;
}

}  // namespace flyball
