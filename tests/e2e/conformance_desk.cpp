#include "tests/e2e/conformance_desk.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace flyball::testing {

namespace {

using namespace std::chrono_literals;

constexpr Span patience = 10s;
const std::string replies = "flyball/v1/reply/conformance/1";
const std::string elsewhere = "conformance/reply/1";

// Short periods where time has to bring something about.
constexpr const char* shared_config = R"(
allow_faults = true
[governor.quota.main.resources]
calls = { limit = 10, window = "1h" }
tokens = { limit = 5, window = "1h", algorithm = "bucket" }
disk = { limit = 10, algorithm = "gauge" }
[governor.quota.closed]
auto_enroll = false
[governor.quota.small]
max_tenants = 1
[governor.quota.promising]
id_window = "1h"
ids.capacity = 1
[governor.billing.main]
low_at = 20
[governor.entitlement.closed]
auto_enroll = false
[governor.compliance.main]
strikes = 2
strike_window = "500ms"
[[governor.compliance.main.rules]]
id = "eu-only"
actions = ["store"]
attribute = "region"
op = "prefix"
value = "eu-"
[governor.compliance.strict]
strikes = 1
lockout = true
[[governor.compliance.strict.rules]]
id = "eu-only"
actions = "*"
attribute = "region"
op = "prefix"
value = "eu-"
[governor.compliance.closed]
auto_enroll = false
[governor.subscription.main]
notice = "100ms"
plans.quick = { period = "1s", trial = "300ms", grace = "100ms" }
plans.other = { period = "1mo", trial = "0s", grace = "0s" }
[governor.subscription.lapsing]
auto_renew = false
default_plan = "quick"
plans.quick = { period = "1s", trial = "100ms", grace = "1500ms" }
)";

std::string type_of(const std::string& governor) {
    return governor.substr(0, governor.find('/'));
}

std::string topic_below(const std::string& governor, const std::string& op) {
    if (governor == "control") {
        return governor;
    }
    const ContractOp* known = find_contract_op(type_of(governor), op);
    const bool admin = known != nullptr && known->mark == Mark::admin;
    return governor + (admin ? "/admin" : "/request");
}

std::string said_by(const Json& reply) {
    const std::string reason = reply.value("reason", "");
    return reply.value("decision", "") + (reason.empty() ? "" : " " + reason);
}

bool shows(const Json& reply, const Json& part) {
    return std::ranges::all_of(part.items(), [&reply](const auto& item) {
        const auto found = reply.find(item.key());
        if (found == reply.end()) {
            return false;
        }
        return item.value().is_object() && found->is_object() ? shows(*found, item.value())
                                                              : *found == item.value();
    });
}

bool is_as(const Json& reply, const Row& row) {
    return said_by(reply) == row.says &&
           (row.state.empty() || reply.value("state", "") == row.state) && shows(reply, row.shows);
}

}  // namespace

Desk::Desk(const Broker& broker, const std::string& node, const std::string& config,
           ConformanceRecord& record, const std::string& program)
    : node_({.broker = broker.address(),
             .node = node,
             .config = config,
             .flags = {},
             .program = program}),
      client_(node_.broker(),
              {replies, elsewhere, node_.root() + "/health", node_.root() + "/+/+/decision/#",
               node_.root() + "/admit/decision/#", node_.root() + "/+/+/event",
               node_.root() + "/control/reply", node_.root() + "/trace"}),
      record_(record) {}

void Desk::tell(const std::string& governor, const std::string& who, const std::vector<Row>& rows) {
    for (const Wire wire : wires) {
        tell(governor, who, rows, wire);
    }
}

void Desk::tell(const std::string& governor, const std::string& who, const std::vector<Row>& rows,
                Wire wire) {
    SCOPED_TRACE(fmt::format("{} in {}", governor, text_of(wire)));
    for (const Row& row : rows) {
        tell_row(governor, fmt::format("{}-{}", who, text_of(wire)), row, wire);
    }
}

void Desk::tell_row(const std::string& governor, const std::string& tenant, const Row& row,
                    Wire wire) {
    SCOPED_TRACE(fmt::format("{} {}", row.op, row.fields.dump()));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    Json reply = ask_row(governor, tenant, row, wire);
    while (row.soon && !is_as(reply, row) && std::chrono::steady_clock::now() < deadline) {
        reply = ask_row(governor, tenant, row, wire);
    }
    EXPECT_EQ(said_by(reply), row.says) << reply;
    EXPECT_TRUE(is_as(reply, row)) << reply << "\nexpected " << row.state << " " << row.shows;
    if (!row.event.empty()) {
        event(governor, row.event, governor == "control" ? "" : tenant, wire);
    }
}

