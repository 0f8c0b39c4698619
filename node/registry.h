#pragma once
// The governors of a node, by type and name. Owned by the engine, one thread at a time. Finding one
// allocates nothing. A governor's address is stable until it is removed for good.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "governors/governor.h"
#include "governors/keyed_hash.h"
#include "schemas/result.h"
#include "schemas/short_text.h"
#include "schemas/tree.h"

namespace flyball {

// What a configuration says of governors: "type/name" -> its settings as written.
struct ConfiguredGovernors {
    std::map<std::string, Tree> named;
    bool base = true;  // also one `main` of each type
};
struct ConfigFault {
    std::string title;    // of the governor
    std::string message;  // begins with the key that is wrong
};

class Registry {
public:
    // Governors in work and set aside together: 3 KB each while idle, 30 MB in all.
    static constexpr std::size_t governors_max = 10'000;
    // Of one's settings as JSON, for a record has to hold them: 20,000 rules.
    static constexpr std::size_t config_bytes_max = std::size_t{4} << 20U;

    struct Options {
        std::uint64_t seed = 0;               // keys the hashes of every governor made here
        std::uint64_t instance = 0;           // of the node's state: audit chains begin with it
        std::array<std::byte, 32> entropy{};  // of this process: salts are drawn from it
        bool keeps_records = false;           // a journal has what is decided
        EventSink* events = nullptr;          // outlives the registry
        ChangeSink* changes = nullptr;        // likewise
    };
    explicit Registry(const Options& options) : options_(options) {
        by_title_.max_load_factor(0.25F);  // each request looks: four cells for each
    }

    // Makes a governor from its raw configuration, or brings back one that was set aside; an error
    // names the key that is wrong.
    Result<Governor*> add(std::string_view type, std::string_view name, const Tree& raw,
                          Instant now);
    // What add() would say.
    Result<Governor*> check(std::string_view type, std::string_view name, const Tree& raw,
                            Instant now) const;
    // Sets a governor aside with its state, or destroys it. Those that a file names stay.
    enum class Removal : std::uint8_t { removed, unknown, configured };
    Removal remove(std::string_view type, std::string_view name, bool purge, Instant now,
                   bool check_only);
    // At the start. Returns every fault.
    std::vector<ConfigFault> add_configured(const ConfiguredGovernors& wanted, Instant now);
    // Puts another configuration in force: all of it or, when something in it is wrong, nothing.
    std::vector<ConfigFault> reload(const ConfiguredGovernors& wanted, Instant now);
    std::vector<ConfigFault> check(const ConfiguredGovernors& wanted, Instant now) const;

    // Recovery: what an earlier run noted of a governor, put in place; nothing is raised or noted.
    Result<void> restore(const GovernorChange& change, Instant now);
    // Also one that was set aside.
    Governor* find_any(std::string_view title) const;

    Governor* find(std::string_view type, std::string_view name) const;
    Governor* find(std::string_view title) const;
    // Fresh rules of the governor's type, for its rebuilding.
    std::unique_ptr<Rules> fresh_rules(const Governor& governor) const;

    // Those that time alone has changed since, by `pass`, which may catch what it throws, until it
    // returns false: the next call then begins with the governor behind, called `last`.
    void each_due(Instant now, std::string& last, const std::function<bool(Governor&)>& pass) const;
    std::optional<Instant> next_due() const;

    // The revision of all their configurations together.
    std::string policy_rev() const;
    std::size_t size() const { return governors_.size(); }
    std::size_t down() const;
    // In order of type and name.
    void each(const std::function<void(Governor&)>& visit) const;
    // All of them with their standing, those set aside too, and what was purged (no governor).
    using VisitAny = std::function<void(const GovernorChange& standing, Governor* governor)>;
    void each_any(const VisitAny& visit) const;
    // One of them; false: it is not there.
    bool show_any(std::string_view title, const VisitAny& visit) const;
    // "type/name" of the first few, for `supported`.
    std::vector<std::string_view> titles(std::size_t max) const;

private:
    struct Entry {
        std::unique_ptr<Governor> governor;
        bool configured = false;  // a file names it
    };
    // The keys view the governors' own titles.
    using Entries = std::map<std::string_view, Entry, std::less<>>;
    struct TitleHash {
        std::size_t operator()(std::string_view title) const {
            return static_cast<std::size_t>(keyed_hash(title, 0));
        }
    };
    struct SameTitle {
        bool operator()(std::string_view a, std::string_view b) const { return same_text(a, b); }
    };

    using Titles = std::unordered_map<std::string_view, Governor*, TitleHash, SameTitle>;

    Titles row_of(Governor& governor);
    Result<Governor*> put(std::string_view title, const Tree& raw, Instant now, bool configured);
    Result<std::unique_ptr<Governor>> make(std::string_view type, std::string_view name,
                                           const Tree& raw, Instant now) const;
    void take_over(const std::string& title, const Tree& raw, Instant now, bool named);
    Result<bool> configure(Governor& governor, const Tree& raw, Instant now);
    void raise(EventKind kind, const Governor& governor, Instant now) const;
    void tell_added(const Governor& governor, Instant now) const noexcept;
    void note(const Entry& entry, GovernorChange::Standing standing, Instant now) const noexcept;
    void take_out(Entries::iterator found, bool purge, Instant now) noexcept;
    static void show(const Entry& entry, GovernorChange::Standing standing, const VisitAny& visit);
    void note_purged(const Governor& governor) noexcept;
    void renew_entropy();

    Options options_;
    Entries governors_;
    // The same ones, for requests: in a sorted tree a look takes five comparisons of texts.
    Titles by_title_;
    Entries aside_;  // removed, with their state
    // Base governors that were purged: a start or a reload does not bring them back.
    std::set<std::string, std::less<>> purged_;
};

}  // namespace flyball
