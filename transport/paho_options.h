#pragma once
// The options of one attempt to connect, made anew each time: the password and the TLS files may
// have been replaced since the last one. Link thread only.

#include <mqtt/connect_options.h>

#include <optional>

#include "schemas/result.h"
#include "transport/broker_address.h"
#include "transport/paho.h"
#include "transport/tls_files.h"

namespace flyball {

TlsFiles files_of(const PahoOptions& options);

struct ConnectPlan {
    const PahoOptions& options;
    const BrokerAddress& address;
    int version;  // MQTTVERSION_5 or MQTTVERSION_3_1_1
    std::optional<Receiver::Will> will;
    mqtt::ssl_options::error_handler on_tls_error;
};

// Filled in place, and to be passed to connect() by copy while `out` lives: copies and moves of
// mqtt::connect_options 1.2.0 go on pointing at the properties of the first one.
// What those files are; the error of read_secret() or read_tls_files(). Throws what Paho
// throws.
Result<TlsFacts> fill_connect_options(mqtt::connect_options& out, ConnectPlan plan);

}  // namespace flyball
