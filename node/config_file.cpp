#include "node/config_file.h"

#include "node/config_option.h"
#include "schemas/toml.h"

namespace flyball {
namespace {

class Reader {
public:
    Reader(const std::string& path, ConfigFile& out) : path_(path), out_(out) {}

    // Depth is bounded by toml++ (256).
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
