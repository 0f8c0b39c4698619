#pragma once
// The governors of a node, by type and name. Owned by the engine, one thread at a time. Finding one
// allocates nothing. A governor's address is stable until it is removed.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "governors/governor.h"
#include "node/settings.h"
#include "schemas/result.h"
#include "schemas/tree.h"

namespace flyball {

class Registry {
public:
    // `seed` keys the hashes of every governor made here.
    explicit Registry(std::uint64_t seed) : seed_(seed) {}

    // Makes a governor from its raw configuration; an error names the key that is wrong.
    Result<Governor*> add(std::string_view type, std::string_view name, const Tree& raw,
                          Instant now);
    // The governors that the settings name, and the base governors if wanted. Returns every fault,
    // each a sentence with its place.
    std::vector<std::string> add_configured(const NodeSettings& settings, Instant now);
    Governor* find(std::string_view type, std::string_view name) const;

    // The revision of all their configurations together.
    std::string policy_rev() const;
    std::size_t size() const { return governors_.size(); }
    // In order of type and name.
    void each(const std::function<void(Governor&)>& visit) const;
    // "type/name" of the first few, for `supported`.
    std::vector<std::string_view> titles(std::size_t max) const;

private:
    struct Less {
        using is_transparent = void;
        using Key = std::pair<std::string_view, std::string_view>;
        bool operator()(const Key& a, const Key& b) const { return a < b; }
    };
    std::uint64_t seed_;
    // The keys view the governors' own type and name.
    std::map<Less::Key, std::unique_ptr<Governor>, Less> governors_;
};

}  // namespace flyball
