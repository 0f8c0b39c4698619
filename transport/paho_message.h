#pragma once
// Messages and their MQTT 5 properties between our words and Paho's. Stateless; any thread.

#include <mqtt/message.h>

#include "schemas/message.h"
#include "transport/subscription_copies.h"

namespace flyball {

// Views into `message`, valid as long as it is.
Message from_paho(const mqtt::message& message);

// Whether this copy of a message is the one to take (transport/subscription_copies.h): a broker
// that sends one for several subscriptions names all of them.
bool is_copy_to_take(const mqtt::message& message, const SubscriptionCopies& copies);

// `properties`: false on a 3.1.1 connection, which has none. Throws what Paho throws.
mqtt::const_message_ptr to_paho(const Message& message, bool properties);

}  // namespace flyball
