#pragma once
// The options of one attempt to connect, made anew each time: the password and the TLS files may
// have been replaced since the last one. Link thread only.

#include <mqtt/connect_options.h>

#include <optional>

#include "schemas/result.h"
#include "transport/broker_address.h"
#include "transport/paho.h"

namespace flyball {

struct ConnectPlan {
    const PahoOptions& options;
    const BrokerAddress& address;
    int version;  // MQTTVERSION_5 or MQTTVERSION_3_1_1
    std::optional<Receiver::Will> will;
    mqtt::ssl_options::error_handler on_tls_error;
};

// ErrorCode::unavailable when a file cannot be read. Throws what Paho throws.
Result<mqtt::connect_options> connect_options_for(ConnectPlan plan);

}  // namespace flyball
