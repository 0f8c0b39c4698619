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

bool SubscriptionRules::apply(TenantIndex tenant, std::span<const std::byte> bytes) {
    auto image = decode_subscription_image(bytes);
    if (!image || !subscriptions_.has(tenant)) {
        return false;
    }
    subscriptions_[tenant] = std::move(*image);
    return true;
}

void SubscriptionRules::enrol(TenantIndex tenant) {
    subscriptions_.at(tenant);
}

void SubscriptionRules::erase(TenantIndex tenant) {
    subscriptions_.clear(tenant);
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
    return sizeof(*this) + subscriptions_.memory_bytes() + image_.capacity();
}

}  // namespace flyball