Json Desk::ask_row(const std::string& governor, const std::string& tenant, const Row& row,
                   Wire wire) {
    Json request = row.fields;
    request["op"] = row.op;
    if (governor != "control") {
        request.emplace("tenant", tenant);
    }
    request.emplace("id", ++ids_);
    Json reply = ask(topic_below(governor, row.op), request, wire);
    record_.reply(type_of(governor), row.op, reply, wire);
    return reply;
}

Json Desk::ask(const std::string& below, const Json& request, Wire wire) {
    const BusClient::Arrived arrived = ask_raw(below, {.payload = bytes_of(request, wire)});
    EXPECT_EQ(arrived.content_type,
              wire == Wire::json ? "application/json" : "application/vnd.msgpack");
    EXPECT_EQ(arrived.utf8_payload, wire == Wire::json);
    return document_of(arrived.payload, wire);
}

BusClient::Arrived Desk::ask_raw(const std::string& below, const Raw& raw) {
    const std::string topic = node_.root() + "/" + below;
    return client_.ask({.topic = topic,
                        .payload = raw.payload,
                        .qos = Qos::at_least_once,
                        .retain = raw.retain,
                        .response_topic = raw.response_topic.empty() ? replies : raw.response_topic,
                        .has_response_topic = true},
                       patience);
}

Json Desk::take_number(const BusClient::Arrived& arrived) {
    Json event = Json::parse(arrived.payload);
    const bool is_new = event_numbers_.insert(event.at("n").get<std::uint64_t>()).second;
    EXPECT_TRUE(is_new) << "an event's number is never repeated: " << event;
    return event;
}

Json Desk::event(const std::string& governor, const std::string& kind, const std::string& tenant,
                 Wire wire) {
    const std::string topic = node_.root() + "/" + governor + "/event";
    const auto wanted = [&](const BusClient::Arrived& arrived) {
        if (!arrived.topic.ends_with("/event") ||
            (governor != "control" && arrived.topic != topic)) {
            return false;
        }
        const Json event = Json::parse(arrived.payload);
        return event.value("event", "") == kind &&
               (tenant.empty() || event.value("tenant", "") == tenant);
    };
    try {
        const BusClient::Arrived arrived = client_.await(wanted, patience);
        EXPECT_EQ(arrived.content_type, "application/json");
        Json event = take_number(arrived);
        record_.event(event, wire);
        return event;
    } catch (const std::runtime_error& error) {
        ADD_FAILURE() << "no event " << kind << ": " << error.what();
        return Json::object();
    }
}

void Desk::expect_ops_of(const std::string& governor) {
    Json request = {{"op", "fly"}};
    if (governor != "control") {
        request["tenant"] = "anybody";
    }
    const Json reply = ask(topic_below(governor, "fly"), request, Wire::json);
    std::set<std::string> known = reply.at("supported").get<std::set<std::string>>();
    std::set<std::string> named;
    for (const ContractOp& op : contract_ops()) {
        if (op.type == type_of(governor)) {
            named.emplace(op.name);
        }
    }
    EXPECT_EQ(known, named) << governor;
}

void Desk::close() {
    EXPECT_EQ(node_.running() ? node_.stop() : 0, 0) << node_.log();
    bool left = true;
    const auto is_event = [](const BusClient::Arrived& arrived) {
        return arrived.topic.ends_with("/event");
    };
    while (left) {
        try {
            const Json event = take_number(client_.await(is_event, 0ms));
            EXPECT_TRUE(names(contract_events(), "", event.value("event", ""))) << event;
        } catch (const std::runtime_error&) {
            left = false;
        }
    }
}

void Conformance::SetUpTestSuite() {
    broker_ = std::make_unique<Broker>();
    record_ = std::make_unique<ConformanceRecord>();
    desk_ = own_desk("shared", shared_config);
}

void Conformance::TearDownTestSuite() {
    if (desk_ != nullptr) {  // else it did not start, which has been said
        desk_->close();
    }
    desk_.reset();
    const auto* all = ::testing::UnitTest::GetInstance();
    record_->finish(all->test_to_run_count() == all->total_test_count());
    record_.reset();
    broker_.reset();
}

std::unique_ptr<Desk> Conformance::own_desk(const std::string& node, const std::string& config,
                                            const std::string& program) {
    return std::make_unique<Desk>(*broker_, node, config, *record_, program);
}

}  // namespace flyball::testing
