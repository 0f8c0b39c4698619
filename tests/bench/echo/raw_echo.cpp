// The floor: an echo over a raw blocking socket, two system calls a message and fewer under load.
// Usage: bench_raw_echo PORT TOPIC

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tests/bench/echo/wire.h"

int main(int argc, char** argv) {
    if (argc != 3) {
        return 64;
    }
    try {
        flyball::bench::WireClient client(static_cast<std::uint16_t>(std::atoi(argv[1])), "raw");
        client.subscribe(argv[2], 1);
        while (const auto request = client.next(-1)) {
            client.queue({request->response_topic,
                          request->payload,
                          {},
                          request->correlation,
                          request->qos});
            if (!client.buffered()) {
                client.flush();
            }
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "raw echo: %s\n", error.what());
    }
    return 0;
}
