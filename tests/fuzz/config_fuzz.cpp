// Any bytes as a configuration file: read, its governors and rules made once, and printed. Every
// fault says something; what is printed of a sound one is read without a fault and means the same.
// Comments of these forms are the machine around the file:
//   #--key value     a flag; without a value: alone
//   #$NAME=value     the environment
//   #>name           what follows is this file of node.toml.d
//   #!name           this file there cannot be read; without a name: the folder
//   #root            the user is root

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/config.h"
#include "node/config_govern.h"
#include "node/config_text.h"
#include "schemas/expects.h"
#include "tests/unit/node/machine.h"

namespace {

using namespace flyball;

constexpr const char* path = "/etc/flyball/node.toml";
constexpr Instant some_day = instant_from_ms(1'767'225'600'000);

const std::string folder = std::string(path) + ".d";

class Reader {
public:
    Config read(const std::string& text) {
        std::size_t at = 0;
        while (at < text.size()) {
            const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
            take(text.substr(at, end - at));
            at = end;
        }
        machine_.file(file_, lines_);
        return machine_.flags(flags_).read();
    }

private:
    void take(const std::string& line) {
        const std::string rest = line.size() < 3 ? "" : line.substr(2, line.size() - 3);
        const std::size_t equals = rest.find('=');
        if (line.starts_with("#--")) {
            const std::size_t space = rest.find(' ');
            flags_.push_back("-" + rest.substr(0, space));
            if (space != std::string::npos) {
                flags_.push_back(rest.substr(space + 1));
            }
        } else if (line.starts_with("#$") && equals != std::string::npos) {
            machine_.variable(rest.substr(0, equals), rest.substr(equals + 1));
        } else if (line.starts_with("#>")) {
            machine_.file(file_, lines_);
            file_ = folder + "/" + rest;
            lines_.clear();
        } else if (line.starts_with("#!") && rest.empty()) {
            machine_.unreadable_folder(folder);
        } else if (line.starts_with("#!")) {
            machine_.unreadable_file(folder + "/" + rest);
        } else if (line == "#root\n") {
            machine_.input().root = true;
        } else {
            lines_ += line;
        }
    }

    Machine machine_;
    std::vector<std::string> flags_;
    std::string file_ = path;
    std::string lines_;
};

Config read(const std::string& text) {
    Config config = Reader().read(text);
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
    if (config.mode == ConfigMode::help || config.mode == ConfigMode::version) {
        return 0;  // nothing was read
    }
    const std::string printed = print_config(config.settings, config.governors);
    const Config again = read(printed);
    expects(again.faults.empty(), "what is printed is a configuration");
    expects(print_config(again.settings, again.governors) == printed, "and means the same");
    return 0;
}
