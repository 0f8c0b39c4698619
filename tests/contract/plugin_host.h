#pragma once
// As much of a Mosquitto broker as the transport inside one calls: what is handed to it comes back
// as the event of a client's message, with the broker's own property functions and without the
// expiry, which Mosquitto takes out before it asks a plugin. Stands in for the
// broker's symbols in the program that links it. One thread; one host at a time.

#include <memory>
#include <string>
#include <vector>

#include "transport/transport.h"

namespace flyball::testing {

class HostedTransport;

class PluginHost {
public:
    PluginHost();
    ~PluginHost();
    PluginHost(const PluginHost&) = delete;
    PluginHost& operator=(const PluginHost&) = delete;

    // The host must outlive it.
    std::unique_ptr<Transport> make_endpoint(std::vector<std::string> filters);
    // Hands out what was published until nothing is left.
    void deliver();
    static void refuse(bool refuses);  // what is published from now on, as without memory

private:
    friend class HostedTransport;
    std::vector<HostedTransport*> endpoints_;
};

}  // namespace flyball::testing
