#include "fleet/load/generator.h"

#include <algorithm>
#include <utility>

#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr unsigned target_bits = 16;
constexpr std::size_t targets_max = 1U << target_bits;
constexpr std::size_t openings_max = 48;                 // in flight: a node is not stormed
constexpr std::size_t openings_of_one_max = 4;           // likewise
constexpr std::int64_t opening_patience_us = 2'000'000;  // it may not have subscribed yet
constexpr std::int64_t look_again_us = 5'000;
constexpr std::size_t burst_max = 512;  // then replies are looked at
constexpr std::int64_t mark_every_us = 100'000;
// What was asked this long before a death is decided and on disk: patience, the interval of 1 s
// after which a node writes, and 2.5 s for the sync before that, of a disk that others use, too.
constexpr std::int64_t kept_after_us = Generator::patience_us + 3'500'000;
constexpr std::uint32_t expiry_s = 2;  // a request that nobody waits for any more

}  // namespace

Generator::Generator(GeneratorOptions options, checker::FleetChecker* checker)
    : options_(std::move(options)), checker_(checker), draw_(options_.mix) {}

Meter& Generator::meter_of(const std::string& region) {
    return meters_.try_emplace(region, region).first->second;
}

void Generator::add(const Device& device, LoadLink& link) {
    const bool known = std::ranges::any_of(targets_, [&](const auto& target) {
        return !target->gone && target->device.name() == device.name();
    });
    if (known) {
        return;
    }
    expects(targets_.size() < targets_max, "fewer devices than bits for them");
    faults_.forget(device.name());  // of who had its name before; its end was told to nobody
    MixOptions mix = options_.mix;
    mix.seed += targets_.size() + 1;
    // One that was here before has kept its state, and remembers the ids that it has seen.
    for (const auto& target : targets_) {
        if (target->device.name() == device.name()) {
            mix.first_id = std::max(mix.first_id, target->mix->last_id());
        }
    }
    auto target = std::make_unique<Target>();
    target->index = targets_.size();
    target->device = device;
    target->link = &link;
    target->meter = &meter_of(device.region);
    target->mix = std::make_unique<Mix>(std::move(mix));
    target->root = options_.prefix + "/" + device.name() + "/";
    if (checker_ != nullptr) {
        target->checker = &checker_->of(device.name());
        for (const auto& [title, settings] : options_.mix.governors.settings) {
            target->checker->configured(title, settings);
        }
    }
    if (options_.open_accounts) {
        for (AdminBatch& batch : opening_of(*target->mix)) {
            target->to_open.push_back(std::move(batch));
        }
    }
    if (std::ranges::find(links_, &link) == links_.end()) {
        links_.push_back(&link);
    }
    targets_.push_back(std::move(target));
    refresh_ready();
}

void Generator::remove(const std::string& node) {
    for (const auto& target : targets_) {
        if (target->device.name() == node && !target->gone) {
            target->gone = true;
            target->to_open.clear();
            if (checker_ != nullptr) {
                checker_->forget(node);
                target->checker = nullptr;
            }
            faults_.forget(node);
        }
    }
    refresh_ready();
}

void Generator::clear_accounts() {
    for (const auto& target : targets_) {
        for (AdminBatch& batch : clearing_of(*target->mix)) {
            target->to_open.push_back(std::move(batch));
        }
    }
    refresh_ready();
}

void Generator::refresh_ready() {
    ready_.clear();
    std::map<std::string, std::size_t> devices;
    for (const auto& target : targets_) {
        if (!target->gone) {
            ++devices[target->device.region];
        }
        if (!target->gone && target->to_open.empty() && target->opening == 0) {
            ready_.push_back(target.get());
        }
    }
    for (auto& [region, meter] : meters_) {
        meter.devices(devices[region]);
    }
}

std::uint64_t Generator::replies_lost() const {
    std::uint64_t sum = 0;
    for (const LoadLink* link : links_) {
        sum += link->dropped();
    }
    return sum;
}

std::size_t Generator::opening() const {
    return static_cast<std::size_t>(std::ranges::count_if(targets_, [](const auto& target) {
        return !target->gone && (!target->to_open.empty() || target->opening > 0);
    }));
}

void Generator::start(const Schedule& schedule, std::int64_t now_us) {
    expects(schedule.batch > 0 && schedule.in_flight > 0, "a batch of at least one");
    schedule_ = schedule;
    schedule_.checked = schedule.checked && checker_ != nullptr;
    asking_ = true;
    started_us_ = ended_us_ = now_us;
    planned_ = 0;
    figures_ = {};
    figures_.per_second = schedule.per_second;
    figures_.batch = schedule.batch;
    lost_before_ = replies_lost();
    std::ranges::for_each(meters_, [](auto& row) { row.second.restart(); });
    for (const auto& target : targets_) {
        if (!schedule_.checked && target->checker != nullptr) {
            target->checker->ended(0);
        }
    }
}

void Generator::end(std::int64_t now_us) {
    asking_ = false;
    ended_us_ = now_us;
}

bool Generator::settled() const {
    return in_flight_ == 0 && again_.empty() && open_.empty();
}

std::int64_t Generator::turn(std::int64_t now_us) {
    for (LoadLink* link : links_) {
        take_replies(*link);
    }
    expire(now_us);
    for (auto& [region, meter] : meters_) {
        if (asking_) {
            meter.advance(now_us - started_us_);
        }
    }
    open_more(now_us);
    ask_again(now_us);
    if (asking_) {
        ask_due(now_us);
    }
    std::int64_t next = now_us + look_again_us;
    if (asking_ && schedule_.per_second > 0) {
        const double messages =
            schedule_.per_second / static_cast<double>(schedule_.batch) / 1e6;  // in a microsecond
        next = std::min(next, started_us_ + static_cast<std::int64_t>(
                                                static_cast<double>(planned_) / messages));
    }
    return next;
}

