// An echo over the project's own transport: what the seam and its safeguards cost by themselves.
// Usage: bench_transport_echo PORT TOPIC

#include <unistd.h>

#include <cstdio>
#include <string>

#include "transport/paho.h"

namespace {

class Echo : public flyball::Receiver {
public:
    void on_message(const flyball::Message& request) noexcept override {
        flyball::Message reply;
        reply.topic = request.response_topic;
        reply.payload = request.payload;
        reply.correlation_data = request.correlation_data;
        reply.qos = request.qos;
        transport->publish(reply);
    }
    void on_link(flyball::LinkState, std::string_view) noexcept override {}
    std::optional<Will> will() noexcept override { return std::nullopt; }

    flyball::Transport* transport = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        return 64;
    }
    flyball::PahoOptions options;
    options.broker = std::string("tcp://127.0.0.1:") + argv[1];
    options.client_id = "transport";
    options.filters = {argv[2]};
    options.tick_topic = "bench/tick";
    auto transport = flyball::make_paho(options);
    if (!transport) {
        std::fprintf(stderr, "%s\n", transport.error().message.c_str());
        return 1;
    }
    Echo echo;
    echo.transport = transport->get();
    (*transport)->start(echo);
    ::pause();
    return 0;
}
