#pragma once
// Who is who in a fleet that runs with TLS: an authority of the run's own, in its folder, and
// certificates for its brokers, its devices and the tool. Gone with the folder. Main thread.

#include <memory>
#include <string>

#include "fleet/bus.h"
#include "fleet/node_name.h"
#include "fleet/pki/folder.h"
#include "schemas/result.h"

namespace flyball {

class FleetIdentity {
public:
    static Result<std::unique_ptr<FleetIdentity>> make(const std::string& folder);

    // The tool's own, with all rights.
    BusOptions tool(BusOptions options) const;
    // Lines of a broker's file: below its listener, and below its bridge.
    std::string listener() const;
    std::string bridge() const;
    // Lines of a device's [mqtt]; makes its certificate when it has none yet.
    Result<std::string> device(const NodeName& name);

private:
    explicit FleetIdentity(PkiFolder folder) : folder_(std::move(folder)) {}
    Result<Issued> give(Result<Holder> holder);

    PkiFolder folder_;
    Issued broker_;
    Issued tool_;
};

}  // namespace flyball
