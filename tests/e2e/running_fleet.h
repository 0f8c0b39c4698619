#pragma once
// `flyball fleet` in a temporary folder of its own, and what a test asks of it: the verbs, a state
// to wait for, the report, what is left over. One thread.

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/build_tree.h"
#include "tests/e2e/fleet_left_over.h"
#include "tests/from_environment.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto patience = 60s;

class RunningFleet : public ::testing::Test {
protected:
    std::unique_ptr<Program> start(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {tool_program(), "fleet"});
        auto environment = place_.environment();
        environment.push_back("NO_COLOR=1");
        return std::make_unique<Program>(arguments, environment);
    }
    struct Ran {
        int status;
        std::string out;
        std::string err;
    };
    Ran fleet(std::vector<std::string> arguments) const {
        const auto program = start(std::move(arguments));
        const int status = program->wait();
        return {status, program->out(), program->err()};
    }
    Json status() const {
        const Ran ran = fleet({"status", "--json"});
        return Json::parse(ran.out, nullptr, false);
    }
    // Nothing when it never came to that.
    Json await(const std::function<bool(const Json&)>& wanted) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < deadline) {
            const Json now = status();
            if (now.is_object() && now.contains("nodes")) {
                remember_ports();
                if (wanted(now)) {
                    return now;
                }
            }
            std::this_thread::sleep_for(20ms);
        }
        return nullptr;
    }
    static std::function<bool(const Json&)> all_up(int devices) {
        return [devices](const Json& now) {
            return now["up"] == devices && now["devices"] == devices;
        };
    }
    static Json node(const Json& status, const std::string& name) {
        for (const Json& row : status["nodes"]) {
            if (row["node"] == name) {
                return row;
            }
        }
        return Json::object();
    }
    static Json read_report(const std::string& folder) {
        std::ifstream file(folder + "/report.json");
        return Json::parse(std::string(std::istreambuf_iterator<char>(file), {}), nullptr, false);
    }
    static Json target(const Json& report, const std::string& name) {
        for (const Json& row : report["targets"]) {
            if (row["name"] == name) {
                return row;
            }
        }
        return Json::object();
    }
    // Those in the brokers' files, while they are there.
    void remember_ports() {
        const auto found = place_.ports();
        ports_.insert(ports_.end(), found.begin(), found.end());
    }
    void expect_nothing_left() const {
        EXPECT_EQ(place_.left_over(ports_), std::vector<std::string>());
    }

    FleetPlace place_;
    std::vector<std::uint16_t> ports_;
};

}  // namespace flyball::testing
