// flyball trace: where the time of single requests goes, as they pass.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "fleet/control_question.h"
#include "fleet/interrupt.h"
#include "fleet/stage_text.h"
#include "fleet/verb.h"
#include "schemas/duration.h"
#include "schemas/topic.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball trace eu-west/pi-7
  flyball trace eu-west/pi-7 quota/main --for 30s
  flyball trace eu-west/pi-7 admit --tenant acme --max 100
  flyball trace eu-west/pi-7 --max 1 --json)";

constexpr const char* about =
    R"(Shows the microseconds that each request spends in each stage, as they pass.

receive is the wait in the node before it began; decode, decide and encode are
its own work; publish is the hand-over to the MQTT library. The node stops by
itself after --for or --max, also when this tool is gone; a second trace takes
the place of the first. Exit status 0, also on Ctrl-C; 2 an error reply, 69 no
broker or no answer.)";

constexpr Span for_max{60'000};  // as long as a node traces

class Trace final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Json request() const;
    Exit follow(Bus& bus, const Interrupt& interrupt) const;

    Common common_;
    std::string node_text_;
    std::string governor_;
    std::string tenant_;
    std::uint64_t max_ = 1000;
    Span for_{10'000};
};

CLI::App* Trace::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("trace", about);
    verb->footer(examples);
    verb->add_option("NODE", node_text_, "region/node")->required()->type_name(node_value);
    verb->add_option("GOVERNOR", governor_, "TYPE/NAME or admit; all without it")
        ->type_name(governor_value);
    verb->add_option("--tenant", tenant_, "only this tenant's requests")->type_name("NAME");
    CLI::Option* span = verb->add_option_function<std::string>(
        "--for",
        [this](const std::string& text) {
            if (const auto duration = parse_duration(text)) {
                for_ = Span(duration->ms);
            }
        },
        "stop after this time, 60s at most (10s)");
    takes_duration(*span);
    verb->add_option("--max", max_, "stop after so many requests")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000}))
        ->type_name("N")
        ->capture_default_str();
    add_common_options(*verb, common_);
    return verb;
}

Json Trace::request() const {
    Json request = {{"op", "trace"}, {"for_ms", for_.count()}, {"max", max_}};
    if (!governor_.empty()) {
        request["governor"] = governor_;
    }
    if (!tenant_.empty()) {
        request["tenant"] = tenant_;
    }
    return request;
}

Exit Trace::follow(Bus& bus, const Interrupt& interrupt) const {
    constexpr Span on_their_way{300};  // the last lines, from the node to here
    const Deadline deadline = deadline_after(for_ + on_their_way);
    TraceText text(style_of(STDOUT_FILENO));
    bool read = common_.json || print(text.header());
    while (read && text.lines() < max_ && !interrupt.seen()) {
        const auto arrived = bus.next(deadline, interrupt.fd());
        if (!arrived) {
            break;
        }
        const auto traced = decode_payload(arrived->payload);
        if (arrived->retained || !traced || !traced->is_object() || !traced->contains("us")) {
            continue;
        }
        const std::string line = text.line(*traced, arrived->at);
        read = print(common_.json ? json_text(*traced) + "\n" : line);
    }
    if (text.lines() == 0) {
        complain(fmt::format("no request passed in {}", span_text(for_.count())));
    } else if (!common_.json) {
        print(text.average());
    }
    return Exit::done;
}

Exit Trace::run() {
    const auto node = parse_node(node_text_);
    if (!node) {
        return fail(node.error());
    }
    if (for_ > for_max) {
        return fail({ErrorCode::usage, "--for: a node traces for 60s at most"});
    }
    const Interrupt interrupt;
    std::string topic;
    append_topic(topic, Root{common_.bus.prefix, node->region, node->node},
                 Topic{.channel = Channel::trace});
    auto bus = Bus::connect(common_.bus, {topic});
    if (!bus) {
        return fail(bus.error());
    }
    Exit exit = Exit::done;
    const auto started = ask_control(**bus, common_.bus, *node, request(), Span{0}, exit);
    return started ? follow(**bus, interrupt) : exit;
}

}  // namespace

std::unique_ptr<Verb> make_trace() {
    return std::make_unique<Trace>();
}

}  // namespace flyball
