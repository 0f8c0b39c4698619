// The part of node/config_govern.h that looks at rules beside the rest of the configuration.

#include <algorithm>
#include <array>
#include <string_view>

#include "node/config_govern.h"
#include "node/engine.h"
#include "node/govern_request.h"
#include "schemas/decode.h"

namespace flyball {
namespace {

constexpr std::string_view anybody = "anybody";

// What one dry run was answered.
class Trial final : public EngineHost {
public:
    void send(const Message& reply) override {
        const Payload payload = decoder_.decode(reply.payload);
        const Value* key = payload.root->first_child();
        for (std::uint32_t i = 0; i < payload.root->count; ++i) {
            const Value* value = key->next_sibling();
            if (value->is(Kind::text)) {
                note(key->text(), value->text());
            } else if (key->text() == "ignored" && value->is(Kind::array) && value->count > 0) {
                ignored = value->first_child()->text();
            }
            key = value->next_sibling();
        }
    }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}

    std::string decision, reason, field, expected, message, ignored;

private:
    void note(std::string_view key, std::string_view value) {
        for (const auto& [name, text] :
             {std::pair{"decision", &decision}, std::pair{"reason", &reason},
              std::pair{"field", &field}, std::pair{"expected", &expected},
              std::pair{"message", &message}}) {
            if (key == name) {
                text->assign(value);
            }
        }
    }
    Decoder decoder_;
};

// Reasons that lie in the rule, whatever the tenant and the moment.
bool is_the_rules_fault(const Trial& trial) {
    constexpr std::array<std::string_view, 8> faults = {
        "missing_field", "bad_field", "unknown_op", "not_permitted",
        "unsupported",   "malformed", "too_large",  "unknown_resource"};
    for (const std::string_view fault : faults) {
        if (trial.reason == fault) {
            return true;
        }
    }
    return false;
}

// Empty: nothing is wrong with what the governor is asked. Else the key below `request`, if it is
// about one, and a sentence.
std::pair<std::string, std::string> wrong_request(const GovernRule& rule, const Trial& trial) {
    const std::string& governor = rule.governor;
    if (!trial.ignored.empty()) {
        return {trial.ignored, "is nothing that " + governor + " looks at"};
    }
    if (!is_the_rules_fault(trial)) {
        return {};
    }
    if (trial.field == "id" && trial.reason == "missing_field") {
        return {"", "asks " + governor +
                        " for what needs an id, which a governed message has not: "
                        "set require_id = false there, or ask something else"};
    }
    if (!trial.expected.empty()) {
        return {trial.field, "must be " + trial.expected};
    }
    return {trial.field, governor + " answers " + trial.reason +
                             (trial.message.empty() ? "" : ": " + trial.message)};
}

void try_out(Config& config, Engine& engine, Instant now, std::size_t at) {
    const NodeSettings& settings = config.settings;
    const GovernRule& rule = settings.govern[at];
    const std::string key = "govern[" + std::to_string(at) + "]";
    if (rule.topic.starts_with(settings.root.prefix + "/")) {
        config.faults.push_back(
            govern_fault(settings.places, key + ".topic",
                         "must be a filter of other topics than those below mqtt.prefix, \"" +
                             settings.root.prefix + "\", which are never governed"));
        return;
    }
    Trial trial;
    GovernRequest request(settings.root, rule, GovernRequest::Kind::trial);
    engine.handle(request.of(anybody, 1), {}, now, trial);
    const auto [field, sentence] = wrong_request(rule, trial);
    if (!sentence.empty()) {
        config.faults.push_back(govern_fault(
            settings.places, key + ".request" + (field.empty() ? "" : "." + field), sentence));
    }
}

// The configured governors, and beside them, as their type's defaults are, those of the rules that
// `control` may add later. What is wrong with a governor's own settings is told elsewhere.
void add_governors(Engine& engine, const NodeSettings& settings, Instant now) {
    Registry& registry = engine.registry();
    (void)registry.add_configured(settings.configured_governors(), now);
    for (const GovernRule& rule : settings.govern) {
        const std::string_view title = rule.governor;
        const std::size_t slash = title.find('/');
        if (slash != title.npos && registry.find(title) == nullptr) {
            (void)registry.add(title.substr(0, slash), title.substr(slash + 1), Tree(), now);
        }
    }
}

}  // namespace

std::string govern_fault(const Places& places, std::string key, std::string_view sentence) {
    const std::string whole = key + ": " + std::string(sentence);
    while (true) {
        if (const auto place = places.find(key); place != places.end()) {
            return place->second + ": " + whole;
        }
        const std::size_t shorter = key.find_last_of(".[");
        if (shorter == key.npos) {
            return whole;
        }
        key.resize(shorter);
    }
}

void check_govern_rules(Config& config, Instant now) {
    const NodeSettings& settings = config.settings;
    if (settings.govern.empty() || !config.faults.empty()) {
        return;
    }
    Engine engine({.root = settings.root,
                   .limits = settings.limits,
                   .reply_prefixes = settings.mqtt.reply_prefixes});
    add_governors(engine, settings, now);
    for (std::size_t at = 0; at < settings.govern.size(); ++at) {
        try_out(config, engine, now, at);
    }
}

void refuse_govern_rules(Config& config) {
    if (!config.settings.govern.empty()) {
        config.faults.push_back(govern_fault(
            config.settings.places, "govern[0]",
            "only a broker's plugin can govern topics: load flyball_mosquitto.so into the broker "
            "with this configuration, or take the rules out"));
    }
}

}  // namespace flyball
