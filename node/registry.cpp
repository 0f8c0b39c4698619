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
    auto rules = row->make();
    if (auto configured = rules->configure(split->second, now); !configured) {
        return configured.error();
    }
    auto governor = std::make_unique<Governor>(Governor::Options{.type = std::string(type),
                                                                 .name = std::string(name),
                                                                 .settings = split->first,
                                                                 .rules = std::move(rules),
                                                                 .seed = seed_});
    governor->set_policy_rev(policy_rev(governor->configuration()));
    Governor* made = governor.get();
    governors_.emplace(Less::Key{made->type(), made->name()}, std::move(governor));
    return made;
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
