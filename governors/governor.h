#pragma once
// One named governor: what every type shares (tenants, ids, history, numbers, modes) around the
// rules of its type. Owned by the node's registry, one thread at a time. Pure: `now` comes in, a
// decision and its reply come out. Bounded by its settings; steady state allocates nothing.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "governors/event_ring.h"
#include "governors/id_ring.h"
#include "governors/rules.h"
#include "governors/tenant_table.h"
#include "schemas/reply.h"
#include "schemas/request.h"

namespace flyball {

enum class Mode : std::uint8_t { enforce, observe };

// The keys that every [governor.<type>.<name>] knows (docs/configuration.md).
struct GovernorSettings {
    Mode mode = Mode::enforce;
    bool auto_enroll = true;
    std::uint32_t max_tenants = 10000;
    Span id_window{0};  // zero: ids are kept by count only
    std::size_t ring_capacity = 1024;
    std::size_t ids_capacity = 1024;
    bool operator==(const GovernorSettings&) const = default;
};

// How a request came, besides its own keys.
struct Occasion {
    Instant now;
    Encoding encoding = Encoding::json;
    bool admin = false;            // on the admin topic: ops marked A are permitted
    bool on_tenant_topic = false;  // then `topic_tenant` is the only tenant it may name
    std::string_view topic_tenant{};
    std::span<const std::string_view> features{};  // what `must` may name besides keys
};

// One decided entry: what open_reply() writes, and what write() needs to add the type's own keys.
struct Decided {
    Reply reply;
    Command command;
    Judgement judgement;
    TenantIndex tenant = no_tenant;
    bool own_keys = false;     // the type adds its keys (not with an error)
    bool from_memory = false;  // a repeated id
    bool changed = false;      // state that a restart must know
};

class Governor {
public:
    struct Options {
        std::string type;
        std::string name;
        GovernorSettings settings;
        std::unique_ptr<Rules> rules;
        std::uint64_t seed = 0;  // keys the hashes; random in production, fixed in tests
    };
    explicit Governor(Options options);

    std::string_view type() const { return type_; }
    std::string_view name() const { return name_; }
    std::string_view title() const { return title_; }  // "type/name"

    // Decides one entry in the order of docs/protocol.md and changes what follows from it.
    // `decided` holds views into `request` and into this governor.
    void decide(Request& request, const Occasion& occasion, Decided& decided);
    // The whole reply of what decide() just decided, as one value.
    void write(Writer& writer, const Decided& decided, Instant now) const;

    struct Counts {
        std::uint64_t allow = 0;  // allow and ok
        std::uint64_t deny = 0;
        std::uint64_t error = 0;
        std::uint64_t replayed = 0;
        std::array<std::uint64_t, 64> denied{};  // by Reason
    };
    const Counts& counts() const { return counts_; }
    std::uint64_t seq() const { return seq_; }
    std::size_t tenants() const { return tenants_.size(); }
    const EventRing& events() const { return events_; }
    const IdRing& ids() const { return ids_; }
    std::string_view tenant_name(TenantIndex tenant) const { return tenants_.name(tenant); }
    std::size_t memory_bytes() const;

    std::string_view policy_rev() const { return policy_rev_; }
    void set_policy_rev(std::string revision) { policy_rev_ = std::move(revision); }
    const GovernorSettings& settings() const { return settings_; }
    const Rules& rules() const { return *rules_; }
    // The effective configuration, common keys and the type's own.
    Tree configuration() const;
    // Takes a new configuration; returns the names of what had to start anew.
    Result<std::vector<std::string>> configure(const GovernorSettings& settings, const Tree& own,
                                               Instant now);

private:
    struct Entry;  // one entry on its way through decide()

    bool check_form(Entry& entry);
    bool check_must(Entry& entry);
    bool check_tenant(Entry& entry);
    bool find_op(Entry& entry);
    bool read_fields(Entry& entry);
    bool check_memory(Entry& entry);
    bool check_place(Entry& entry);
    void judge(Entry& entry);
    void forget(Entry& entry);
    void settle(Entry& entry);
    void remember(Entry& entry);
    void replay(Entry& entry, const RememberedId& remembered);
    bool refuse(Entry& entry, Reason reason, std::string_view field, std::string_view expected);
    void enrol(Entry& entry);
    std::optional<TenantIndex> place_to_take(Instant now);
    bool knows(std::string_view name, std::span<const std::string_view> features) const;

    std::string type_;
    std::string name_;
    std::string title_;
    std::string policy_rev_;
    GovernorSettings settings_;
    std::unique_ptr<Rules> rules_;
    std::vector<std::string_view> op_names_;  // for `supported`
    TenantTable tenants_;
    EventRing events_;
    IdRing ids_;
    Effect effect_;
    Counts counts_;
    std::uint64_t seq_ = 0;
    Instant next_search_{};  // when the table is full: the next look for a place to take
};

}  // namespace flyball
