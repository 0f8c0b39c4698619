// The rival: what anybody would write with Paho C++ and MQTT 5, with only its buffer raised so that
// it survives 512 in flight. Usage: bench_paho_echo PORT TOPIC

#include <mqtt/async_client.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) {
    if (argc != 3) {
        return 64;
    }
    try {
        constexpr int buffered_max = 60'000;
        mqtt::async_client client(std::string("tcp://127.0.0.1:") + argv[1], "paho",
                                  mqtt::create_options(MQTTVERSION_5, buffered_max));
        client.set_message_callback([&](mqtt::const_message_ptr request) {
            const auto& asked = request->get_properties();
            mqtt::properties properties;
            properties.add(
                mqtt::property(mqtt::property::CORRELATION_DATA,
                               mqtt::get<std::string>(asked, mqtt::property::CORRELATION_DATA)));
            client.publish(mqtt::message::create(
                mqtt::get<std::string>(asked, mqtt::property::RESPONSE_TOPIC),
                request->get_payload_ref(), request->get_qos(), false, properties));
        });
        mqtt::connect_options options;
        options.set_mqtt_version(MQTTVERSION_5);
        options.set_clean_start(true);
        client.connect(options)->wait();
        client.subscribe(argv[2], 1)->wait();
        ::pause();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "paho echo: %s\n", error.what());
        return 1;
    }
    return 0;
}
