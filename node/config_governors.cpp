#include "node/config.h"
#include "node/registry.h"

namespace flyball {

void check_governors(Config& config, Instant now) {
    Registry registry({});
    const NodeSettings& settings = config.settings;
    config.faults =
        settings.places_of(registry.add_configured(settings.configured_governors(), now));
    registry.each([&config](const Governor& governor) {
        config.governors.emplace(governor.title(), governor.configuration());
    });
}

}  // namespace flyball
