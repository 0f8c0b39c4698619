#include "fleet/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace flyball {
namespace {

bool integer_literal(std::string_view text) {
    const std::size_t sign = text.starts_with('-') ? 1U : 0U;
    return text.size() > sign &&
           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(sign), text.end(),
                       [](char c) { return c >= '0' && c <= '9'; });
}

Error usage(std::string message) {
    return Error{ErrorCode::usage, std::move(message)};
}

Result<std::vector<Json>> batch_of_array(Json& document, std::string_view name) {
    std::vector<Json> entries;
    entries.reserve(document.size());
    for (Json& entry : document) {
        if (!entry.is_object()) {
            return usage(fmt::format("{}: entry {} is no map", name, entries.size() + 1));
        }
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace

Json parse_value(std::string_view text) {
    std::optional<Json> value = parse_json(text);
    if (!value || (value->is_number_float() && integer_literal(text))) {
        return Json(std::string(text));
    }
    return *std::move(value);
}

Result<bool> add_key_value(Json& request, std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        return usage(fmt::format("'{}' is not key=value", word));
    }
    std::string_view path = word.substr(0, equals);
    const std::string_view whole = path;
    Json* map = &request;
    while (true) {
        const std::size_t dot = path.find('.');
        const std::string key(path.substr(0, dot));
        if (key.empty()) {
            return usage(fmt::format("'{}' has an empty part in its key", word));
        }
        if (dot == std::string_view::npos) {
            if (map->contains(key)) {
                return usage(fmt::format("the key '{}' is given twice", whole));
            }
            (*map)[key] = parse_value(word.substr(equals + 1));
            return true;
        }
        if (!map->contains(key)) {
            (*map)[key] = Json::object();
        }
        Json& inner = (*map)[key];
        if (!inner.is_object()) {
            return usage(fmt::format("'{}' nests below '{}', which is no map", word, key));
        }
        map = &inner;
        path.remove_prefix(dot + 1);
    }
}

Result<Json> parse_key_values(std::span<const std::string> words) {
    Json request = Json::object();
    for (const std::string& word : words) {
        if (auto added = add_key_value(request, word); !added) {
            return added.error();
        }
    }
    return request;
}

Result<std::vector<Json>> parse_batch(std::string_view text, std::string_view name) {
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    if (start != std::string_view::npos && text[start] == '[') {
        std::optional<Json> document = parse_json(text);
        if (!document) {
            return usage(fmt::format("{}: not a JSON array", name));
        }
        return batch_of_array(*document, name);
    }
    std::vector<Json> entries;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const std::size_t end = text.find('\n');
        const std::string_view row = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (row.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        std::optional<Json> entry = parse_json(row);
        if (!entry || !entry->is_object()) {
            return usage(fmt::format("{}:{}: not a JSON map", name, line));
        }
        entries.push_back(*std::move(entry));
    }
    return entries;
}

// By C's streams: a C++ one throws when it is asked to read a folder.
Result<std::vector<Json>> read_batch(const std::string& file) {
    const bool standard_input = file == "-";
    std::FILE* const stream = standard_input ? stdin : std::fopen(file.c_str(), "rb");
    std::string text;
    bool good = stream != nullptr;
    if (good) {
        std::array<char, 65'536> chunk{};
        while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), stream)) {
            text.append(chunk.data(), got);
        }
        good = std::ferror(stream) == 0;
    }
    if (stream != nullptr && !standard_input) {
        std::fclose(stream);
    }
    const std::string name = standard_input ? "standard input" : file;
    if (!good) {
        return usage(fmt::format("{}: cannot be read", name));
    }
    return parse_batch(text, name);
}

}  // namespace flyball
