// flyball retire: takes away what the broker still keeps of a device that is gone.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "fleet/node_hint.h"
#include "fleet/typed_json.h"
#include "fleet/verb.h"
#include "fleet/view/health_facts.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball retire eu-west/pi-7 --dry-run
  flyball retire eu-west/pi-7)";

constexpr const char* about =
    R"(Clears the retained topics of a device that is gone, so that nobody takes it
for lost any more: its health, whatever else the broker keeps below its root,
and what Home Assistant was told of it. The device's own state is not touched;
if it comes back, it reports anew.

The login has to be allowed to read and clear all that: operators' is by flyball
acl, Home Assistant's topics with its --home-assistant. What a login cannot read
it does not find. --home-assistant names the prefix if it is another.

Refuses, with 1, while the device is there: its health says so, or it answers.
1 as well when the broker keeps nothing of that name.)";

// A device whose report is old may only be cut off from its own report's interval: it is asked.
constexpr Span answer_wait{2000};

class Retire final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    bool refuses(Bus& bus, const NodeName& node, const std::vector<Arrived>& kept) const;
    bool answers(Bus& bus, const NodeName& node) const;
    Exit unknown(const NodeName& node) const;
    Exit clear(Bus& bus, const NodeName& node, const std::vector<std::string>& topics) const;
    void tell(const NodeName& node, const std::vector<std::string>& topics) const;

    bool concerns(const NodeName& node, const Arrived& message) const;

    Common common_;
    std::string node_text_;
    std::string home_assistant_ = "homeassistant";
    bool dry_run_ = false;
};

CLI::App* Retire::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("retire", about);
    verb->footer(examples);
    verb->add_option("NODE", node_text_, "region/node")->required()->type_name(node_value);
    verb->add_flag("--dry-run", dry_run_, "only show what would be cleared");
    verb->add_option("--home-assistant", home_assistant_, "where Home Assistant is told of devices")
        ->type_name("TOPIC")
        ->capture_default_str();
    add_common_options(*verb, common_);
    return verb;
}

// Below the node's root, or Home Assistant's device that reads its health.
bool Retire::concerns(const NodeName& node, const Arrived& message) const {
    if (message.topic.starts_with(fmt::format("{}/{}/", common_.bus.prefix, node.text()))) {
        return true;
    }
    const auto told = decode_payload(message.payload);
    return told && text_at(*told, "state_topic") == topic_of(common_.bus, node, Channel::health);
}

bool Retire::answers(Bus& bus, const NodeName& node) const {
    Question question;
    question.topic = topic_of(common_.bus, node, Channel::control);
    question.entries.push_back({{"op", "list"}, {"max", 1}});
    question.extra = std::min(answer_wait - common_.bus.timeout, Span::zero());
    const auto reply = bus.ask(question);
    return reply && reply->has_value();
}

bool Retire::refuses(Bus& bus, const NodeName& node, const std::vector<Arrived>& kept) const {
    const std::string health = topic_of(common_.bus, node, Channel::health);
    const auto report = std::ranges::find(kept, health, &Arrived::topic);
    if (report != kept.end()) {
        const HealthReport stored{node, decode_payload(report->payload).value_or(Json(false)),
                                  report->retained, report->at};
        const HealthView view = judge(stored, wall_now(), std::nullopt);
        if (view.status == "online" || view.status == "degraded" || view.status == "draining") {
            complain(fmt::format("{} is {}: only a device that is gone can be retired", node.text(),
                                 view.status));
            return true;
        }
    }
    if (answers(bus, node)) {
        complain(fmt::format("{} still answers: only a device that is gone can be retired",
                             node.text()));
        return true;
    }
    return false;
}

void Retire::tell(const NodeName& node, const std::vector<std::string>& topics) const {
    if (common_.json) {
        print(json_text(Json{{"node", node.text()}, {"cleared", !dry_run_}, {"topics", topics}}) +
              "\n");
        return;
    }
    for (const std::string& topic : topics) {
        print(fmt::format("{} {}\n", dry_run_ ? "would clear" : "cleared", printable(topic)));
    }
}

Exit Retire::clear(Bus& bus, const NodeName& node, const std::vector<std::string>& topics) const {
    for (const std::string& topic : topics) {
        if (!bus.clear_retained(topic)) {
            return fail({ErrorCode::unavailable,
                         fmt::format("{} could not be cleared: the broker went away", topic)});
        }
    }
    // An ACL refuses in silence: what was cleared comes back to us as an empty message.
    std::vector<Arrived> seen;
    bus.drain(seen);
    for (const std::string& topic : topics) {
        if (std::ranges::none_of(seen, [&](const Arrived& message) {
                return message.topic == topic && message.payload.empty();
            })) {
            complain(fmt::format("{} is still there: may this login write it?", topic));
            return Exit::missed;
        }
    }
    tell(node, topics);
    return Exit::done;
}

Exit Retire::unknown(const NodeName& node) const {
    const auto others = collect_health(common_.bus, std::nullopt);
    const auto hints =
        hints_about(node, others.value_or(Collected{}), common_.bus.prefix, wall_now());
    complain(fmt::format("the broker keeps nothing of {}", node.text()));
    for (std::size_t i = 1; i < hints.size(); ++i) {
        hint(hints[i]);
    }
    return Exit::missed;
}

Exit Retire::run() {
    const auto node = parse_node(node_text_);
    if (!node) {
        return fail(node.error());
    }
    const std::string filter = fmt::format("{}/{}/#", common_.bus.prefix, node->text());
    auto bus = Bus::connect(common_.bus, {filter, home_assistant_ + "/device/+/config"});
    if (!bus) {
        return fail(bus.error());
    }
    std::vector<Arrived> kept;
    if (!(*bus)->drain(kept)) {
        return fail({ErrorCode::unavailable, "the broker did not confirm the end of its list"});
    }
    std::erase_if(kept, [&](const Arrived& message) {
        return !message.retained || message.payload.empty() || !concerns(*node, message);
    });
    if (kept.empty()) {
        return unknown(*node);
    }
    if (refuses(**bus, *node, kept)) {
        return Exit::missed;
    }
    std::vector<std::string> topics;
    for (const Arrived& message : kept) {
        topics.push_back(message.topic);
    }
    std::ranges::sort(topics);
    if (dry_run_) {
        tell(*node, topics);
        return Exit::done;
    }
    return clear(**bus, *node, topics);
}

}  // namespace

std::unique_ptr<Verb> make_retire() {
    return std::make_unique<Retire>();
}

}  // namespace flyball
