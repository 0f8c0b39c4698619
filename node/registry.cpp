#include "node/registry.h"

#include <utility>

#include "governors/settings.h"
#include "node/governor_types.h"
#include "node/policy_rev.h"
#include "schemas/request.h"

namespace flyball {

Result<Governor*> Registry::add(std::string_view type, std::string_view name, const Tree& raw,
                                Instant now) {
    const GovernorType* row = find_governor_type(type);
    if (row == nullptr) {
        return Error{ErrorCode::usage, "type: no governor type is called " + std::string(type)};
    }
    if (!valid_name(name)) {
        return Error{ErrorCode::usage,
                     "name: must be a to z, 0 to 9, _ and -, at most 63, "
                     "beginning with a letter or digit"};
    }
    if (find(type, name) != nullptr) {
        return Error{ErrorCode::usage, "name: a governor of this type and name exists"};
    }
    auto split = split_governor_settings(raw, row->defaults);
    if (!split) {
        return split.error();
    }
    auto rules = row->make({.title = std::string(type) + "/" + std::string(name)});
    if (auto configured = rules->configure(split->second, now); !configured) {
        return configured.error();
    }
    auto governor = std::make_unique<Governor>(Governor::Options{.type = std::string(type),
                                                                 .name = std::string(name),
                                                                 .settings = split->first,
                                                                 .rules = std::move(rules),
                                                                 .seed = seed_});
    governor->set_policy_rev(flyball::policy_rev(governor->configuration()));
    Governor* made = governor.get();
    governors_.emplace(Less::Key{made->type(), made->name()}, std::move(governor));
    return made;
}

std::vector<std::string> Registry::add_configured(const NodeSettings& settings, Instant now) {
    std::map<std::string, Tree> wanted = settings.governors;
    if (settings.base_governors) {
        for (const GovernorType& type : governor_types()) {
            wanted.try_emplace(std::string(type.name) + "/main");
        }
    }
    std::vector<std::string> faults;
    for (const auto& [title, raw] : wanted) {
        const std::size_t slash = title.find('/');
        const std::string_view whole = title;
        const auto added = add(whole.substr(0, slash), whole.substr(slash + 1), raw, now);
        if (!added) {
            faults.push_back(settings.place_of(title, added.error().message));
        }
    }
    return faults;
}

std::string Registry::policy_rev() const {
    Tree::Map configurations;
    each([&configurations](const Governor& governor) {
        configurations.emplace(governor.title(), governor.configuration());
    });
    return flyball::policy_rev(Tree(std::move(configurations)));
}

Governor* Registry::find(std::string_view type, std::string_view name) const {
    const auto found = governors_.find(Less::Key{type, name});
    return found == governors_.end() ? nullptr : found->second.get();
}

void Registry::each(const std::function<void(Governor&)>& visit) const {
    for (const auto& [key, governor] : governors_) {
        visit(*governor);
    }
}

std::vector<std::string_view> Registry::titles(std::size_t max) const {
    std::vector<std::string_view> titles;
    for (const auto& [key, governor] : governors_) {
        if (titles.size() == max) {
            break;
        }
        titles.push_back(governor->title());
    }
    return titles;
}

}  // namespace flyball
