#pragma once
// A real node behind a real broker, asked in both encodings. A story is a table of requests in
// order, told once in each encoding by a tenant of its own: what is asked, what the reply has to
// say, and the event that it raises. Waits are on a reply or an event, with a deadline.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/conformance_record.h"
#include "tests/e2e/node_process.h"

namespace flyball::testing {

struct Row {
    std::string op;
    Json fields = Json::object();
    std::string says{};           // decision, and reason where there is one: "deny quota_exceeded"
    std::string state{};          // empty: not looked at
    std::string event{};          // which this raises, for this tenant; empty: not looked at
    Json shows = Json::object();  // a part of the reply
    bool soon = false;            // asked again until it is so: time brings it about
};

class Desk {
public:
    Desk(const Broker& broker, const std::string& node, const std::string& config,
         ConformanceRecord& record, const std::string& program = {});

    // Every row on "type/name", "admit" or "control"; R ops on the request topic, A ops on admin.
    void tell(const std::string& governor, const std::string& who, const std::vector<Row>& rows);
    void tell(const std::string& governor, const std::string& who, const std::vector<Row>& rows,
              Wire wire);
    // One request on a topic below the root; its reply, which is recorded.
    Json ask(const std::string& below, const Json& request, Wire wire);
    struct Raw {
        std::string payload;
        bool retain = false;
        std::string response_topic{};
    };
    BusClient::Arrived ask_raw(const std::string& below, const Raw& raw);
    // The next event of this kind that names `tenant` (empty: any), taken from those that came.
    Json event(const std::string& governor, const std::string& kind, const std::string& tenant,
               Wire wire);
    // The ops that the node says it knows are those of the protocol.
    void expect_ops_of(const std::string& governor);
    // Ends the node, and looks at the events that nobody waited for.
    void close();

    NodeProcess& node() { return node_; }
    BusClient& client() { return client_; }

private:
    void tell_row(const std::string& governor, const std::string& tenant, const Row& row,
                  Wire wire);
    Json ask_row(const std::string& governor, const std::string& tenant, const Row& row, Wire wire);
    Json take_number(const BusClient::Arrived& arrived);

    NodeProcess node_;
    BusClient client_;
    ConformanceRecord& record_;
    std::uint64_t ids_ = 0;
    std::set<std::uint64_t> event_numbers_;
};

// One broker, one node with the governors that the stories need, and one record for all of them.
class Conformance : public ::testing::Test {
protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite();

    static Desk& desk() { return *desk_; }
    static Broker& broker() { return *broker_; }
    static ConformanceRecord& record() { return *record_; }
    // Another node at the same broker, for what would disturb the others.
    static std::unique_ptr<Desk> own_desk(const std::string& node, const std::string& config = {},
                                          const std::string& program = {});

private:
    static inline std::unique_ptr<Broker> broker_;
    static inline std::unique_ptr<ConformanceRecord> record_;
    static inline std::unique_ptr<Desk> desk_;
};

}  // namespace flyball::testing