void Generator::open_more(std::int64_t now_us) {
    for (const auto& target : targets_) {
        while (!target->to_open.empty() && target->opening < openings_of_one_max &&
               openings_in_flight_ < openings_max && target->link->up()) {
            AdminBatch batch = std::move(target->to_open.front());
            target->to_open.pop_front();
            ++target->opening;
            ++openings_in_flight_;
            Asked asked;
            asked.target = target.get();
            asked.kind = Kind::opening;
            asked.below = std::move(batch.below);
            asked.request = std::move(batch.entries);
            asked.due_us = now_us;
            // Limits have to be known. An account or a subscription is there once it was used: to
            // remember all 120,000 that a fleet opens would take 44 MB.
            asked.checked = checker_ != nullptr && asked.below.starts_with("quota/");
            send(std::move(asked), now_us);
        }
    }
}

void Generator::ask_due(std::int64_t now_us) {
    if (ready_.empty()) {
        return;
    }
    if (schedule_.per_second <= 0) {
        for (std::size_t sent = 0; in_flight_ < schedule_.in_flight && sent < burst_max; ++sent) {
            ask_one(now_us, now_us);
        }
        return;
    }
    const double gap_us = 1e6 * static_cast<double>(schedule_.batch) / schedule_.per_second;
    for (std::size_t sent = 0; sent < burst_max; ++sent) {
        const std::int64_t due =
            started_us_ + static_cast<std::int64_t>(gap_us * static_cast<double>(planned_));
        if (due > now_us) {
            return;
        }
        figures_.lateness_us.record(now_us - due);
        ask_one(due, now_us);
    }
}

void Generator::ask_one(std::int64_t due_us, std::int64_t now_us) {
    // As fast as answers come every device always has something to do.
    const std::uint64_t chosen =
        schedule_.per_second > 0 ? draw_.below(ready_.size()) : planned_ % ready_.size();
    Target& target = *ready_[static_cast<std::size_t>(chosen)];
    ++planned_;
    Asked asked;
    asked.target = &target;
    asked.due_us = due_us;
    asked.entries = static_cast<std::uint32_t>(schedule_.batch);
    asked.checked = schedule_.checked;
    Drawn drawn = target.mix->draw();
    while (drawn.admin && schedule_.batch > 1) {
        drawn = target.mix->draw();
    }
    asked.below = drawn.below();
    if (schedule_.batch == 1) {
        asked.request = std::move(drawn.request);
    } else {
        asked.request = nlohmann::json::array({std::move(drawn.request)});
        while (asked.request.size() < schedule_.batch) {
            asked.request.push_back(target.mix->draw_for(*drawn.governor));
        }
    }
    target.meter->asked(asked.entries);
    send(std::move(asked), now_us);
}

void Generator::ask_again(std::int64_t now_us) {
    while (!again_.empty() && again_.begin()->first <= now_us) {
        Asked asked = std::move(again_.extract(again_.begin()).mapped());
        if (!asked.target->gone) {
            ++figures_.retries;
            asked.due_us = now_us;
            asked.abandoned = false;
            send(std::move(asked), now_us);
        } else if (asked.attempts > 0) {
            ++figures_.in_doubt["its device was taken away"];
        }
    }
}

void Generator::send(Asked asked, std::int64_t now_us) {
    Target& target = *asked.target;
    asked.sent_us = now_us;
    const std::uint64_t n = ++counter_ << target_bits | target.index;
    const bool opening = asked.kind == Kind::opening;
    if (asked.checked && target.checker != nullptr) {
        target.checker->asked(n, asked.below, asked.request);
    }
    if (target.marks.empty() || now_us - target.marks.back().first >= mark_every_us) {
        target.marks.emplace_back(now_us, n);
        while (target.marks.size() > 1 && target.marks[1].first <= now_us - kept_after_us) {
            target.marks.pop_front();
        }
    }
    const bool left = target.link->send(target.root + asked.below, asked.request, n,
                                        opening ? opening_patience_us / 1'000'000 : expiry_s);
    figures_.not_sent += left ? 0 : asked.entries;
    if (opening) {
        opening_deadlines_.push_back({now_us + opening_patience_us, n});
    } else {
        deadlines_.push_back({now_us + patience_us, n});
        ++in_flight_;
    }
    open_.emplace(n, std::move(asked));
}

void Generator::fault_begins(const std::string& where, bool state_lost, std::int64_t at_us) {
    faults_.begin(where, at_us);
    if (!state_lost) {
        return;
    }
    for (const auto& target : targets_) {
        const bool hit = target->device.name() == where || target->device.region == where;
        if (!hit || target->gone) {
            continue;
        }
        for (auto& [n, asked] : open_) {
            asked.abandoned = asked.abandoned || asked.target == target.get();
        }
        target->answered = target->answered_before = 0;
        target->heard_at_ms = 0;
        std::uint64_t kept = 0;
        for (const auto& [at, n] : target->marks) {
            kept = at <= at_us - kept_after_us ? n : kept;
        }
        if (target->checker != nullptr) {
            target->checker->ended(kept);
        }
    }
}

void Generator::fault_ends(const std::string& where, std::int64_t at_us) {
    faults_.end(where, at_us);
}

}  // namespace flyball
