#pragma once
// Serves the dashboard's page over HTTP: a few files that are in the program, and the address of
// the broker, to which the browser itself connects over websockets. Whoever has the object starts
// and stops it; threads and bounds are those of fleet/http_pages.h.

#include <cstdint>
#include <memory>
#include <string>

#include "fleet/http_pages.h"
#include "schemas/result.h"

namespace flyball {

struct DashboardOptions {
    ListenAddress listen;
    std::string broker;  // ws:// or wss://; empty: the page asks for it
    std::string prefix = "flyball/v1";
};

class DashboardServer {
public:
    // Answers when it returns. Fails: unavailable when the address cannot be listened on, usage
    // when the broker's is none for a browser, internal when this program was built without npm.
    static Result<std::unique_ptr<DashboardServer>> start(const DashboardOptions& options);

    std::uint16_t port() const { return pages_->port(); }
    std::string url() const { return pages_->url(); }
    void stop() { pages_->stop(); }

private:
    explicit DashboardServer(std::unique_ptr<HttpPages> pages) : pages_(std::move(pages)) {}
    std::unique_ptr<HttpPages> pages_;
};

}  // namespace flyball
