#include "node/registry.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "governors/settings.h"
#include "governors/whole.h"
#include "node/governor_types.h"
#include "node/policy_rev.h"
#include "schemas/request.h"

namespace flyball {

namespace {

std::pair<std::string_view, std::string_view> parts_of(std::string_view title) {
    const std::size_t slash = std::min(title.find('/'), title.size());
    return {title.substr(0, slash), title.substr(std::min(slash + 1, title.size()))};
}

std::map<std::string, Tree> with_base(const ConfiguredGovernors& wanted) {
    std::map<std::string, Tree> all = wanted.named;
    if (wanted.base) {
        for (const GovernorType& type : governor_types()) {
            all.try_emplace(std::string(type.name) + "/main");
        }
    }
    return all;
}

Error wrong(std::string message) {
    return {ErrorCode::usage, std::move(message)};
}

Error name_exists() {
    return wrong("name: a governor of this type and name exists");
}

}  // namespace

Result<std::unique_ptr<Governor>> Registry::make(std::string_view type, std::string_view name,
                                                 const Tree& raw, Instant now) const {
    const GovernorType* row = find_governor_type(type);
    if (row == nullptr) {
        return wrong("type: no governor type is called " + std::string(type));
    }
    if (!valid_name(name)) {
        return wrong(
            "name: must be a to z, 0 to 9, _ and -, at most 63, beginning with a letter or digit");
    }
    auto split = split_governor_settings(raw, row->defaults);
    if (!split) {
        return split.error();
    }
    const std::string title = std::string(type) + "/" + std::string(name);
    auto rules = row->make({.title = title,
                            .instance = options_.instance,
                            .entropy = options_.entropy,
                            .keeps_records = options_.keeps_records});
    if (auto configured = rules->configure(split->second, now); !configured) {
        return configured.error();
    }
    auto governor = std::make_unique<Governor>(Governor::Options{.type = std::string(type),
                                                                 .name = std::string(name),
                                                                 .settings = split->first,
                                                                 .rules = std::move(rules),
                                                                 .seed = options_.seed,
                                                                 .events = options_.events,
                                                                 .changes = options_.changes});
    std::string json;
    governor->configuration().append_canonical_json(json);
    if (json.size() > config_bytes_max) {
        return wrong("config: has " + std::to_string(json.size()) +
                     " bytes as JSON, the limit is " + std::to_string(config_bytes_max));
    }
    governor->set_policy_rev(sha256_hex(json, 12));
    return governor;
}

// Another configuration for a governor that has a state. True: it differs from the one before.
Result<bool> Registry::configure(Governor& governor, const Tree& raw, Instant now) {
    auto split = split_governor_settings(raw, find_governor_type(governor.type())->defaults);
    if (!split) {
        return split.error();
    }
    auto restarted = governor.configure(split->first, split->second, now);
    if (!restarted) {
        return restarted.error();
    }
    const std::string revision = flyball::policy_rev(governor.configuration());
    if (revision == governor.policy_rev()) {
        return false;
    }
    governor.set_policy_rev(revision);
    for (const std::string& resource : *restarted) {
        if (options_.events != nullptr) {
            options_.events->raise({.kind = EventKind::resource_restarted,
                                    .governor = governor.title(),
                                    .resource = resource,
                                    .at = now});
        }
    }
    return true;
}

// Made before the governor takes its place: then nothing more can fail, memory included, that would
// leave it in one of both and not in the other.
Registry::Titles Registry::row_of(Governor& governor) {
    Titles row;
    row.emplace(governor.title(), &governor);
    by_title_.reserve(by_title_.size() + 1);
    return row;
}

Result<Governor*> Registry::put(std::string_view title, const Tree& raw, Instant now,
                                bool configured) {
    if (const auto aside = aside_.find(title); aside != aside_.end()) {
        if (auto done = configure(*aside->second.governor, raw, now); !done) {
            return done.error();
        }
        Titles row = row_of(*aside->second.governor);
        auto node = aside_.extract(aside);
        node.mapped().configured = configured;
        const auto back = governors_.insert(std::move(node)).position;
        by_title_.merge(row);
        note(back->second, GovernorChange::Standing::in_work, now);
        return back->second.governor.get();
    }
    if (governors_.size() + aside_.size() >= governors_max) {
        return wrong("name: this node has as many governors as it can hold, " +
                     std::to_string(governors_max));
    }
    const auto [type, name] = parts_of(title);
    auto made = make(type, name, raw, now);
    if (!made) {
        return made.error();
    }
    Governor* governor = made->get();
    Titles row = row_of(*governor);
    const auto put = governors_.emplace(governor->title(), Entry{std::move(*made), configured});
    by_title_.merge(row);
    if (const auto gone = purged_.find(title); gone != purged_.end()) {
        purged_.erase(gone);
    }
    note(put.first->second, GovernorChange::Standing::in_work, now);
    return governor;
}

Result<Governor*> Registry::add(std::string_view type, std::string_view name, const Tree& raw,
                                Instant now) {
    const std::string title = std::string(type) + "/" + std::string(name);
    if (find(title) != nullptr) {
        return name_exists();
    }
    auto added = put(title, raw, now, false);
    if (added) {
        tell_added(**added, now);
    }
    return added;
}

Result<Governor*> Registry::check(std::string_view type, std::string_view name, const Tree& raw,
                                  Instant now) const {
    if (find(type, name) != nullptr) {
        return name_exists();
    }
    const auto made = make(type, name, raw, now);
    return made ? Result<Governor*>(nullptr) : Result<Governor*>(made.error());
}

Registry::Removal Registry::remove(std::string_view type, std::string_view name, bool purge,
                                   Instant now, bool check_only) {
    const std::string title = std::string(type) + "/" + std::string(name);
    auto found = governors_.find(title);
    if (found == governors_.end()) {
        const bool aside = purge && aside_.contains(title);
        if (aside && !check_only) {
            note_purged(*aside_.find(title)->second.governor);
            aside_.erase(title);
        }
        return aside ? Removal::removed : Removal::unknown;
    }
    if (found->second.configured) {
        return Removal::configured;
    }
    if (!check_only) {
        take_out(found, purge, now);
    }
    return Removal::removed;
}

// From here on all of it is done: no memory ends the process.
void Registry::take_out(Entries::iterator found, bool purge, Instant now) noexcept {
    raise(EventKind::governor_removed, *found->second.governor, now);
    by_title_.erase(found->first);
    auto node = governors_.extract(found);
    if (purge) {
        note_purged(*node.mapped().governor);
    } else {
        note(node.mapped(), GovernorChange::Standing::set_aside, now);
        aside_.insert(std::move(node));
    }
}

void Registry::note_purged(const Governor& governor) noexcept {
    purged_.emplace(governor.title());
    if (options_.changes != nullptr) {
        options_.changes->note(GovernorChange{.title = governor.title(),
                                              .standing = GovernorChange::Standing::purged});
        options_.changes->end_decision();
    }
    renew_entropy();
}

// A governor of the same title that is made later draws other salts.
void Registry::renew_entropy() {
    std::uint64_t count = 0;
    std::memcpy(&count, options_.entropy.data(), sizeof(count));
    ++count;
    std::memcpy(options_.entropy.data(), &count, sizeof(count));
}

std::vector<ConfigFault> Registry::add_configured(const ConfiguredGovernors& wanted, Instant now) {
    std::vector<ConfigFault> faults;
    for (const auto& [title, raw] : with_base(wanted)) {
        const auto added = put(title, raw, now, wanted.named.contains(title));
        if (!added) {
            faults.push_back({title, added.error().message});
        }
    }
    return faults;
}

// Every governor is made once and thrown away: what is wrong is found before anything changes.
std::vector<ConfigFault> Registry::check(const ConfiguredGovernors& wanted, Instant now) const {
    std::vector<ConfigFault> faults;
    for (const auto& [title, raw] : with_base(wanted)) {
        const auto [type, name] = parts_of(title);
        if (const auto made = make(type, name, raw, now); !made) {
            faults.push_back({title, made.error().message});
        }
    }
    return faults;
}

std::vector<ConfigFault> Registry::reload(const ConfiguredGovernors& wanted, Instant now) {
    auto faults = check(wanted, now);
    if (!faults.empty()) {
        return faults;
    }
    const auto all = with_base(wanted);
    done_whole([&] {
        for (auto at = governors_.begin(); at != governors_.end();) {
            const auto here = at++;
            if (here->second.configured && !all.contains(std::string(here->first))) {
                take_out(here, false, now);
            }
        }
        for (const auto& [title, raw] : all) {
            take_over(title, raw, now, wanted.named.contains(title));
        }
    });
    return faults;
}

// One governor of a configuration that was checked. What control added or removed stays so, unless
// a file names it.
void Registry::take_over(const std::string& title, const Tree& raw, Instant now, bool named) {
    const auto found = governors_.find(title);
    if (found != governors_.end() && (named || found->second.configured)) {
        const bool other_hand = std::exchange(found->second.configured, named) != named;
        const auto done = configure(*found->second.governor, raw, now);
        expects(done.has_value(), "the settings were checked");
        if (*done || other_hand) {
            note(found->second, GovernorChange::Standing::in_work, now);
        }
    } else if (found == governors_.end() &&
               (named || (!aside_.contains(title) && !purged_.contains(title)))) {
        const auto added = put(title, raw, now, named);
        if (added) {
            tell_added(**added, now);
        }
    }
}

void Registry::tell_added(const Governor& governor, Instant now) const noexcept {
    raise(EventKind::governor_added, governor, now);
}

void Registry::raise(EventKind kind, const Governor& governor, Instant now) const {
    if (options_.events != nullptr) {
        options_.events->raise({.kind = kind, .governor = governor.title(), .at = now});
    }
}

void Registry::note(const Entry& entry, GovernorChange::Standing standing,
                    Instant now) const noexcept {
    if (options_.changes == nullptr) {
        return;
    }
    show(entry, standing, [&](GovernorChange change, const Governor* /*governor*/) {
        change.at = now;
        options_.changes->note(change);
        options_.changes->end_decision();  // a record each: ten thousand fit into none
    });
}

std::unique_ptr<Rules> Registry::fresh_rules(const Governor& governor) const {
    return find_governor_type(governor.type())
        ->make({.title = std::string(governor.title()),
                .instance = options_.instance,
                .entropy = options_.entropy,
                .keeps_records = options_.keeps_records});
}

void Registry::each_due(Instant now, std::string& last,
                        const std::function<bool(Governor&)>& pass) const {
    auto at = governors_.upper_bound(last);
    for (std::size_t left = governors_.size(); left > 0; --left, ++at) {
        if (at == governors_.end()) {
            at = governors_.begin();
        }
        Governor& governor = *at->second.governor;
        const auto due = governor.next_due();
        if (due && *due <= now && !governor.standing().down && !pass(governor)) {
            last.assign(governor.title());
            return;
        }
    }
    last.clear();
}

std::optional<Instant> Registry::next_due() const {
    std::optional<Instant> next;
    for (const auto& [title, entry] : governors_) {
        const auto due = entry.governor->next_due();
        if (due && (!next || *due < *next) && !entry.governor->standing().down) {
            next = due;
        }
    }
    return next;
}

std::string Registry::policy_rev() const {
    Tree::Map configurations;
    each([&configurations](const Governor& governor) {
        configurations.emplace(governor.title(), governor.configuration());
    });
    return flyball::policy_rev(Tree(std::move(configurations)));
}

Governor* Registry::find(std::string_view title) const {
    const auto found = by_title_.find(title);
    return found == by_title_.end() ? nullptr : found->second;
}

Governor* Registry::find(std::string_view type, std::string_view name) const {
    std::array<char, 2 * name_bytes_max + 1> title;
    if (type.size() + 1 + name.size() > title.size()) {
        return nullptr;
    }
    copy_short(title.data(), type.data(), type.size());
    title[type.size()] = '/';
    copy_short(&title[type.size() + 1], name.data(), name.size());
    return find(std::string_view(title.data(), type.size() + 1 + name.size()));
}

std::size_t Registry::down() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        governors_, [](const auto& row) { return row.second.governor->standing().down; }));
}

void Registry::each(const std::function<void(Governor&)>& visit) const {
    for (const auto& [title, entry] : governors_) {
        visit(*entry.governor);
    }
}

std::vector<std::string_view> Registry::titles(std::size_t max) const {
    std::vector<std::string_view> titles;
    for (const auto& [title, entry] : governors_) {
        if (titles.size() == max) {
            break;
        }
        titles.push_back(title);
    }
    return titles;
}

}  // namespace flyball
