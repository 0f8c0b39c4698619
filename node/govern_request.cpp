#include "node/govern_request.h"

#include <algorithm>
#include <limits>

#include "schemas/writer.h"

namespace flyball {
namespace {

constexpr std::size_t number_bytes = 8;

// Recursion is bounded by what a configuration accepts (node/config_govern.cpp).
void write_tree(Writer& writer, const Tree& tree) {
    if (const bool* flag = tree.boolean()) {
        writer.boolean(*flag);
    } else if (const std::int64_t* number = tree.integer()) {
        writer.integer(*number);
    } else if (const std::string* text = tree.text()) {
        writer.text(*text);
    } else if (const Tree::List* list = tree.list()) {
        writer.begin_array();
        for (const Tree& one : *list) {
            write_tree(writer, one);
        }
        writer.end_array();
    } else {
        writer.begin_map();
        for (const auto& [key, value] : *tree.map()) {
            writer.key(std::string_view(key));
            write_tree(writer, value);
        }
        writer.end_map();
    }
}

std::string payload_of(const GovernRule& rule, GovernRequest::Kind kind) {
    Writer writer(Encoding::msgpack);
    writer.restart(Encoding::msgpack);
    writer.begin_map();
    if (kind == GovernRequest::Kind::trial) {
        writer.field("dry_run", true);
    } else {
        writer.field("brief", true);
    }
    for (const auto& [key, value] : *rule.request.map()) {
        writer.key(std::string_view(key));
        write_tree(writer, value);
    }
    if (rule.per == GovernedUnit::byte) {
        writer.key(rule.governor.starts_with("quota/") ? std::string_view("hits") : "amount");
        // Written in its longest form, so that any other number fits into its place.
        writer.integer(std::numeric_limits<std::int64_t>::max());
    }
    writer.end_map();
    return std::string(writer.bytes());
}

}  // namespace

GovernRequest::GovernRequest(const Root& root, const GovernRule& rule, Kind kind)
    : root_(root),
      type_(rule.governor.substr(0, rule.governor.find('/'))),
      name_(rule.governor == type_ ? "" : rule.governor.substr(type_.size() + 1)),
      counts_bytes_(rule.per == GovernedUnit::byte),
      payload_(payload_of(rule, kind)) {}

Message GovernRequest::of(std::string_view tenant, std::uint64_t units) {
    topic_.clear();
    append_topic(topic_, root_,
                 Topic{.channel = Channel::request,
                       .type = type_,
                       .name = name_,
                       .has_tenant = true,
                       .tenant = tenant});
    if (counts_bytes_) {
        for (std::size_t i = 1; i <= number_bytes; ++i, units >>= 8U) {
            payload_[payload_.size() - i] = static_cast<char>(units & 0xffU);  // big-endian
        }
    }
    Message message;
    message.topic = topic_;
    message.payload = payload_;
    return message;
}

}  // namespace flyball
