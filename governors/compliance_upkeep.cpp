// The half of Compliance that no request sees: tenants, configuration, snapshots, memory.

#include "governors/compliance.h"
#include "governors/tenant_table.h"

namespace flyball {

const Compliance::Tenant* Compliance::find(TenantIndex tenant) const {
    return tenants_.has(tenant) ? &tenants_[tenant] : nullptr;
}

ComplianceState Compliance::load(TenantIndex tenant) const {
    ComplianceState state;
    if (const Tenant* known = find(tenant); known != nullptr) {
        if (known->has_salt) {
            state.salt = known->salt;
        }
        state.standing = known->standing;
        state.checks = known->checks;
        state.denied = known->denied;
        state.warned = known->warned;
        state.strikes.count = known->strikes.size();
        std::copy(known->strikes.begin(), known->strikes.end(), state.strikes.at.begin());
    }
    return state;
}

void Compliance::store(TenantIndex tenant, const ComplianceState& state) {
    Tenant& known = tenants_.at(tenant);
    known.salt = state.salt.value_or(Salt{});
    known.has_salt = state.salt.has_value();
    known.standing = state.standing;
    known.checks = state.checks;
    known.denied = state.denied;
    known.warned = state.warned;
    const auto strikes = state.all_strikes();
    known.strikes.assign(strikes.begin(), strikes.end());
}

void Compliance::enrol(TenantIndex tenant) {
    expects(at_defaults(tenant, Instant{}), "a place that is given out was cleared");
}

void Compliance::erase(TenantIndex tenant) {
    tenants_.clear(tenant);
}

bool Compliance::at_defaults(TenantIndex tenant, Instant /*now*/) const {
    return load(tenant) == ComplianceState{};
}

void Compliance::walk(TenantIndex tenant, const Visit& visit) const {
    ComplianceImage image;
    if (tenant == no_tenant) {
        image.kind = ComplianceImage::Kind::chain;
        image.head = head_;
        image.first_seq = kept_.saved_first(head_.seq);
    } else if (at_defaults(tenant, Instant{})) {
        return;
    } else {
        image.state = load(tenant);
    }
    ByteBuffer bytes;
    encode(image, bytes);
    visit(std::as_bytes(std::span(bytes.bytes())));
}

Tree Compliance::settings() const {
    return compliance_tree(settings_);
}

Result<std::vector<std::string>> Compliance::configure(const Tree& settings, Instant now) {
    auto read = read_compliance_settings(settings);
    if (!read) {
        return read.error();
    }
    // The first configuration is no change: what time did before it was loaded keeps its date.
    if (configured_ && !read->same_strikes(settings_)) {
        changed_at_ = now;
    }
    configured_ = true;
    settings_ = std::move(*read);
    denying_rules_ = 0;
    for (std::size_t place = 0; place < settings_.rules.size(); ++place) {
        denying_rules_ |= settings_.rules[place].warns ? 0 : std::uint64_t{1} << place;
    }
    return std::vector<std::string>();
}

std::size_t Compliance::memory_bytes() const {
    std::size_t bytes = sizeof(*this) + sizeof(Scratch) + scratch_->record.capacity() +
                        scratch_->hashed.capacity() + scratch_->path.capacity() +
                        tenants_.memory_bytes();
    for (std::size_t row = 0; row < tenants_.size(); ++row) {
        bytes += tenants_[row].strikes.capacity() * sizeof(Instant);
    }
    for (const ComplianceRule& rule : settings_.rules) {
        bytes += sizeof(rule) + rule.id.capacity() + rule.attribute.capacity() +
                 (rule.actions.size() + 2) * sizeof(std::string);
    }
    return bytes;
}

}  // namespace flyball
