#pragma once
// A verb of the tool: one file each (fleet/<verb>.cpp), one row in fleet/tool.cpp. describe() adds
// its subcommand to the command line, with examples; run() does it. Help, completion and the
// check of the command line come from what describe() said. Main thread.

#include <memory>
#include <string>
#include <string_view>

#include "fleet/bus.h"
#include "fleet/exit.h"
#include "fleet/render.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace flyball {

class Verb {
public:
    virtual ~Verb() = default;
    // Returns its subcommand. Examples go into the footer, which help prints first.
    virtual CLI::App* describe(CLI::App& tool) = 0;
    virtual Exit run() = 0;
};

// Names of values that completion knows how to complete, beside "a|b|c".
inline constexpr const char* file_value = "FILE";
inline constexpr const char* node_value = "NODE";
inline constexpr const char* governor_value = "TYPE/NAME";

// What every verb that talks to a broker takes.
struct Common {
    BusOptions bus;
    bool json = false;
};
void add_common_options(CLI::App& verb, Common& common);
// The option takes a duration like 250ms, 30s or 5m, and refuses anything else.
void takes_duration(CLI::Option& option);

// For people and on stderr, one line: "flyball: ...".
void complain(std::string_view message);
void hint(std::string_view message);
Exit fail(const Error& error);
// To stdout at once; false when nobody reads any more.
bool print(std::string_view text);

std::unique_ptr<Verb> make_ask();
std::unique_ptr<Verb> make_watch();
std::unique_ptr<Verb> make_top();
std::unique_ptr<Verb> make_dashboard();
std::unique_ptr<Verb> make_metrics();
std::unique_ptr<Verb> make_health();
std::unique_ptr<Verb> make_retire();
std::unique_ptr<Verb> make_trace();
std::unique_ptr<Verb> make_profile();
std::unique_ptr<Verb> make_bench();
std::unique_ptr<Verb> make_doctor();
std::unique_ptr<Verb> make_state();
std::unique_ptr<Verb> make_fleet();
std::unique_ptr<Verb> make_pki();
std::unique_ptr<Verb> make_acl();
std::unique_ptr<Verb> make_completion(const CLI::App& tool);

}  // namespace flyball
