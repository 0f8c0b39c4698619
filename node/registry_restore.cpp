// The half of Registry that recovery asks: what an earlier run noted, put in place again.

#include "node/registry.h"
#include "schemas/decode.h"

namespace flyball {

namespace {

Result<Tree> parse(std::string_view config) {
    Decoder decoder;
    const Payload payload = decoder.decode(config);
    if (payload.good()) {
        if (auto tree = tree_of(*payload.root)) {
            return std::move(*tree);
        }
    }
    return Error{ErrorCode::damaged, "a recorded configuration cannot be read"};
}

}  // namespace

Result<void> Registry::restore(const GovernorChange& change, Instant now) {
    const std::string title(change.title);
    by_title_.erase(title);
    if (change.standing == GovernorChange::Standing::purged) {
        governors_.erase(title);
        aside_.erase(title);
        purged_.insert(title);
        return {};
    }
    const auto config = parse(change.config);
    if (!config) {
        return Error{config.error().code, title + ": " + config.error().message};
    }
    const bool in_work = change.standing == GovernorChange::Standing::in_work;
    Entries& here = in_work ? governors_ : aside_;
    Entries& there = &here == &governors_ ? aside_ : governors_;
    if (const auto moved = there.find(title); moved != there.end()) {
        here.insert(there.extract(moved));
    }
    auto found = here.find(title);
    if (found == here.end()) {
        const std::size_t slash = std::min(title.find('/'), title.size() - 1);
        auto made = make(title.substr(0, slash), title.substr(slash + 1), *config, now);
        if (!made) {
            return Error{ErrorCode::damaged, title + ": " + made.error().message};
        }
        const std::string_view key = (*made)->title();
        found = here.emplace(key, Entry{std::move(*made), change.named_by_file}).first;
        purged_.erase(title);
        if (in_work) {
            by_title_.emplace(key, found->second.governor.get());
        }
        return {};
    }
    if (in_work) {
        by_title_.emplace(found->first, found->second.governor.get());
    }
    found->second.configured = change.named_by_file;
    const auto configured = configure(*found->second.governor, *config, now);
    return configured
               ? Result<void>()
               : Result<void>(Error{ErrorCode::damaged, title + ": " + configured.error().message});
}

Governor* Registry::find_any(std::string_view title) const {
    if (Governor* governor = find(title)) {
        return governor;
    }
    const auto aside = aside_.find(title);
    return aside == aside_.end() ? nullptr : aside->second.governor.get();
}

void Registry::show(const Entry& entry, GovernorChange::Standing standing, const VisitAny& visit) {
    std::string config;
    entry.governor->configuration().append_canonical_json(config);
    visit({.title = entry.governor->title(),
           .standing = standing,
           .named_by_file = entry.configured,
           .policy_rev = entry.governor->policy_rev(),
           .config = config},
          entry.governor.get());
}

bool Registry::show_any(std::string_view title, const VisitAny& visit) const {
    if (const auto found = governors_.find(title); found != governors_.end()) {
        show(found->second, GovernorChange::Standing::in_work, visit);
        return true;
    }
    if (const auto aside = aside_.find(title); aside != aside_.end()) {
        show(aside->second, GovernorChange::Standing::set_aside, visit);
        return true;
    }
    return false;
}

void Registry::each_any(const VisitAny& visit) const {
    for (const auto& [title, entry] : governors_) {
        show(entry, GovernorChange::Standing::in_work, visit);
    }
    for (const auto& [title, entry] : aside_) {
        show(entry, GovernorChange::Standing::set_aside, visit);
    }
    for (const std::string& title : purged_) {
        visit({.title = title, .standing = GovernorChange::Standing::purged}, nullptr);
    }
}

}  // namespace flyball
