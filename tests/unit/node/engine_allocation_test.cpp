// In the steady state a decision allocates nothing, from the request's bytes to the reply's.

#include <gtest/gtest.h>

#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/node/asked_engine.h"

namespace flyball {
namespace {

// Counts what it is handed and keeps nothing of it.
class Sink final : public EngineHost {
public:
    void send(const Message& message) override { bytes_ += message.payload.size(); }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}
    std::size_t bytes() const { return bytes_; }

private:
    std::size_t bytes_ = 0;
};

Json request(int i) {
    Json entry = {{"tenant", "tenant-" + std::to_string(i % 10)}, {"cid", i}};
    if (i % 3 == 0) {
        entry["id"] = i;
    }
    if (i % 5 == 0) {
        entry["hits"] = 99'999;
    }
    if (i % 7 == 0) {
        entry["op"] = i % 2 == 0 ? "get" : "fly";
    }
    return entry;
}

std::vector<std::string> payloads(bool json) {
    std::vector<std::string> all;
    for (int i = 0; i < 4000; ++i) {
        const Json one = i % 50 == 0 ? Json(std::vector<Json>(16, request(i))) : request(i);
        all.push_back(json ? one.dump() : packed(one));
    }
    all.push_back("{");
    all.push_back("\x81");
    return all;
}

void handle_all(AskedEngine& node, const std::vector<std::string>& all, Sink& sink) {
    static const std::string topic = below_root("quota/main/request");
    static const std::string tenant_topic = below_root("quota/main/request/a%2Fb");
    static const std::string refused = "flyball/v1/eu-west/pi-7/health";
    Message message{.topic = topic, .response_topic = "clients/7", .has_response_topic = true};
    for (const std::string& payload : all) {
        message.payload = payload;
        node.engine().handle(message, {}, node.now(), sink);
    }
    message.payload = all.front();
    message.topic = tenant_topic;
    node.engine().handle(message, {}, node.now(), sink);
    message.response_topic = refused;
    node.engine().handle(message, {}, node.now(), sink);
}

void expect_no_allocation(bool json) {
    AskedEngine node;
    Sink sink;
    const std::vector<std::string> all = payloads(json);
    handle_all(node, all, sink);  // everything grows to what it needs
    const std::uint64_t before = allocations_so_far();
    handle_all(node, all, sink);
    EXPECT_EQ(allocations_so_far() - before, 0U);
    EXPECT_GT(sink.bytes(), 0U);
}

TEST(SteadyState, AllocatesNothingFromMsgpackToMsgpack) {
    expect_no_allocation(false);
}

TEST(SteadyState, AllocatesNothingFromJsonToJson) {
    expect_no_allocation(true);
}

}  // namespace
}  // namespace flyball
