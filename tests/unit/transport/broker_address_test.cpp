#include "transport/broker_address.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

struct Row {
    const char* text;
    const char* uri;
    std::uint16_t port;
    bool tls;
};

TEST(BrokerAddress, TakesEverySchemeWithItsPort) {
    const Row rows[] = {
        {"tcp://localhost:1883", "tcp://localhost:1883", 1883, false},
        {"tcp://localhost", "tcp://localhost:1883", 1883, false},
        {"mqtt://10.0.0.1:1884", "tcp://10.0.0.1:1884", 1884, false},
        {"mqtts://broker.example", "ssl://broker.example:8883", 8883, true},
        {"ssl://broker.example:9", "ssl://broker.example:9", 9, true},
        {"ws://broker.example/mqtt", "ws://broker.example:80/mqtt", 80, false},
        {"wss://broker.example:444/a/b", "wss://broker.example:444/a/b", 444, true},
        {"tcp://[::1]:1883", "tcp://[::1]:1883", 1883, false},
        {"tcp://[::1]", "tcp://[::1]:1883", 1883, false},
    };
    for (const Row& row : rows) {
        const auto address = parse_broker_address(row.text);
        ASSERT_TRUE(address.has_value()) << row.text;
        EXPECT_EQ(address->uri, row.uri);
        EXPECT_EQ(address->port, row.port);
        EXPECT_EQ(address->tls, row.tls);
        EXPECT_EQ(address->text, row.text);
    }
}

TEST(BrokerAddress, RefusesWhatIsNoneAndNamesIt) {
    for (const char* text :
         {"", "localhost", "http://localhost", "tcp://", "tcp://:1883", "tcp://h:0",
          "tcp://h:70000", "tcp://h:12x", "tcp://user@h:1883", "TCP://h"}) {
        const auto address = parse_broker_address(text);
        ASSERT_FALSE(address.has_value()) << text;
        EXPECT_EQ(address.error().code, ErrorCode::usage);
        EXPECT_NE(address.error().message.find(text), std::string::npos);
    }
}

}  // namespace
}  // namespace flyball
