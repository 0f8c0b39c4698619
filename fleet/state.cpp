// flyball state: what a node keeps on disk. The node's own program reads it; this verb finds that
// and becomes it, so that output and exit status are the program's own.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "fleet/verb.h"

namespace flyball {
namespace {

constexpr const char* program = "flyball-node";

constexpr const char* examples =
    R"(  flyball state show /var/lib/flyball
  flyball state show --records /var/lib/flyball
  flyball state verify /var/lib/flyball && echo sound
  flyball state replay /var/lib/flyball
  flyball state export /mnt/backup/snapshot-00000000000004d2 > state.json)";

constexpr const char* about =
    R"(Looks at a node's journal and snapshots, off-line: changes nothing.

FILE is a state folder, or one file of one; a node may be using it meanwhile.
show: files, governors, records. verify: every checksum and every audit chain.
replay: decides the journal again and compares. export: everything as JSON,
with the salts of the audit chains. It runs flyball-node, which has to be
beside this program or on PATH. Exit status: 1 not sound or different, 73 not
to be read, 69 no flyball-node.)";

class State final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    std::string what_;
    std::string path_;
    bool json_ = false;
    bool records_ = false;
};

CLI::App* State::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("state", about);
    verb->footer(examples);
    verb->add_option("VERB", what_, "show, verify, replay or export")
        ->required()
        ->check(CLI::IsMember({"show", "verify", "replay", "export"}))
        ->type_name("show|verify|replay|export");
    verb->add_option("FILE", path_, "a state folder or one file of one")
        ->required()
        ->type_name(file_value);
    verb->add_flag("--records", records_, "with show: each record of the journal");
    verb->add_flag("--json", json_, "as JSON; export always is");
    return verb;
}

// The one that was installed with this program before any other.
std::string beside_this() {
    std::error_code failed;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? std::string() : (self.parent_path() / program).string();
}

Exit State::run() {
    std::vector<std::string> words = {program, "state", what_};
    if (records_) {
        words.emplace_back("--records");
    }
    if (json_) {
        words.emplace_back("--json");
    }
    words.insert(words.end(), {"--", path_});
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    const std::string beside = beside_this();
    ::execv(beside.c_str(), argv.data());
    if (errno == ENOENT) {
        ::execvp(program, argv.data());
    }
    const int error = errno;
    complain(fmt::format("cannot run {}: {}", program, std::generic_category().message(error)));
    hint(fmt::format("it reads the state, and was looked for as {} and on PATH", beside));
    return Exit::unavailable;
}

}  // namespace

std::unique_ptr<Verb> make_state() {
    return std::make_unique<State>();
}

}  // namespace flyball
