// Who may hold a certificate, what its common name is and when it is to end: Role, Holder and
// spread_of() of fleet/pki/folder.h.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fleet/node_name.h"
#include "fleet/pki/folder.h"
#include "schemas/limits.h"
#include "schemas/request.h"
#include "schemas/topic.h"

namespace flyball {
namespace {

constexpr std::size_t login_bytes_max = 64;  // what X.509 has for a common name

Result<Holder> fitting(Holder holder) {
    if (holder.login.size() > login_bytes_max) {
        return Error{ErrorCode::usage,
                     fmt::format("'{}' has {} bytes; a certificate's common name has {} at most",
                                 holder.login, holder.login.size(), login_bytes_max)};
    }
    return holder;
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

bool is_host_name(const std::string& name) {
    constexpr std::size_t name_bytes_max = 253;  // of DNS
    return !name.empty() && name.size() <= name_bytes_max && name.front() != '.' &&
           name.front() != '-' && std::ranges::all_of(name, is_host_character);
}

}  // namespace

std::string_view to_text(Role role) {
    switch (role) {
        case Role::authority: return "ca";
        case Role::broker: return "broker";
        case Role::node: return "node";
        case Role::app: return "app";
        case Role::operation: return "operator";
    }
    return {};
}

std::string name_of(const Holder& holder) {
    std::array<char, 3 * tenant_bytes_max> bytes{};
    const auto tenant =
        holder.role == Role::app ? decode_tenant(holder.login, bytes) : std::nullopt;
    return tenant ? std::string(*tenant) : holder.login;
}

Result<Holder> node_holder(const std::string& name) {
    const auto node = parse_node(name);
    if (!node) {
        return node.error();
    }
    return fitting({Role::node, node->text(), {}});
}

Result<Holder> app_holder(const std::string& tenant) {
    // A line of an ACL loses blanks at its ends.
    if (!valid_tenant(tenant) || tenant.front() == ' ' || tenant.back() == ' ') {
        return Error{ErrorCode::usage,
                     fmt::format("'{}' is no tenant for a login: 1 to 64 bytes of UTF-8 without "
                                 "control characters, and no blank at either end",
                                 tenant)};
    }
    Holder holder{Role::app, {}, {}};
    append_encoded_tenant(holder.login, tenant);
    return fitting(std::move(holder));
}

Result<Holder> operator_holder(const std::string& name) {
    const bool good = !name.empty() && name.front() != '-' && std::ranges::all_of(name, [](char c) {
        return is_host_character(c) || c == '@';
    });
    if (!good) {
        return Error{ErrorCode::usage,
                     fmt::format("'{}' is no operator's name: letters, digits, - _ . @", name)};
    }
    return fitting({Role::operation, name, {}});
}

Result<Holder> broker_holder(std::vector<std::string> names) {
    for (const std::string& name : names) {
        if (!is_ip_address(name) && !is_host_name(name)) {
            return Error{ErrorCode::usage,
                         fmt::format("'{}' is neither a host's name nor an IP address", name)};
        }
    }
    Holder holder{Role::broker, names.front(), std::move(names)};
    return fitting(std::move(holder));
}

Span spread_of(std::string_view login, int lasting) {
    // FNV-1a, and its upper bits once more: short names that differ at the end are far apart.
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : login) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    hash = (hash ^ (hash >> 29U)) * 0xbf58476d1ce4e5b9U;
    constexpr int part = 4;  // of a short life, so that what is left is most of it
    const Span window =
        std::min<Span>(PkiFolder::spread_max, Span(std::chrono::days(lasting)) / part);
    const auto seconds = static_cast<std::uint64_t>(window.count() / 1000);
    return Span(static_cast<std::int64_t>(seconds == 0 ? 0 : (hash >> 16U) % seconds) * 1000);
}

}  // namespace flyball
