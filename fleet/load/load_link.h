#pragma once
// What a load generator needs of a connection: send a request under a number, take replies by that
// number with the time at which they arrived. make_load_link() is one over MQTT; tests have others.
// send() and take() from one thread; replies wait in an inbox of at most 65,536 messages or 64 MiB,
// beyond it they are dropped and counted.

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fleet/bus.h"
#include "fleet/clock.h"
#include "schemas/result.h"

namespace flyball {

class LoadLink {
public:
    struct Arrival {
        std::uint64_t n = 0;
        std::int64_t arrived_us = 0;  // by monotonic_us()
        nlohmann::json reply;         // discarded when it could not be read
    };

    virtual ~LoadLink() = default;
    // False: it did not leave. The reply will carry `n`; after `expiry_s` nobody decides it.
    virtual bool send(const std::string& topic, nlohmann::json document, std::uint64_t n,
                      std::uint32_t expiry_s) = 0;
    virtual bool take(Arrival& into) = 0;
    virtual bool up() const = 0;
    virtual std::string trouble() const = 0;  // why it is not up
    virtual std::uint64_t dropped() const = 0;
};

// Starts to connect and returns at once; goes on trying for ever. `bus.broker` is where.
// `wake_fd` (an eventfd, or -1) is written when a reply comes in.
Result<std::unique_ptr<LoadLink>> make_load_link(const BusOptions& bus, int wake_fd);

}  // namespace flyball
