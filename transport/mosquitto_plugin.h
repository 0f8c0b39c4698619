#pragma once
// The door between a Mosquitto broker and the guests inside it: what the broker calls, in our
// words. mosquitto_plugin.cpp is the library that the broker loads; whoever is to live in it
// defines make_broker_guest(). Everything on the broker's thread. One library is one plugin to the
// broker, which calls a function of it once only: several guests share it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct mosquitto_evt_message;

namespace flyball {

// A client's PUBLISH that the broker's own rules allow. Valid for the call only.
struct BrokerMessage {
    std::string_view topic;
    std::string_view payload;
    std::string_view client_id;
    std::string_view username;  // empty: none
    bool has_address;           // false: a bridge that this broker began, or a Unix socket's client
    bool of_a_guest;            // below a topic of one of the guests
    const mosquitto_evt_message& event;
};

// A client's SUBSCRIBE, one for each filter, before the broker's access list has seen it.
struct BrokerSubscription {
    std::string_view filter;
    std::string_view client_id;
    std::string_view username;
    bool of_a_guest;  // as above
};

class BrokerGuest {
public:
    virtual ~BrokerGuest() = default;
    virtual std::string_view name() const = 0;  // no two in a broker have the same
    virtual bool owns(std::string_view topic) const = 0;
    enum class Verdict : std::uint8_t {
        pass,
        drop,  // nobody gets it; with QoS 1 an MQTT 5 client sees 0x87, Not authorized
    };
    // What is thrown is logged, and the message passes.
    virtual Verdict on_message(const BrokerMessage& message) = 0;
    // What a message or a subscription made due; what is thrown changes nothing of the verdict.
    virtual void take_turn() = 0;
    // Asked only while wants_access() holds, for the broker then asks for each delivery as well.
    // Whoever begins to be asked at a tick is asked last, behind the broker's access list, which
    // lets every subscription pass: only at the start and at a reload does he come before it.
    enum class Access : std::uint8_t {
        allow,       // without looking at the broker's access list
        ask_others,  // denied by the broker when nobody else is there to be asked
        deny,        // the SUBACK says so
    };
    virtual Access on_subscription(const BrokerSubscription& subscription) = 0;
    virtual Access on_other_access() = 0;   // a delivery, an unsubscription, a PUBLISH
    virtual bool wants_access() const = 0;  // looked at after the start, each tick and reload
    virtual void on_tick() = 0;             // at least every 100 ms
    virtual void on_reload() = 0;           // SIGHUP of the broker
};

// `config_path`: of a plugin_opt_config, each makes a guest; empty without any. Null: the broker
// does not start; the log says why.
std::unique_ptr<BrokerGuest> make_broker_guest(const std::string& config_path);

enum class BrokerLog : std::uint8_t { debug, info, notice, warning, error };
// A line in the broker's log.
void write_broker_log(BrokerLog level, const std::string& line) noexcept;

}  // namespace flyball
