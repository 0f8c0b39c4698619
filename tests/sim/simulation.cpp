#include "tests/sim/simulation.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace flyball::sim {

using checker::Invariant;

namespace {

constexpr std::size_t segment_bytes = 16 * 1024;
constexpr std::uint64_t max_bytes = std::uint64_t{4} << 20U;
constexpr std::size_t files_max = 112;  // the segments that the journal has room for, and others
constexpr std::size_t ids_capacity = 48;
constexpr std::size_t starts_max = 50;  // attempts, each of which may find another fault

Json json_of(const Tree& tree) {
    std::string text;
    tree.append_canonical_json(text);
    return Json::parse(text);
}

}  // namespace

void SimCounts::add(const SimCounts& other) {
    steps += other.steps;
    requests += other.requests;
    replies += other.replies;
    records += other.records;
    starts += other.starts;
    stops += other.stops;
    kills += other.kills;
    cuts += other.cuts;
    faults += other.faults;
    jumps += other.jumps;
    probes += other.probes;
}

Simulation::Simulation(const SimPlan& plan)
    : plan_(plan),
      traffic_(plan.seed),
      nowhere_(open("/dev/null", O_WRONLY | O_CLOEXEC)),
      log_(LogLevel::error, nowhere_),
      node_(*this, log_) {
    choose_character();
    checker_.configured("admit", {{"ids", {{"capacity", ids_capacity}}}});
}

Simulation::~Simulation() {
    close(nowhere_);
}

// Not everything at once: what hides what differs from seed to seed.
void Simulation::choose_character() {
    static constexpr Durability modes[] = {Durability::commit, Durability::commit,
                                           Durability::interval, Durability::none};
    durability_ = plan_.durability.value_or(modes[pick(4)]);
    disk_fails_ = one_in(3);
    lossy_of_100_ = one_in(2) ? 0 : 1 + pick(20);
    deadly_of_1000_ = one_in(4) ? 0 : 1 + pick(8);
    works_of_1000_ = one_in(3) ? 0 : pick(300);
    turn_one_in_ = one_in(2) ? 1 : 1 + pick(60);
}

NodeSettings Simulation::settings() const {
    NodeSettings settings;
    settings.root = root_;
    settings.base_governors = false;
    settings.state.durability = durability_;
    settings.state.segment_bytes = segment_bytes;
    settings.state.max_bytes = max_bytes;
    settings.health_interval = std::chrono::hours{1};
    settings.events_keep = 50;
    settings.admit.ids_capacity = ids_capacity;
    for (auto& [title, config] : governors(variant_)) {
        settings.governors.emplace(title, std::move(config));
    }
    return settings;
}

Config Simulation::reread() const {
    Config config;
    config.settings = settings();
    return config;
}

void Simulation::tell_configuration() {
    if (std::exchange(variant_told_, variant_) != variant_) {
        governors_move();
    }
    for (const auto& [title, config] : governors(variant_)) {
        checker_.configured(title, json_of(config));
    }
}

// Records say so, also without a journal of decisions: until there is a snapshot of it, what is
// recovered is decisions of one moment under the governors of another.
void Simulation::governors_move() {
    governors_moved_ = true;
    moved_after_ =
        keeps_no_journal() && !in_start_ && node_.awake() ? node_.keeper().health().snapshots : 0;
}

void Simulation::check(Invariant invariant, bool holds, const std::string& what) {
    checker_.check(invariant, holds,
                   holds ? what : "step " + std::to_string(counts_.steps) + ": " + what);
}

// ---- lives

void Simulation::run() {
    while (checker_.good() && counts_.steps < plan_.steps) {
        live();
    }
}

void Simulation::live() {
    start();
    if (!checker_.good()) {
        return;
    }
    ++counts_.starts;
    node_.set_link(true);
    if (node_.run()) {
        after_stop();
    } else {
        after_death();
    }
    if (one_in(3)) {
        variant_ = static_cast<int>(pick(3));
    }
    pass_time();
    if (one_in(4)) {
        jump();
    }
}

void Simulation::start() {
    for (std::size_t attempt = 0; attempt < starts_max; ++attempt) {
        ending_ = Ending::none;
        in_start_ = true;
        disk_is_well_ = true;
        struck_ = 0;
        starting_ = attempt < starts_max / 2;  // then it is left in peace
        const std::uint64_t faults = counts_.faults;
        const auto started = node_.start(
            settings(), [this] { return reread(); }, image_);
        starting_ = false;
        if (started) {
            in_start_ = false;
            return;
        }
        if (node_.dead()) {
            after_death();
        } else if (counts_.faults != faults) {
            image_ = node_.killed();
            look_at(image_, true);
        } else {
            check(Invariant::prefix, false, "it does not start: " + started.error().message);
        }
        if (!checker_.good()) {
            return;
        }
    }
}

