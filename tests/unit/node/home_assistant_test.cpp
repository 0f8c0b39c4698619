// What Home Assistant is told, against what it documents for the discovery of devices: a topic
// <prefix>/device/<id>/config, `device` with identifiers, `origin` with a name, `components` with a
// platform and an id each, shared options beside them.

#include "node/home_assistant.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace flyball {
namespace {

using Json = nlohmann::json;

constexpr Span interval{60'000};

Json device_of(const Root& root) {
    Writer writer(Encoding::json);
    write_home_assistant_device(writer, root, interval);
    return Json::parse(writer.bytes());
}

const Root root{"flyball/v1", "eu-west", "pi-7"};

TEST(HomeAssistant, IsToldOnATopicThatItTakes) {
    const HomeAssistantSettings settings{.discovery = true};
    static const std::regex form(R"(homeassistant/device/[a-zA-Z0-9_-]+/config)");
    std::set<std::string> topics;
    // Region and node may have the characters between them: two roots never share a device.
    for (const Root& one : {root, Root{"flyball/v1", "a_b", "c"}, Root{"flyball/v1", "a", "b_c"},
                            Root{"other/v1", "a", "b_c"}}) {
        const std::string topic = home_assistant_topic(settings, one);
        EXPECT_TRUE(std::regex_match(topic, form)) << topic;
        EXPECT_TRUE(topics.insert(topic).second) << topic;
    }
    EXPECT_TRUE(home_assistant_topic(settings, root)
                    .starts_with("homeassistant/device/flyball_eu-west_pi-7_"));
    EXPECT_TRUE(home_assistant_topic({.discovery = true, .prefix = "home/ha"}, root)
                    .starts_with("home/ha/device/flyball_"));
}

TEST(HomeAssistant, GetsADeviceAnOriginAndComponents) {
    const Json told = device_of(root);
    const std::set<std::string> known{"device", "origin", "components", "availability",
                                      "state_topic"};
    for (const auto& [key, value] : told.items()) {
        EXPECT_TRUE(known.contains(key)) << key;
    }
    EXPECT_EQ(told.at("device").at("name"), "Flyball eu-west/pi-7");
    EXPECT_EQ(told.at("device").at("sw_version"), FLYBALL_VERSION);
    EXPECT_EQ(told.at("device").at("identifiers").size(), 1U);
    EXPECT_FALSE(told.at("origin").at("name").get<std::string>().empty());
    EXPECT_EQ(told.at("state_topic"), "flyball/v1/eu-west/pi-7/health");
    EXPECT_EQ(told.at("availability").at(0).at("topic"), told.at("state_topic"));
    EXPECT_EQ(told.at("components").size(), 11U);
}

TEST(HomeAssistant, GetsComponentsOfTheFormThatItTakes) {
    const std::set<std::string> keys{
        "platform",    "unique_id",           "name",    "value_template", "device_class",
        "state_class", "unit_of_measurement", "options", "expire_after",   "entity_category"};
    const std::set<std::string> device_classes{"enum", "problem", "data_size"};
    const std::set<std::string> state_classes{"measurement", "total_increasing"};
    std::set<std::string> ids;
    const Json told = device_of(root);
    const std::string device_id = told.at("device").at("identifiers").at(0);
    for (const auto& [name, component] : told.at("components").items()) {
        const std::string platform = component.at("platform");
        EXPECT_TRUE(platform == "sensor" || platform == "binary_sensor") << name;
        EXPECT_TRUE(ids.insert(component.at("unique_id")).second) << component;
        EXPECT_TRUE(component.at("unique_id").get<std::string>().starts_with(device_id));
        EXPECT_EQ(component.at("expire_after"), 180) << "three intervals";
        EXPECT_FALSE(component.at("name").get<std::string>().empty());
        for (const auto& [key, value] : component.items()) {
            EXPECT_TRUE(keys.contains(key)) << name << " " << key;
        }
        if (component.contains("device_class")) {
            EXPECT_TRUE(device_classes.contains(component.at("device_class"))) << name;
            EXPECT_EQ(component.contains("options"), component.at("device_class") == "enum");
        }
        if (component.contains("state_class")) {
            EXPECT_TRUE(state_classes.contains(component.at("state_class"))) << name;
            EXPECT_EQ(platform, "sensor") << name;
        }
        const std::string text = component.at("value_template");
        EXPECT_TRUE(text.starts_with("{{ ") && text.ends_with(" }}")) << text;
    }
}

// ---- when it is told

class Told final : public Transport {
public:
    struct Sent {
        std::string topic;
        std::string payload;
        bool retain = false;
    };
    void start(Receiver&) override {}
    Publish publish(const Message& message) noexcept override {
        if (full) {
            return Publish::full;
        }
        sent.push_back({std::string(message.topic), std::string(message.payload), message.retain});
        return Publish::accepted;
    }
    bool flush(Span) override { return true; }
    void unsubscribe() override {}
    void stop() override {}
    LinkState link() const override { return state; }
    TransportCounts counts() const override { return {}; }
    std::string_view name() const override { return "told"; }
    std::string peer() const override { return "told"; }
    int protocol_version() const override { return 5; }

    std::vector<Sent> sent;
    LinkState state = LinkState::up;
    bool full = false;
};

class Announcement : public ::testing::Test {
protected:
    Announcement() { settings_.root = root; }
    bool announce() { return announce_to_home_assistant(transport_, settings_, announced_); }

    Told transport_;
    NodeSettings settings_;
    std::string announced_;
};

TEST_F(Announcement, IsNotMadeUnlessConfigured) {
    EXPECT_FALSE(announce());
    EXPECT_TRUE(transport_.sent.empty());
}

TEST_F(Announcement, IsMadeAtEveryConnectionAndRemembered) {
    settings_.home_assistant.discovery = true;
    EXPECT_TRUE(announce());
    EXPECT_FALSE(announce()) << "nothing new to remember";
    ASSERT_EQ(transport_.sent.size(), 2U);
    EXPECT_EQ(transport_.sent[1].topic, announced_);
    EXPECT_TRUE(transport_.sent[1].retain);
    EXPECT_TRUE(Json::accept(transport_.sent[1].payload));
}

TEST_F(Announcement, IsTakenBackWhenItIsOffAgainOrElsewhere) {
    settings_.home_assistant.discovery = true;
    announce();
    const std::string first = announced_;
    settings_.home_assistant.prefix = "ha";
    EXPECT_TRUE(announce());
    ASSERT_EQ(transport_.sent.size(), 3U);
    EXPECT_EQ(transport_.sent[1].topic, first);
    EXPECT_EQ(transport_.sent[1].payload, "");
    EXPECT_TRUE(transport_.sent[1].retain);
    const std::string second = transport_.sent[2].topic;
    settings_.home_assistant.discovery = false;
    EXPECT_TRUE(announce());
    EXPECT_EQ(announced_, "");
    ASSERT_EQ(transport_.sent.size(), 4U);
    EXPECT_EQ(transport_.sent[3].topic, second);
    EXPECT_EQ(transport_.sent[3].payload, "");
    EXPECT_FALSE(announce());
    EXPECT_EQ(transport_.sent.size(), 4U);
}

TEST_F(Announcement, WaitsForTheBrokerAndForRoom) {
    settings_.home_assistant.discovery = true;
    announce();
    settings_.home_assistant.discovery = false;
    transport_.state = LinkState::down;
    EXPECT_FALSE(announce());
    transport_.state = LinkState::up;
    transport_.full = true;
    EXPECT_FALSE(announce());
    EXPECT_NE(announced_, "") << "it is still there, and so is what is known of it";
    transport_.full = false;
    EXPECT_TRUE(announce());
    EXPECT_EQ(announced_, "");
}

}  // namespace
}  // namespace flyball
