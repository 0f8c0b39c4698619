#include "fleet/run/fleet_identity.h"

#include <fmt/format.h>

#include <utility>

#include "fleet/clock.h"

namespace flyball {
namespace {

// A node is degraded from 14 days before one ends, and its own ends a quarter earlier at most.
constexpr int days = 60;

}  // namespace

Result<std::unique_ptr<FleetIdentity>> FleetIdentity::make(const std::string& folder) {
    auto made = PkiFolder::make(folder + "/pki", wall_now(), days, false);
    if (!made) {
        return made.error();
    }
    std::unique_ptr<FleetIdentity> identity(new FleetIdentity(*std::move(made)));
    auto broker = identity->give(broker_holder({"localhost", "127.0.0.1"}));
    auto tool = identity->give(operator_holder("fleet"));
    if (!broker || !tool) {
        return broker ? tool.error() : broker.error();
    }
    identity->broker_ = *std::move(broker);
    identity->tool_ = *std::move(tool);
    return identity;
}

Result<Issued> FleetIdentity::give(Result<Holder> holder) {
    if (!holder) {
        return holder.error();
    }
    auto issued = folder_.issue({*std::move(holder)}, wall_now(), days, true);
    return issued ? Result<Issued>(std::move(issued->front())) : Result<Issued>(issued.error());
}

BusOptions FleetIdentity::tool(BusOptions options) const {
    options.ca_file = folder_.authority().certificate_file;
    options.cert_file = tool_.certificate_file;
    options.key_file = tool_.key_file;
    return options;
}

std::string FleetIdentity::listener() const {
    return fmt::format(
        "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n"
        "use_identity_as_username true\n",
        folder_.authority().certificate_file, broker_.certificate_file, broker_.key_file);
}

std::string FleetIdentity::bridge() const {
    return fmt::format("bridge_cafile {}\nbridge_certfile {}\nbridge_keyfile {}\n",
                       folder_.authority().certificate_file, tool_.certificate_file,
                       tool_.key_file);
}

Result<std::string> FleetIdentity::device(const NodeName& name) {
    const auto issued = give(node_holder(name.text()));
    if (!issued) {
        return issued.error();
    }
    return fmt::format("ca_file = \"{}\"\ncert_file = \"{}\"\nkey_file = \"{}\"\n",
                       folder_.authority().certificate_file, issued->certificate_file,
                       issued->key_file);
}

}  // namespace flyball