void Simulation::awake() {
    tell_configuration();
    seen_.push_back({node_.keeper().newest(), hash_.of(node_.engine())});
    ever_seen_.insert(seen_.back().hash);
    moved_after_ = 0;
    told_record_ = 0;
    tells(commits() ? node_.keeper().newest() : 0, "the start");
}

void Simulation::die(Ending how) {
    if (!in_start_) {
        observe();
        tells(node_.keeper().durable(), "the keeper, as durable");
    }
    ending_ = how;
    image_ = how == Ending::killed ? node_.killed() : node_.cut_off(traffic_.pick(UINT64_MAX));
    ++(how == Ending::killed ? counts_.kills : counts_.cuts);
    node_.die();
}

void Simulation::after_death() {
    look_at(image_, true);
    told_.clear();
    needs_.clear();
}

void Simulation::after_stop() {
    ++counts_.stops;
    observe();
    if (node_.link_up()) {  // else nobody heard the last counts
        checker_.settled(counted_);
    }
    const bool written = !node_.keeper().health_is_failing();
    image_ = node_.killed();
    if (written) {
        const Probe found = probe(image_, probe_options());
        check(Invariant::replay_determinism, found.error.empty() && found.hash == seen_.back().hash,
              "after a stop it knows something else: " + found.error);
        check(Invariant::audit_chain, found.audit_gap.empty(), found.audit_gap);
        checker_.ended(asked_);
        tells(found.record, "the end");
        governors_moved_ = false;
        seen_.back().record = found.record;
        ++counts_.probes;
    } else {
        look_at(image_, true);
    }
    told_.clear();
    needs_.clear();
}

void Simulation::tells(std::uint64_t record, const std::string& by) {
    if (record > told_record_) {
        told_record_ = record;
        told_by_ = by;
    }
}

ProbeOptions Simulation::probe_options() const {
    return {root_, max_bytes, segment_bytes, ids_capacity, true};
}

// What would be known after a start from this image, and whether that can be true.
void Simulation::look_at(const DiskImage& image, bool last) {
    const Probe found = probe(image, probe_options());
    ++counts_.probes;
    check(Invariant::prefix, found.error.empty(), "nothing can be recovered: " + found.error);
    check(Invariant::prefix, faulted_ || found.faults.empty(),
          found.faults.empty() ? "" : "a crash alone is taken for damage: " + found.faults.front());
    check(Invariant::prefix, known_state(found),
          "after record " + std::to_string(found.record) + " the state was another");
    check(Invariant::durable_before_reply, found.record >= told_record_,
          "record " + std::to_string(told_record_) + " was told of by " + told_by_ + ", " +
              std::to_string(found.record) + " is the last that is there");
    check(Invariant::audit_chain, found.audit_gap.empty(), found.audit_gap);
    if (!last) {
        return;
    }
    std::uint64_t kept = keeps_no_journal() ? 0 : asked_;
    for (const auto& [n, record] : told_) {
        if (record > found.record) {
            kept = std::min(kept, n - 1);
            break;
        }
    }
    checker_.ended(kept);
    std::erase_if(seen_, [&](const Seen& seen) { return seen.record > found.record; });
    if (seen_.empty() || seen_.back().record != found.record || keeps_no_journal()) {
        seen_.push_back({found.record, found.hash});
    }
    told_record_ = 0;
}

bool Simulation::known_state(const Probe& found) const {
    if (keeps_no_journal()) {
        return governors_moved_ || in_start_ || ever_seen_.contains(found.hash);
    }
    const auto at = std::ranges::lower_bound(seen_, found.record, {}, &Seen::record);
    if (at == seen_.end()) {
        return in_start_ || found.record == 0;  // of a start that did not get through
    }
    // One of several records of one step (a batch, a reload): nobody has seen the state between.
    return at->hash == found.hash || at->record != found.record;
}

// The state after the newest record; without another record it is the same.
void Simulation::observe() {
    const std::uint64_t newest = node_.keeper().newest();
    const bool moved = newest != seen_.back().record;
    counts_.records += moved ? newest - seen_.back().record : 0;
    if (!moved && !keeps_no_journal() && !one_in(16)) {
        return;
    }
    const std::uint64_t hash = hash_.of(
        node_.engine(), moved ? StateHash::Look::where_decided : StateHash::Look::everywhere);
    if (moved) {
        seen_.push_back({newest, hash});
    } else if (!keeps_no_journal()) {
        check(Invariant::replay_determinism, hash == seen_.back().hash,
              "the state has changed and no record says so");
    } else {
        seen_.back().hash = hash;
    }
    if (keeps_no_journal()) {
        ever_seen_.insert(hash);
        governors_moved_ = governors_moved_ && node_.keeper().health().snapshots < moved_after_ + 2;
    }
    const std::size_t files = node_.disk().image().size();
    check(Invariant::bounded, node_.disk().bytes() <= max_bytes && files <= files_max,
          std::to_string(files) + " files with " + std::to_string(node_.disk().bytes()) + " bytes");
}

}  // namespace flyball::sim
