// The half of Billing that no request sees: accounts, images, configuration, memory.

#include <algorithm>
#include <limits>

#include "governors/billing.h"

namespace flyball {

BillingLedger Billing::ledger_of(TenantIndex tenant) const {
    const BillingLedger& ledger = account_of(tenant).ledger;
    return ledger.open ? ledger : BillingLedger::opened(settings_);
}

const Billing::Hold* Billing::find(const Account& account, std::string_view name) {
    const auto found = std::ranges::lower_bound(account.holds, name, {}, &Hold::name);
    return found != account.holds.end() && found->name == name ? &*found : nullptr;
}

const Billing::Hold* Billing::first_to_end(const Account& account) {
    const Hold* first = nullptr;
    for (const Hold& hold : account.holds) {
        if (!hold.expired && (first == nullptr || hold.end < first->end)) {
            first = &hold;
        }
    }
    return first;
}

BillingHoldChange Billing::put_back(const Hold& hold) {
    return {.put = true,
            .expired = hold.expired,
            .name = hold.name,
            .amount = hold.amount,
            .end = hold.end};
}

bool Billing::apply(TenantIndex tenant, std::span<const std::byte> bytes) {
    const auto image = decode_billing_image(bytes);
    return image && place(tenant, *image);
}

bool Billing::apply_effect(TenantIndex tenant, const Effect& effect) {
    return effect.stamp() == stamp_ ? sound(after_) && place(tenant, {.ledger = after_})
                                    : apply(tenant, effect.after());
}

bool Billing::place(TenantIndex tenant, const BillingImage& image) {
    if (!accounts_.has(tenant)) {
        return false;
    }
    Account& account = accounts_[tenant];
    const std::int64_t held = account.ledger.held;
    account.ledger = image.ledger;
    account.ledger.held = held;
    // Removals first: they make the room.
    for (const bool put : {false, true}) {
        for (const BillingHoldChange& change : image.all()) {
            if (change.put == put && !change_hold(account, change)) {
                return false;
            }
        }
    }
    // As can_count() sees to it: nothing that is held overflows when it is charged.
    return account.ledger.can_count(0);
}

bool Billing::change_hold(Account& account, const BillingHoldChange& change) {
    const auto place = std::ranges::lower_bound(account.holds, change.name, {}, &Hold::name);
    const bool there = place != account.holds.end() && place->name == change.name;
    std::int64_t& held = account.ledger.held;
    if (there && !place->expired) {
        held -= place->amount;
    }
    if (!change.put) {
        if (there) {
            account.holds.erase(place);
        }
        return true;
    }
    if (!change.expired) {
        if (change.amount > std::numeric_limits<std::int64_t>::max() - held) {
            return false;
        }
        held += change.amount;
    }
    if (there) {
        place->amount = change.amount;
        place->end = change.end;
        place->expired = change.expired;
        return true;
    }
    if (account.holds.size() >= holds_max) {
        return false;
    }
    account.holds.insert(place, Hold{.name = std::string(change.name),
                                     .amount = change.amount,
                                     .end = change.end,
                                     .expired = change.expired});
    return true;
}

void Billing::enrol(TenantIndex tenant) {
    accounts_.at(tenant);
}

void Billing::erase(TenantIndex tenant) {
    accounts_.clear(tenant);
}

// An account that is open is never given up: its totals are a record.
bool Billing::at_defaults(TenantIndex tenant, Instant /*now*/) const {
    return !account_of(tenant).ledger.open;
}

void Billing::walk(TenantIndex tenant, const Visit& visit) const {
    const Account& account = account_of(tenant);
    if (!account.ledger.open) {
        return;
    }
    BillingImage image{.ledger = account.ledger};
    visit(encode(image, image_));
    for (const Hold& hold : account.holds) {
        image.change_count = 0;
        image.add(put_back(hold));
        visit(encode(image, image_));
    }
}

Tree Billing::settings() const {
    return billing_settings_tree(settings_);
}

Result<std::vector<std::string>> Billing::configure(const Tree& settings, Instant now) {
    auto read = read_billing_settings(settings);
    if (!read) {
        return read.error();
    }
    if (read->rate_limit != settings_.rate_limit) {
        // Time up to now was refilled at the old rate.
        for (std::size_t row = 0; row < accounts_.size(); ++row) {
            BillingLedger& ledger = accounts_[row].ledger;
            if (!ledger.rate_limit) {
                ledger.refill(settings_.rate_limit, now);
            }
        }
    }
    settings_ = std::move(*read);
    return std::vector<std::string>();
}

std::size_t Billing::memory_bytes() const {
    std::size_t bytes = sizeof(*this) + accounts_.memory_bytes() + image_.capacity();
    for (std::size_t row = 0; row < accounts_.size(); ++row) {
        bytes += accounts_[row].holds.capacity() * sizeof(Hold);
    }
    return bytes;
}

}  // namespace flyball
