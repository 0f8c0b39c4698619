// The half of Quota that no request sees: configuration, memory, snapshots.

#include "governors/quota.h"
#include "governors/quota_settings.h"
#include "governors/tenant_table.h"

namespace flyball {

Tree Quota::settings() const {
    Tree::Map resources;
    for (const Resource& resource : resources_) {
        resources[resource.rule.name] = quota_rule_tree(resource.rule);
    }
    return Tree::Map{{"resources", std::move(resources)}};
}

Result<std::vector<std::string>> Quota::configure(const Tree& settings, Instant now) {
    auto rules = read_quota_rules(settings);
    if (!rules) {
        return rules.error();
    }
    std::vector<std::string> restarted;
    std::vector<Resource> resources;
    resources.reserve(rules->size());
    for (QuotaRule& rule : *rules) {
        Resource& resource = resources.emplace_back(std::move(rule));
        Resource* old = find(resource.rule.name);
        if (old == nullptr) {
            continue;
        }
        resource.overrides = std::move(old->overrides);
        if (old->tag == resource.tag) {
            resource.slots = std::move(old->slots);
            resource.settle(old->rule, now);
        } else {
            restarted.push_back(resource.rule.name);
        }
    }
    resources_ = std::move(resources);
    latest_.reset();  // it is of a rule that is gone
    return restarted;
}

// A bucket's time up to now was refilled at the old rate.
void Quota::Resource::settle(const QuotaRule& old, Instant now) {
    const bool same_terms = rule.limit == old.limit && rule.burst == old.burst;
    if (rule.algorithm != QuotaAlgorithm::bucket || same_terms) {
        return;  // no record would say that anything was touched
    }
    for (TenantIndex tenant = 0; tenant < slots.size(); ++tenant) {
        if (slots[tenant] != QuotaSlot{} && !override_of(tenant)) {
            QuotaMeter meter(old, {old.limit, old.burst}, slots[tenant], now);
            meter.change_terms({rule.limit, rule.burst});
            slots[tenant] = meter.unused() ? QuotaSlot{} : meter.slot();
        }
    }
}

void Quota::Resource::set_override(TenantIndex tenant, const std::optional<QuotaOverride>& terms) {
    if (terms) {
        if (overrides == nullptr) {
            overrides = std::make_unique<std::unordered_map<TenantIndex, QuotaOverride>>();
        }
        overrides->insert_or_assign(tenant, *terms);
    } else if (overrides != nullptr && overrides->erase(tenant) == 1 && overrides->empty()) {
        overrides.reset();
    }
}

std::size_t Quota::memory_bytes() const {
    // What a node of the map takes besides its value: a pointer, its hash table's share of one.
    constexpr std::size_t node_bytes = 2 * sizeof(void*);
    std::size_t bytes = sizeof(*this) + resources_.capacity() * sizeof(Resource);
    for (const Resource& resource : resources_) {
        bytes += resource.slots.memory_bytes() + resource.rule.name.capacity() +
                 resource.rule.anchor_text.capacity();
        if (resource.overrides != nullptr) {
            using Map = std::unordered_map<TenantIndex, QuotaOverride>;
            bytes +=
                sizeof(Map) + resource.overrides->size() * (sizeof(Map::value_type) + node_bytes);
        }
    }
    return bytes;
}

void Quota::walk(TenantIndex tenant, const Visit& visit) const {
    if (tenant == no_tenant) {
        return;
    }
    ByteBuffer bytes;
    for (const Resource& resource : resources_) {
        const QuotaSlot slot = resource.slot(tenant);
        const auto override_terms = resource.override_of(tenant);
        if (slot != QuotaSlot{} || override_terms) {
            visit(
                encode_quota_image(resource.rule.name, resource.tag, slot, override_terms, bytes));
        }
    }
}

}  // namespace flyball
