// What a governor does is what it says to whoever keeps it: rules that hear of nothing but its
// changes, as a journal's reader does, stand where its own do after every request.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/governors/any_governor.h"

namespace flyball {
namespace {

std::string images(const Rules& rules, TenantIndex tenant) {
    std::string all;
    rules.walk(tenant, [&](std::span<const std::byte> image) {
        all.append(reinterpret_cast<const char*>(image.data()), image.size()).append("|");
    });
    return all;
}

class Listener : public ChangeSink {
public:
    explicit Listener(std::string_view type) : rules_(any_rules(type)) {}

    void note(const Change& change) override {
        const std::string name(change.tenant);
        if (change.kind == Change::Kind::removed) {
            if (!change.image.empty()) {
                sound_ = sound_ && rules_->apply(places_.at(name), change.image);
            }
            rules_->erase(places_.at(name));
            places_.erase(name);
            return;
        }
        if (change.enrolment != Change::Enrolment::none) {
            rules_->enrol(places_.emplace(name, next_++).first->second);
        }
        if (!change.image.empty()) {
            sound_ = sound_ && rules_->apply(places_.at(name), change.image);
        }
    }
    void note(const GovernorChange& /*change*/) override {}
    void end_decision() override {}

    bool stands_like(const Governor& governor) const {
        bool alike = sound_ && places_.size() == governor.tenants();
        for (const auto& [name, place] : places_) {
            alike = alike &&
                    images(*rules_, place) == images(governor.rules(), governor.find_tenant(name));
        }
        return alike;
    }

private:
    std::unique_ptr<Rules> rules_;
    std::map<std::string, TenantIndex> places_;
    TenantIndex next_ = 0;
    bool sound_ = true;
};

class GovernorChanges : public testing::TestWithParam<std::string_view> {};

TEST_P(GovernorChanges, AreAllThatBecomesOfARequest) {
    const std::string type(GetParam());
    EXPECT_TRUE(rc::check([&type] {
        Listener listener(type);
        AskedGovernor desk = any_governor(type, any_common(), 1, &listener);
        for (AnyStep& step : *rc::gen::container<std::vector<AnyStep>>(any_step(type))) {
            if (*rc::gen::inRange(0, 6) == 0) {
                step.request["dry_run"] = true;
            }
            perform(desk, step);
            RC_ASSERT(listener.stands_like(desk.governor()));
        }
    }));
}

INSTANTIATE_TEST_SUITE_P(Types, GovernorChanges, testing::ValuesIn(type_names),
                         [](const testing::TestParamInfo<std::string_view>& type) {
                             return std::string(type.param);
                         });

}  // namespace
}  // namespace flyball
