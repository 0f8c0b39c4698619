// flyball doctor: looks at the device it runs on and says what to do about it.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "fleet/doctor/checks.h"
#include "fleet/verb.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  sudo flyball doctor
  flyball doctor eu-west/pi-7 --broker mqtts://hub:8883 --ca-file ca.pem
  flyball doctor --json | jq '.checks[] | select(.grade != "ok")')";

constexpr const char* about =
    R"(Checks the device it runs on: clock, disk, broker, certificates, files, node.

A line for each thing: ok, warn, or fail and what to do about it. It reads the
node's configuration through flyball-node, connects as the node does, and
changes nothing. Where flyball-node is installed as a service, it asks systemd
whether that runs, and its user has to be able to read those files. Without
root it sees less and says so. NODE is another node than the configured one.
Exit status: 1 when something is wrong.)";

class Doctor final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Common common_;
    DoctorOptions options_;
    CLI::App* verb_ = nullptr;
};

CLI::App* Doctor::describe(CLI::App& tool) {
    verb_ = tool.add_subcommand("doctor", about);
    verb_->footer(examples);
    verb_->add_option("NODE", options_.node, "region/node; as configured without it")
        ->type_name(node_value);
    verb_
        ->add_option("--config", options_.config_file,
                     "the node's configuration (/etc/flyball/node.toml)")
        ->type_name(file_value);
    verb_->add_option("--state-dir", options_.state_dir, "its state folder (as configured)")
        ->type_name(file_value);
    add_common_options(*verb_, common_);
    return verb_;
}

Exit Doctor::run() {
    options_.bus = common_.bus;
    options_.broker_given = verb_->count("--broker") > 0;
    Findings findings;
    const Instant now = wall_now();
    check_clock(now, findings);
    const auto device = look_at_device(options_, findings);
    if (!device) {
        return fail(device.error());
    }
    check_unit(*device, findings);
    check_files(*device, now, findings);
    check_state(*device, findings);
    check_broker(*device, findings);
    check_machine(*device, findings);
    if (common_.json) {
        Json document = findings_json(findings);
        document["node"] = device->node ? Json(device->node->text()) : Json();
        print(json_text(document) + "\n");
    } else {
        print(findings_text(findings, style_of(STDOUT_FILENO)));
    }
    return findings.count(Grade::fail) > 0 ? Exit::missed : Exit::done;
}

}  // namespace

std::unique_ptr<Verb> make_doctor() {
    return std::make_unique<Doctor>();
}

}  // namespace flyball
