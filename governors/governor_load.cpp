#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governors/governor_columns.h"
#include "governors/governor_state.h"
#include "governors/image_bytes.h"
#include "governors/packed_column.h"
#include "schemas/size_within.h"

namespace flyball {

using namespace governor_columns;

namespace {

constexpr std::uint64_t seq_max = (std::uint64_t{1} << 47) - 1;  // what the ring of ids holds

template <typename Column>
Instant instant_of(std::uint64_t bits, Column& column) {
    const auto ms = static_cast<std::int64_t>(bits);
    if (ms > stored_ms_max || ms < -stored_ms_max) {
        column.fail();
        return {};
    }
    return instant_from_ms(ms);
}

std::uint64_t take_seq(ColumnReader& column) {
    const std::uint64_t seq = column.take_difference();
    if (seq > seq_max) {
        column.fail();
        return 0;
    }
    return seq;
}

}  // namespace

// Counts are never believed: each entry of a column is there as at least one byte, or is missed.
class GovernorState::Loader {
public:
    Loader(Governor& governor, std::span<const std::byte> bytes)
        : governor_(governor),
          columns_(bytes.subspan(1)),
          packed_(bytes.front() != std::byte{version_unpacked}) {}

    // What is damaged; nothing when all is well.
    std::string_view load() {
        const struct {
            bool (Loader::*part)();
            std::string_view name;
        } parts[] = {{&Loader::load_numbers, "numbers"},
                     {&Loader::load_tenants, "tenants"},
                     {&Loader::load_images, "images"},
                     {&Loader::load_outcomes, "outcomes"},
                     {&Loader::load_events, "history"},
                     {&Loader::load_ids, "ids"},
                     {&Loader::ended, "end"}};
        for (const auto& [part, name] : parts) {
            if (!(this->*part)()) {
                return name;
            }
        }
        return {};
    }

private:
    bool load_numbers() {
        ColumnReader column = columns_.next();
        const std::uint64_t last = column.take();
        const std::uint64_t reserved = column.take();
        governor_.next_search_ =
            instant_of(static_cast<std::uint64_t>(column.take_signed()), column);
        const auto seed = column.take_word<std::uint64_t>();
        if (!column.ended() || last > reserved || reserved > stored_seq_max) {
            return false;
        }
        governor_.numbers_.seen(last);
        governor_.numbers_.seen_reserved(reserved);
        governor_.ids_ =
            IdRing(governor_.settings_.ids_capacity, governor_.settings_.id_window, seed);
        return true;
    }

    bool load_tenants() {
        ColumnReader places = columns_.next();
        ColumnReader shared = columns_.next();
        ColumnReader sizes = columns_.next();
        ColumnReader texts = columns_.next();
        if (places.left() > tenants_max) {
            return false;
        }
        std::string name;
        for (TenantIndex tenant = 0; places.left() > 0; ++tenant) {
            const auto mark = places.take_word<std::uint8_t>();
            if (mark == is_free) {
                continue;
            }
            const auto keeps = size_within(shared.take(), name.size());
            if (mark > automatic || !keeps) {
                return false;
            }
            name.resize(*keeps);
            name += texts.take_bytes(sizes.take());
            if (!texts.good() || !valid_tenant(name) ||
                governor_.tenants_.find(name) != no_tenant) {
                return false;
            }
            governor_.tenants_.restore(tenant, name, mark == automatic);
            governor_.rules_->enrol(tenant);
            tenants_.push_back(tenant);
        }
        return places.ended() && shared.ended() && sizes.ended() && texts.ended();
    }

    bool load_images() {
        ColumnReader counts = columns_.next();
        ColumnReader sizes = columns_.next();
        ColumnReader bytes = columns_.next();
        std::vector<std::uint32_t> image_sizes;
        std::uint64_t sum = 0;
        while (sizes.left() > 0) {
            const std::uint64_t size = sizes.take();
            sum += size;
            if (size > bytes.left() || sum > bytes.left()) {
                return false;
            }
            image_sizes.push_back(static_cast<std::uint32_t>(size));
        }
        if (!sizes.ended() || !bytes.good() || sum != bytes.left()) {
            return false;
        }
        std::vector<std::byte> images(bytes.left());
        each_in_columns(image_sizes, [&](std::size_t at) {
            images[at] = std::byte{bytes.take_word<std::uint8_t>()};
        });
        std::span<const std::byte> left(images);
        std::size_t next = 0;
        const auto apply = [&](TenantIndex tenant) {
            for (std::uint64_t count = counts.take(); counts.good() && count > 0; --count) {
                if (next == image_sizes.size()) {
                    return false;
                }
                const std::size_t size = image_sizes[next++];
                if (!governor_.rules_->apply(tenant, left.first(size))) {
                    return false;
                }
                left = left.subspan(size);
            }
            if (tenant != no_tenant) {
                governor_.due_.set(tenant, governor_.rules_->due(tenant));
            }
            return counts.good();
        };
        return apply(no_tenant) && std::ranges::all_of(tenants_, apply) && counts.ended() &&
               next == image_sizes.size();
    }

