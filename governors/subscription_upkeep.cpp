// The half of SubscriptionRules that no request sees: tenants, images, configuration, memory.

#include "governors/subscription.h"
#include "governors/subscription_image.h"
#include "schemas/expects.h"

namespace flyball {

SubscriptionRules::SubscriptionRules() {
    auto settings = read_subscription_settings(Tree());
    expects(settings.has_value(), "the default plan is sound");
    settings_ = std::move(*settings);
}

const Subscription& SubscriptionRules::subscription_of(TenantIndex tenant) const {
    static const Subscription none;
    return tenant < subscriptions_.size() ? subscriptions_[tenant] : none;
}

bool SubscriptionRules::apply(TenantIndex tenant, std::span<const std::byte> bytes) {
    auto image = decode_subscription_image(bytes);
    if (!image || tenant >= subscriptions_.size()) {
        return false;
    }
    subscriptions_[tenant] = std::move(*image);
    return true;
}

void SubscriptionRules::enrol(TenantIndex tenant) {
    if (tenant >= subscriptions_.size()) {
        subscriptions_.resize(std::size_t{tenant} + 1);
    }
}

void SubscriptionRules::erase(TenantIndex tenant) {
    if (tenant < subscriptions_.size()) {
        subscriptions_[tenant] = Subscription();
    }
}

bool SubscriptionRules::at_defaults(TenantIndex tenant, Instant /*now*/) const {
    return subscription_of(tenant).state == SubscriptionState::none;
}

void SubscriptionRules::walk(TenantIndex tenant, const Visit& visit) const {
    const Subscription& it = subscription_of(tenant);
    if (it.state != SubscriptionState::none) {
        visit(encode(it, image_));
    }
}

Tree SubscriptionRules::settings() const {
    return subscription_settings_tree(settings_);
}

Result<std::vector<std::string>> SubscriptionRules::configure(const Tree& settings,
                                                              Instant /*now*/) {
    auto read = read_subscription_settings(settings);
    if (!read) {
        return read.error();
    }
    settings_ = std::move(*read);
    return std::vector<std::string>();
}

std::size_t SubscriptionRules::memory_bytes() const {
    return sizeof(*this) + subscriptions_.capacity() * sizeof(Subscription) + image_.capacity();
}

}  // namespace flyball
