#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "governors/governor_columns.h"
#include "governors/governor_state.h"
#include "governors/packed_column.h"

namespace flyball {

using namespace governor_columns;

namespace {

std::uint64_t bits_of(Instant at) {
    return static_cast<std::uint64_t>(to_ms(at));
}

std::size_t shared_prefix(std::string_view a, std::string_view b) {
    const auto differ = std::ranges::mismatch(a, b);
    return static_cast<std::size_t>(differ.in1 - a.begin());
}

}  // namespace

class GovernorState::Saver {
public:
    Saver(const Governor& governor, ByteBuffer& out) : governor_(governor), out_(out) {}

    void save() {
        out_.push_back(static_cast<char>(version));
        save_numbers();
        save_tenants();
        save_images();
        each_event([&](const PastEvent& event) { outcomes_.add(event.outcome); });
        governor_.ids_.walk(
            [&](const RememberedId& id, std::uint32_t) { outcomes_.add(id.outcome); });
        outcomes_.save(out_);
        save_events();
        save_ids();
    }

private:
    void save_numbers() {
        ColumnWriter column(out_);
        column.put(governor_.numbers_.last());
        column.put(governor_.numbers_.reserved());
        column.put_signed(to_ms(governor_.next_search_));
        column.put_word(governor_.ids_.seed());
    }

    template <typename Visit>
    void each_tenant(const Visit& visit) const {
        for (TenantIndex tenant = 0; tenant < governor_.tenants_.end(); ++tenant) {
            if (governor_.tenants_.in_use(tenant)) {
                visit(tenant, governor_.tenants_.name(tenant));
            }
        }
    }
    template <typename Visit>
    void each_event(const Visit& visit) const {
        for (std::size_t age = governor_.events_.size(); age > 0; --age) {
            visit(governor_.events_.at_age(age - 1));
        }
    }

    // Each name by what it shares with the one before.
    void save_tenants() {
        const TenantTable& tenants = governor_.tenants_;
        {
            ColumnWriter column(out_);
            for (TenantIndex tenant = 0; tenant < tenants.end(); ++tenant) {
                const PlaceMark used =
                    tenants.in_use(tenant) && tenants.auto_enrolled(tenant) ? automatic : by_admin;
                column.put_word(std::uint8_t{tenants.in_use(tenant) ? used : is_free});
            }
        }
        const auto put = [&](const auto& part) {
            ColumnWriter column(out_);
            std::string_view before;
            each_tenant([&](TenantIndex, std::string_view name) {
                part(column, name, shared_prefix(before, name));
                before = name;
            });
        };
        put([](ColumnWriter& column, std::string_view, std::size_t shared) { column.put(shared); });
        put([](ColumnWriter& column, std::string_view name, std::size_t shared) {
            column.put(name.size() - shared);
        });
        put([](ColumnWriter& column, std::string_view name, std::size_t shared) {
            column.put_bytes(name.substr(shared));
        });
    }

    void save_images() {
        std::vector<std::uint32_t> sizes;
        ByteBuffer images;
        {
            ColumnWriter counts(out_);
            const auto walk = [&](TenantIndex tenant) {
                const std::size_t before = sizes.size();
                governor_.rules_->walk(tenant, [&](std::span<const std::byte> image) {
                    sizes.push_back(static_cast<std::uint32_t>(image.size()));
                    images.append({reinterpret_cast<const char*>(image.data()), image.size()});
                });
                counts.put(sizes.size() - before);
            };
            walk(no_tenant);
            each_tenant([&](TenantIndex tenant, std::string_view) { walk(tenant); });
        }
        {
            ColumnWriter column(out_);
            for (const std::uint32_t size : sizes) {
                column.put(size);
            }
        }
        ColumnWriter column(out_);
        each_in_columns(
            sizes, [&](std::size_t at) { column.put_word(static_cast<std::uint8_t>(images[at])); });
    }

    void save_events() {
        const auto put_in = [&](auto&& column, const auto& part) {
            each_event([&](const PastEvent& event) { part(column, event); });
        };
        const auto put = [&](const auto& part) { put_in(ColumnWriter(out_), part); };
        const auto put_packed = [&](const auto& part) { put_in(PackedColumnWriter(out_), part); };
        put([](ColumnWriter& to, const PastEvent& it) { to.put_difference(it.seq); });
        put_packed(
            [](PackedColumnWriter& to, const PastEvent& it) { to.put_difference(bits_of(it.at)); });
        put([](ColumnWriter& to, const PastEvent& it) {
            to.put(it.tenant == no_tenant ? 0 : std::uint64_t{it.tenant} + 1);
        });
        put([&](ColumnWriter& to, const PastEvent& it) { to.put(outcomes_.place(it.outcome)); });
        put_packed([](PackedColumnWriter& to, const PastEvent& it) { to.put_signed(it.amount); });
    }

    // The same columns as the history's lie in the same form: mostly they are the same bytes.
    void save_ids() {
        std::unordered_map<std::uint32_t, TenantIndex> tagged;
        each_tenant([&](TenantIndex tenant, std::string_view name) {
            tagged.emplace(governor_.ids_.tenant_tag(name), tenant);
        });
        const auto put_in = [&](auto&& column, const auto& part) {
            governor_.ids_.walk(
                [&](const RememberedId& id, std::uint32_t tag) { part(column, id, tag); });
        };
        const auto put = [&](const auto& part) { put_in(ColumnWriter(out_), part); };
        put([](ColumnWriter& to, const RememberedId& id, auto) { to.put_difference(id.seq); });
        put_in(PackedColumnWriter(out_), [](PackedColumnWriter& to, const RememberedId& id, auto) {
            to.put_difference(bits_of(id.at));
        });
        put([&](ColumnWriter& to, const RememberedId&, std::uint32_t tag) {
            const auto known = tagged.find(tag);
            to.put(known == tagged.end() ? 0 : std::uint64_t{known->second} + 1);
            if (known == tagged.end()) {
                to.put_word(static_cast<std::uint16_t>(tag));
            }
        });
        put([&](ColumnWriter& to, const RememberedId& id, auto) {
            to.put(outcomes_.place(id.outcome));
        });
        put([](ColumnWriter& to, const RememberedId& id, auto) {
            to.put(id.granted ? static_cast<std::uint64_t>(*id.granted) + 1 : 0);
        });
        put([](ColumnWriter& to, const RememberedId& id, auto) { to.put_word(id.fingerprint); });
        put([](ColumnWriter& to, const RememberedId& id, auto) { to.put_word(id.key); });
    }

    const Governor& governor_;
    ByteBuffer& out_;
    OutcomeTable outcomes_;
};

void GovernorState::save(const Governor& governor, ByteBuffer& out) {
    Saver(governor, out).save();
}

}  // namespace flyball