    bool load_outcomes() { return outcomes_.load(columns_.next()); }

    bool load_events() {
        ColumnReader seqs = columns_.next();
        PackedColumnReader ats(columns_.next(), packed_);
        ColumnReader places = columns_.next();
        ColumnReader outcomes = columns_.next();
        PackedColumnReader amounts(columns_.next(), packed_);
        while (seqs.left() > 0) {
            PastEvent event;
            event.seq = take_seq(seqs);
            event.at = instant_of(ats.take_difference(), ats);
            event.tenant = take_place(places);
            event.outcome = outcomes_.take(outcomes);
            event.amount = amounts.take_signed();
            if (!seqs.good() || !ats.good() || !places.good() || !outcomes.good() ||
                !amounts.good()) {
                return false;
            }
            governor_.events_.add(event);
        }
        return seqs.ended() && ats.ended() && places.ended() && outcomes.ended() && amounts.ended();
    }

    bool load_ids() {
        ColumnReader seqs = columns_.next();
        PackedColumnReader ats(columns_.next(), packed_);
        ColumnReader places = columns_.next();
        ColumnReader outcomes = columns_.next();
        ColumnReader granted = columns_.next();
        ColumnReader fingerprints = columns_.next();
        ColumnReader keys = columns_.next();
        IdRing& ids = governor_.ids_;
        const std::size_t count = keys.left() / sizeof(RememberedId::key);
        std::size_t surplus = count - std::min(count, ids.capacity());
        std::size_t kept = count - surplus;
        while (keys.left() > 0) {
            RememberedId id;
            id.seq = take_seq(seqs);
            id.at = instant_of(ats.take_difference(), ats);
            const std::uint32_t tag = take_tag(places);
            id.outcome = outcomes_.take(outcomes);
            id.granted = take_granted(granted);
            id.fingerprint = fingerprints.take_word<std::uint32_t>();
            id.key = keys.take_word<std::uint64_t>();
            if (!seqs.good() || !ats.good() || !places.good() || !outcomes.good() ||
                !granted.good() || !fingerprints.good() || !keys.good()) {
                return false;
            }
            if (surplus > 0) {
                --surplus;
            } else {
                ids.add(id, tag);
            }
        }
        return seqs.ended() && ats.ended() && places.ended() && outcomes.ended() &&
               granted.ended() && fingerprints.ended() && keys.ended() && ids.size() == kept;
    }

    bool ended() { return columns_.ended(); }

    TenantIndex take_place(ColumnReader& column) const {
        const std::uint64_t place = column.take();
        if (place == unknown_tenant) {
            return no_tenant;
        }
        if (place > tenants_max ||
            !governor_.tenants_.in_use(static_cast<TenantIndex>(place - 1))) {
            column.fail();
            return no_tenant;
        }
        return static_cast<TenantIndex>(place - 1);
    }
    std::uint32_t take_tag(ColumnReader& column) const {
        const TenantIndex tenant = take_place(column);
        return tenant == no_tenant ? column.take_word<std::uint16_t>()
                                   : governor_.ids_.tenant_tag(governor_.tenants_.name(tenant));
    }
    static std::optional<std::int64_t> take_granted(ColumnReader& column) {
        const std::uint64_t number = column.take();
        if (number == 0) {
            return std::nullopt;
        }
        const auto granted = static_cast<std::int64_t>(number - 1);
        if (granted < 0) {
            column.fail();
        }
        return granted;
    }

    Governor& governor_;
    ColumnsReader columns_;
    bool packed_;
    std::vector<TenantIndex> tenants_;
    OutcomeTable outcomes_;
};

std::vector<TenantIndex> GovernorState::places(const Governor& governor) {
    std::vector<TenantIndex> places;
    for (TenantIndex tenant = 0; tenant < governor.tenants_.end(); ++tenant) {
        if (governor.tenants_.in_use(tenant)) {
            places.push_back(tenant);
        }
    }
    return places;
}

Result<void> GovernorState::load(Governor& fresh, std::span<const std::byte> bytes) {
    const std::string of = std::string(fresh.title()) + ": its stored state";
    if (fresh.tenants_.end() != 0 || fresh.events_.size() != 0 || fresh.ids_.size() != 0) {
        return Error{ErrorCode::damaged, of + " is there twice, or behind records of its own"};
    }
    if (bytes.empty() || bytes.front() < std::byte{version_unpacked} ||
        bytes.front() > std::byte{version}) {
        return Error{
            bytes.empty() ? ErrorCode::damaged : ErrorCode::refused,
            of + (bytes.empty()
                      ? " is empty"
                      : " has version " + std::to_string(std::to_integer<int>(bytes.front())) +
                            ", and this release reads up to " + std::to_string(int{version}))};
    }
    if (const auto part = Loader(fresh, bytes).load(); !part.empty()) {
        return Error{ErrorCode::damaged, of + " is damaged: " + std::string(part)};
    }
    return {};
}

}  // namespace flyball
