// A program that decides by itself: libflyball without a broker.
//
//   for part in library devel; do cmake --install build/release --component $part --prefix
//   ~/flyball; done cmake -S docs/examples/embed -B /tmp/embed -DCMAKE_PREFIX_PATH=$HOME/flyball
//   cmake --build /tmp/embed && /tmp/embed/embed

#include <flyball/local_node.h>

#include <array>
#include <chrono>
#include <iostream>

int main() {
    using flyball::LocalNode;
    const auto now = [] {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now());
    };

    LocalNode node(
        {.on_event = [](std::string_view event) { std::cout << "event   " << event << '\n'; }});
    const char* const config =
        R"({"resources": {"prints": {"limit": 3, "window": "1h", "algorithm": "bucket"}}})";
    if (const auto wrong = node.add_governor("quota/kiosk", config, now())) {
        std::cerr << *wrong << '\n';
        return 1;
    }

    // From plain values.
    const std::array<LocalNode::Field, 2> fields = {
        {{"resource", std::string_view("prints")}, {"hits", std::int64_t{1}}}};
    for (int page = 1; page <= 4; ++page) {
        const auto answer =
            node.decide({.governor = "quota/kiosk", .tenant = "acme", .fields = fields}, now());
        std::cout << "page " << page << "  " << answer.decision << ' ' << answer.reason;
        if (answer.retry_after_ms) {
            std::cout << ", again in " << *answer.retry_after_ms << " ms";
        }
        std::cout << '\n';
    }

    // From bytes, as they would come over MQTT: JSON or msgpack, one request or a batch.
    std::cout << "bytes   "
              << node.decide_bytes("quota/kiosk/request",
                                   R"({"tenant": "globex", "resource": "prints", "hits": 2})",
                                   now())
              << '\n';
}
