// flyball metrics: serves Prometheus' /metrics for all nodes from their health.

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <CLI/CLI.hpp>

#include "fleet/http_pages.h"
#include "fleet/interrupt.h"
#include "fleet/metrics/exposition.h"
#include "fleet/verb.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball metrics --broker mqtts://hub:8883 --listen 127.0.0.1:9464
  curl http://127.0.0.1:9464/metrics)";

constexpr const char* about =
    R"(Serves /metrics for Prometheus: all nodes below the prefix, from their health.

Counters go on where a node's earlier life ended. A node that is gone stays at
flyball_up 0 until `flyball retire` clears it. A tenant is never a label. Ends
with 0 on Ctrl-C; while the broker is away it serves what it knows.)";

class Metrics final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Exit serve(Bus& bus, const ListenAddress& listen, const Interrupt& interrupt) const;

    Common common_;
    std::string listen_ = "127.0.0.1:9464";
};

CLI::App* Metrics::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("metrics", about);
    verb->footer(examples);
    verb->add_option("--listen", listen_, "where to serve it; port 0: a free one")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    add_common_options(*verb, common_);
    return verb;
}

Exit Metrics::serve(Bus& bus, const ListenAddress& listen, const Interrupt& interrupt) const {
    Exposition exposition(wall_now);
    // Not the library's own server: it would add metrics of itself to the page.
    const auto pages = HttpPages::start(
        listen, {{"/metrics", "text/plain; version=0.0.4; charset=utf-8", [&exposition] {
                      return prometheus::TextSerializer().Serialize(exposition.Collect());
                  }}});
    if (!pages) {
        return fail(pages.error());
    }
    const std::string url = (*pages)->url() + "metrics";
    print(common_.json ? json_text(Json{{"url", url}}) + "\n"
                       : fmt::format("metrics at {}\n", url));
    while (!interrupt.seen()) {
        const auto message = bus.next(std::nullopt, interrupt.fd());
        for (const std::string& note : bus.notes()) {
            complain(note);
        }
        if (!message) {
            continue;
        }
        if (const auto name = node_of_topic(message->topic, common_.bus.prefix)) {
            exposition.hear(*name, message->payload, message->retained, message->at);
        }
    }
    return Exit::done;
}

Exit Metrics::run() {
    const auto listen = parse_listen(listen_);
    if (!listen) {
        return fail(listen.error());
    }
    const Interrupt interrupt;
    auto bus =
        Bus::connect(common_.bus, {topic_of(common_.bus, NodeName{"+", "+"}, Channel::health)});
    if (!bus) {
        return fail(bus.error());
    }
    return serve(**bus, *listen, interrupt);
}

}  // namespace

std::unique_ptr<Verb> make_metrics() {
    return std::make_unique<Metrics>();
}

}  // namespace flyball
