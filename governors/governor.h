#pragma once
// One named governor: what every type shares (tenants, ids, history, numbers, modes) around the
// rules of its type. Owned by the node's registry, one thread at a time. Pure: `now` comes in, a
// decision and its reply come out. Bounded by its settings; steady state allocates nothing.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "governors/change.h"
#include "governors/decided.h"
#include "governors/due_queue.h"
#include "governors/event_ring.h"
#include "governors/id_ring.h"
#include "governors/number_line.h"
#include "governors/tenant_table.h"

namespace flyball {

class Governor {
public:
    struct Options {
        std::string type;
        std::string name;
        GovernorSettings settings;
        std::unique_ptr<Rules> rules;
        std::uint64_t seed = 0;         // keys the hashes; random in production, fixed in tests
        EventSink* events = nullptr;    // hears of what changed; outlives the governor
        ChangeSink* changes = nullptr;  // keeps what changed; likewise
    };
    explicit Governor(Options options);
    std::string_view type() const { return type_; }
    std::string_view name() const { return name_; }
    std::string_view title() const { return title_; }  // "type/name"

    // Decides one entry in the order of docs/protocol.md and changes what follows from it.
    // `decided` holds views into `request` and into this governor; `effect` is lent for the call.
    void decide(Request& request, const Occasion& occasion, Decided& decided, Effect& effect);
    // The whole reply of what decide() just decided, as one value; `effect` still lives.
    void write(Writer& writer, const Decided& decided, Instant now);

    // What time alone has changed since: puts it in place, raises its events, ends a decision a
    // step. Returns how many steps; as many as `steps_max`: there may be more.
    std::size_t pass_time(Instant now, Effect& effect, std::size_t steps_max);
    std::optional<Instant> next_due() const;

    // The parts of an admit, in this order; the caller holds the parts.
    Fault read_part(Part& part, Fields& fields, Encoding encoding) const;
    // tenant_limit or none; `part.tenant_name` is set.
    Reason find_part_place(Part& part, const Occasion& occasion);
    void judge_part(Part& part, const Occasion& occasion);  // and puts it in place
    // Takes its place back, the chain's record excepted. In the reverse order of judging.
    void take_back(Part& part) noexcept;
    void keep(Part& part, const Occasion& occasion) noexcept;         // the admit allows
    void keep_denial(Part& part, const Occasion& occasion) noexcept;  // this part denied
    // The part's keys, without the map around them; `again`: for a repeated id, levels only.
    void write_part(Writer& writer, const Part& part, Instant now, bool again) const;

    using Counts = GovernorCounts;
    const Counts& counts() const { return counts_; }
    std::uint64_t seq() const { return numbers_.last(); }
    std::size_t tenants() const { return tenants_.size(); }
    const EventRing& events() const { return events_; }
    const IdRing& ids() const { return ids_; }
    std::string_view tenant_name(TenantIndex tenant) const { return tenants_.name(tenant); }
    TenantIndex find_tenant(std::string_view name) const { return tenants_.find(name); }
    std::size_t memory_bytes() const;

    Standing& standing() { return standing_; }
    const Standing& standing() const { return standing_; }
    std::string_view policy_rev() const { return policy_rev_; }
    void set_policy_rev(std::string revision) { policy_rev_ = std::move(revision); }
    // Another set of rules with this one's state in it: a rebuilt governor. False: the state could
    // not be read, and nothing has changed.
    bool rebuild(std::unique_ptr<Rules> rules, Instant now);
    const GovernorSettings& settings() const { return settings_; }
    const Rules& rules() const { return *rules_; }
    ChainKept* chain_kept() { return rules_->kept(); }  // null: its type makes no chain
    // The effective configuration, common keys and the type's own.
    Tree configuration() const;
    // Takes a new configuration; returns the names of what had to start anew.
    Result<std::vector<std::string>> configure(const GovernorSettings& settings, const Tree& own,
                                               Instant now);

private:
    friend class GovernorState;  // governors/governor_state.h
    struct Entry;                // one entry on its way through decide()

    bool check_form(Entry& entry);
    bool find_op(Entry& entry);
    bool read_fields(Entry& entry);
    bool check_memory(Entry& entry);
    bool check_place(Entry& entry);
    void judge(Entry& entry);
    void forget(Entry& entry);
    void conclude(Entry& entry, bool changed) noexcept;
    void settle(Entry& entry) noexcept;
    const RememberedId* remember(Entry& entry);
    void keep_record(const Entry& entry, const RememberedId* id) const;
    void keep_part(const Part& part, Instant now) const;
    std::uint64_t take_number();
    void note(Change change) const;
    void replay(Entry& entry, const RememberedId& remembered);
    bool refuse(Entry& entry, Reason reason, std::string_view field, std::string_view expected);
    bool refuse_unkept(Entry& entry);
    Case case_of(const Decided& decided, Instant now) const;
    template <typename Tell>
    void rehearse(Case asked, const Effect* effect, const Tell& tell);

    void pass_time_of(TenantIndex tenant, Instant now, Effect& effect);
    void take_step(TenantIndex tenant, Instant now, Effect& effect);
    bool is_due(TenantIndex tenant, Instant now) const;
    void put_in_place(TenantIndex tenant, const Effect& effect) noexcept;
    void take_back(TenantIndex tenant, const Effect& effect) noexcept;
    void announce(const Effect& effect, std::string_view tenant, std::optional<std::uint64_t> seq);
    // Beyond max_tenants too: make_room() follows, or remove().
    TenantIndex enrol(std::string_view tenant, bool automatically);
    void make_room(TenantIndex newest, Instant now);
    void remove(TenantIndex tenant);
    bool has_room(Instant now) {
        return tenants_.size() < settings_.max_tenants || place_to_take(no_tenant, now);
    }
    void count(const Judgement& judgement);
    std::optional<TenantIndex> place_to_take(TenantIndex newest, Instant now);

    std::string type_, name_, title_;
    std::string policy_rev_;
    GovernorSettings settings_;
    std::unique_ptr<Rules> rules_;
    std::vector<std::string_view> op_names_;  // for `supported`
    std::uint8_t admit_op_ = 0;               // Command::op of a part of an admit
    TenantTable tenants_;
    EventRing events_;
    IdRing ids_;
    RememberedId newest_id_;
    DueQueue due_;
    EventSink* sink_;
    ChangeSink* changes_;
    Standing standing_;
    Counts counts_;
    NumberLine numbers_;
    Instant next_search_{};  // when the table is full: the next look for a place to take
};

}  // namespace flyball
