// flyball dashboard: serves the page that shows the whole fleet in a browser.

#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>

#include "fleet/dashboard/server.h"
#include "fleet/interrupt.h"
#include "fleet/verb.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball dashboard --broker ws://localhost:9001
  flyball dashboard --listen 0.0.0.0:8080 --broker wss://broker.example:8084
  flyball dashboard                  # the page asks for the broker)";

constexpr const char* about =
    R"(Serves a page that shows the whole fleet in a browser: regions, devices, rates,
latency, denials, memory, events. The page connects to the broker itself, over
websockets, so it needs a listener for them; for Mosquitto:

  listener 9001
  protocol websockets

Logins are typed into the page and stay there. Listens on this machine only
unless --listen says otherwise. Ends with 0 on Ctrl-C.)";

class Dashboard final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    std::string listen_ = "127.0.0.1:0";
    std::string broker_;
    std::string prefix_ = "flyball/v1";
    bool json_ = false;
};

CLI::App* Dashboard::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("dashboard", about);
    verb->footer(examples);
    verb->add_option("--listen", listen_, "where to serve it; port 0: a free one")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    verb->add_option("--broker", broker_, "ws:// or wss://host:port, as the browser reaches it")
        ->type_name("URL");
    verb->add_option("--prefix", prefix_, "what all topics begin with")->capture_default_str();
    verb->add_flag("--json", json_, "the address as JSON on stdout");
    return verb;
}

Exit Dashboard::run() {
    const auto listen = parse_listen(listen_);
    if (!listen) {
        return fail(listen.error());
    }
    const Interrupt interrupt;
    const auto server = DashboardServer::start({*listen, broker_, prefix_});
    if (!server) {
        return fail(server.error());
    }
    const std::string url = (*server)->url();
    print(json_ ? json_text(Json{{"url", url}}) + "\n" : fmt::format("dashboard at {}\n", url));
    pollfd stop{interrupt.fd(), POLLIN, 0};
    while (poll(&stop, 1, -1) < 0) {
    }
    return Exit::done;
}

}  // namespace

std::unique_ptr<Verb> make_dashboard() {
    return std::make_unique<Dashboard>();
}

}  // namespace flyball
