#include "fleet/dashboard/server.h"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/dashboard/assets.h"
#include "fleet/payload.h"

namespace flyball {
namespace {

bool for_browsers(std::string_view broker) {
    return broker.empty() || broker.starts_with("ws://") || broker.starts_with("wss://");
}

bool has_mqtt() {
    return std::ranges::any_of(dashboard_assets(), [](const Asset& asset) {
        return asset.path == "/mqtt.js" && !asset.content.empty();
    });
}

}  // namespace

Result<std::unique_ptr<DashboardServer>> DashboardServer::start(const DashboardOptions& options) {
    if (!for_browsers(options.broker)) {
        return Error{ErrorCode::usage,
                     fmt::format("{}: a browser needs the broker's websockets listener, "
                                 "ws://host:port or wss://host:port",
                                 options.broker)};
    }
    if (!has_mqtt()) {
        return Error{ErrorCode::internal,
                     "this flyball was built without npm, so its dashboard has no MQTT.js: "
                     "install npm and build again"};
    }
    std::vector<HttpPage> pages;
    for (const Asset& asset : dashboard_assets()) {
        pages.push_back({std::string(asset.path), std::string(asset.type),
                         [&asset] { return std::string(asset.content); }});
    }
    const std::string settings =
        json_text(Json{{"broker", options.broker}, {"prefix", options.prefix}});
    pages.push_back({"/settings.json", "application/json", [settings] { return settings; }});
    auto started = HttpPages::start(options.listen, std::move(pages));
    if (!started) {
        return started.error();
    }
    return std::unique_ptr<DashboardServer>(new DashboardServer(*std::move(started)));
}

}  // namespace flyball
