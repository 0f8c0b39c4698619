// Any bytes as a configuration file: read, its governors and rules made once, and printed. Every
// fault says something; what is printed of a sound one is read without a fault and means the same.

#include <cstddef>
#include <cstdint>
#include <string>

#include "node/config.h"
#include "node/config_govern.h"
#include "node/config_text.h"
#include "schemas/expects.h"
#include "tests/unit/node/machine.h"

namespace {

using namespace flyball;

constexpr const char* path = "/etc/flyball/node.toml";
constexpr Instant some_day = instant_from_ms(1'767'225'600'000);

Config read(const std::string& text) {
    Machine machine;
    Config config = machine.file(path, text).read();
    if (config.faults.empty()) {
        check_governors(config, some_day);
        check_govern_rules(config, some_day);
    }
    return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Config config = read(std::string(data, data + size));
    for (const std::string& fault : config.faults) {
        expects(fault.size() > 2, "a fault is a sentence");
    }
    if (!config.faults.empty()) {
        return 0;
    }
    const std::string printed = print_config(config.settings, config.governors);
    const Config again = read(printed);
    expects(again.faults.empty(), "what is printed is a configuration");
    expects(print_config(again.settings, again.governors) == printed, "and means the same");
    return 0;
}
