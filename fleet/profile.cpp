// flyball profile: which stages a node's time goes to.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "fleet/control_question.h"
#include "fleet/stage_text.h"
#include "fleet/verb.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball profile eu-west/pi-7
  flyball profile eu-west/pi-7 --for 30s
  flyball profile eu-west/pi-7 --json)";

constexpr const char* about =
    R"(Measures for a while which stages a node's time goes to, and prints a table.

receive is the wait of requests in the node, decode, decide and encode its own
work, publish the hand-over to the MQTT library. The node stops by itself.
Exit status 0; 2 an error reply, 64 usage, 69 no broker or no answer.)";

constexpr Span for_max{60'000};  // as long as a node measures

class Profile final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Common common_;
    std::string node_text_;
    Span for_{5'000};
};

CLI::App* Profile::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("profile", about);
    verb->footer(examples);
    verb->add_option("NODE", node_text_, "region/node")->required()->type_name(node_value);
    CLI::Option* span = verb->add_option_function<std::string>(
        "--for",
        [this](const std::string& text) {
            if (const auto duration = parse_duration(text)) {
                for_ = Span(duration->ms);
            }
        },
        "how long to measure, 60s at most (5s)");
    takes_duration(*span);
    add_common_options(*verb, common_);
    return verb;
}

Exit Profile::run() {
    const auto node = parse_node(node_text_);
    if (!node) {
        return fail(node.error());
    }
    if (for_ > for_max) {
        return fail({ErrorCode::usage, "--for: a node measures for 60s at most"});
    }
    auto bus = Bus::connect(common_.bus, {});
    if (!bus) {
        return fail(bus.error());
    }
    if (isatty(STDERR_FILENO) != 0) {
        fmt::print(stderr, "measuring for {} ...\n", span_text(for_.count()));
    }
    Exit exit = Exit::done;
    const auto reply = ask_control(**bus, common_.bus, *node,
                                   {{"op", "profile"}, {"for_ms", for_.count()}}, for_, exit);
    if (reply) {
        print(common_.json ? json_text(*reply) + "\n"
                           : profile_text(*reply, style_of(STDOUT_FILENO)));
    }
    return exit;
}

}  // namespace

std::unique_ptr<Verb> make_profile() {
    return std::make_unique<Profile>();
}

}  // namespace flyball
