// flyball fleet: run a fleet on this machine, and talk to the one that runs.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "fleet/node_name.h"
#include "fleet/render.h"
#include "fleet/reply_text.h"
#include "fleet/run/fleet_file.h"
#include "fleet/run/fleet_run.h"
#include "fleet/typed_json.h"
#include "fleet/verb.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball fleet run                         # 100 devices, 3,000 governors, 60 s
  flyball fleet run --devices us-east=10,eu-west=10 --rate 500 --for 30s
  flyball fleet run --chaos kill=1/10s,broker=1/30s,pause=1/20s,cut=1/30s
  flyball fleet run plan.toml --report out --strict
  flyball fleet run --devices eu-west=10 --tls
  flyball fleet status
  flyball fleet scale eu-west=+10
  flyball fleet kill eu-west/device-07
  flyball fleet stop)";

constexpr const char* about =
    R"(Runs a whole fleet on this machine, and measures it.

run starts a Mosquitto for each region and a hub, the devices (each a
flyball-node with a state of its own), asks them by a schedule, and writes a
report. Ctrl-C ends all of it; nothing is left behind, after kill -9 either.
ARG is a plan's file (TOML, the flags' names as keys; flags win). The others
talk to the fleet that runs: scale REGION=+N, REGION=-N or REGION=N; kill
REGION/DEVICE, which comes back by itself; status; stop. Exit status of run: 1
when a gate was missed, with --strict any claim.)";

constexpr const char* plan_group = "Plan of run";

// What a flag said; a plan's file fills in the rest.
struct Flags {
    std::optional<std::string> devices, chaos, run_for, report;
    std::optional<int> governors;
    std::optional<double> rate, machine_cost;
    std::optional<std::uint64_t> seed;
    bool isolate = false, in_broker = false, tls = false;
    bool keep = false, strict = false, no_throughput = false;
};

template <typename Value>
void put(const std::optional<Value>& flag, Value& place) {
    place = flag.value_or(place);
}

Result<Plan> plan_of(const std::string& file, const Flags& flags) {
    Plan plan;
    if (!file.empty()) {
        if (auto read = read_plan(file, plan); !read) {
            return read.error();
        }
    }
    if (flags.devices) {
        auto regions = parse_regions(*flags.devices);
        if (!regions) {
            return regions.error();
        }
        plan.regions = *std::move(regions);
    }
    if (flags.chaos) {
        auto chaos = parse_chaos(*flags.chaos);
        if (!chaos) {
            return chaos.error();
        }
        plan.chaos = *std::move(chaos);
    }
    if (const auto span = flags.run_for ? parse_duration(*flags.run_for) : std::nullopt) {
        plan.run_for = Span(span->ms);
    }
    put(flags.report, plan.report);
    put(flags.governors, plan.governors);
    put(flags.rate, plan.rate);
    put(flags.machine_cost, plan.machine_cost);
    put(flags.seed, plan.seed);
    plan.isolate = plan.isolate || flags.isolate;
    plan.in_broker = plan.in_broker || flags.in_broker;
    plan.tls = plan.tls || flags.tls;
    plan.keep = plan.keep || flags.keep;
    plan.strict = plan.strict || flags.strict;
    plan.throughput = plan.throughput && !flags.no_throughput;
    if (auto sound = check_plan(plan); !sound) {
        return sound.error();
    }
    return plan;
}

// "eu-west=+10" as a request.
Result<Json> scale_request(const std::string& text) {
    const std::size_t equals = text.find('=');
    const bool relative =
        equals + 1 < text.size() && (text[equals + 1] == '+' || text[equals + 1] == '-');
    const char* start =
        text.data() + equals + 1 + (equals + 1 < text.size() && text[equals + 1] == '+' ? 1 : 0);
    std::int64_t number = 0;
    const auto read = std::from_chars(start, text.data() + text.size(), number);
    const bool two_signs = relative && equals + 2 < text.size() && text[equals + 2] == '-';
    if (equals == std::string::npos || equals == 0 || two_signs || read.ec != std::errc{} ||
        read.ptr != text.data() + text.size()) {
        return Error{ErrorCode::usage,
                     fmt::format("'{}' is not like eu-west=+10, eu-west=-3 or eu-west=20", text)};
    }
    return Json{
        {"op", "scale"}, {"region", text.substr(0, equals)}, {relative ? "by" : "to", number}};
}

class Fleet final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Result<Json> request() const;
    Result<void> takes_no_more_than_it_needs() const;
    Exit talk(const Json& request);
    void describe_plan(CLI::App& verb);

    Common common_;
    CLI::App* verb_ = nullptr;
    CLI::Option* broker_ = nullptr;
    std::string what_;
    std::string argument_;
    Flags flags_;
};

void Fleet::describe_plan(CLI::App& verb) {
    const auto of_plan = [](CLI::Option* option) { return option->group(plan_group); };
    of_plan(verb.add_option("--devices", flags_.devices,
                            "regions and how many (us-east=33,eu-west=33,apac=34)"))
        ->type_name("REGION=N,...");
    of_plan(verb.add_option("--governors", flags_.governors, "of each device (30)"))
        ->type_name("N");
    of_plan(verb.add_option("--rate", flags_.rate, "requests a second in all (2000)"))
        ->type_name("N");
    takes_duration(*of_plan(verb.add_option("--for", flags_.run_for, "length of the load (60s)")));
    of_plan(verb.add_option("--chaos", flags_.chaos, "kinds kill, broker, pause, cut"))
        ->type_name("KIND=N/DURATION,...");
    of_plan(
        verb.add_flag("--isolate", flags_.isolate, "plain processes, not forks of a warmed one"));
    of_plan(verb.add_flag("--in-broker", flags_.in_broker,
                          "each device a plugin of its region's broker, not a process"));
    of_plan(verb.add_flag("--tls", flags_.tls, "TLS, with a certificate for each of them"));
    of_plan(verb.add_option("--seed", flags_.seed, "of the load and the chaos (1)"))
        ->type_name("N");
    of_plan(verb.add_flag("--keep", flags_.keep, "leave logs and states, and say where"));
    of_plan(verb.add_option("--report", flags_.report, "folder (one named after the run)"))
        ->type_name("DIR");
    of_plan(verb.add_flag("--strict", flags_.strict, "every missed claim is a failure"));
    of_plan(verb.add_option("--machine-cost", flags_.machine_cost,
                            "dollars a month of a 256 MB machine (24)"))
        ->type_name("N");
    of_plan(verb.add_flag("--no-throughput", flags_.no_throughput,
                          "without the stage that asks as fast as it can"));
}

CLI::App* Fleet::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("fleet", about);
    verb_ = verb;
    verb->footer(examples);
    verb->add_option("VERB", what_, "run, status, scale, kill or stop")
        ->required()
        ->check(CLI::IsMember({"run", "status", "scale", "kill", "stop"}))
        ->type_name("run|status|scale|kill|stop");
    verb->add_option("ARG", argument_, "a plan's file; REGION=+N; REGION/DEVICE")
        ->type_name(file_value);
    describe_plan(*verb);
    add_common_options(*verb, common_);
    broker_ = verb->get_option("--broker");
    return verb;
}

Result<Json> Fleet::request() const {
    if (what_ == "scale") {
        return scale_request(argument_);
    }
    if (what_ == "kill") {
        const auto node = parse_node(argument_);
        if (!node) {
            return node.error();
        }
        return Json{{"op", "kill"}, {"node", node->text()}};
    }
    return Json{{"op", what_}};
}

// Whoever listens on the run's topic answers: nothing of it is taken for granted.
std::string status_text(const Json& reply, const Style& style) {
    std::string text = fmt::format(
        "{}  {}  {}/{} devices up, {} governors, {} faults\n", printable(text_at(reply, "run")),
        printable(text_at(reply, "phase")), count_at(reply, "up"), count_at(reply, "devices"),
        count_at(reply, "governors"), count_at(reply, "faults"));
    Table regions({"REGION", "DEVICES", "UP", "BROKER"});
    for (const Json& region : array_at(reply, "regions")) {
        regions.add(
            {printable(text_at(region, "region")), fmt::format("{}", count_at(region, "devices")),
             fmt::format("{}", count_at(region, "up")), printable(text_at(region, "broker"))});
    }
    text += regions.text(style);
    for (const Json& node : array_at(reply, "nodes")) {
        if (text_at(node, "state") != "up" || count_at(node, "restarts") > 0) {
            text += fmt::format("{} {}, {} restarts\n", printable(text_at(node, "node")),
                                printable(text_at(node, "state")), count_at(node, "restarts"));
        }
    }
    return text;
}

// The run that this hub announces; `bus` is subscribed to announcements.
Result<std::string> announced_run(Bus& bus, const std::string& broker) {
    std::vector<Arrived> messages;
    bus.drain(messages);
    std::vector<std::string> runs;
    for (const Arrived& message : messages) {
        if (const auto fleet = read_fleet_document(message.payload)) {
            runs.push_back(printable(fleet->run));
        }
    }
    if (runs.size() == 1) {
        return runs.front();
    }
    return Error{ErrorCode::unavailable,
                 runs.empty() ? fmt::format("the broker at {} is no fleet's hub", broker)
                              : fmt::format("the broker at {} has several fleets: {}", broker,
                                            fmt::join(runs, ", "))};
}

Exit Fleet::talk(const Json& request) {
    std::string run;
    const bool by_file = broker_->count() == 0;  // nor in the environment
    if (by_file) {
        const auto fleet = read_fleet_file(fleet_file_path());
        if (!fleet) {
            return fail(fleet.error());
        }
        common_.bus.broker = fleet->hub;
        common_.bus.ca_file = fleet->ca_file;
        common_.bus.cert_file = fleet->cert_file;
        common_.bus.key_file = fleet->key_file;
        run = fleet->run;
    }
    auto bus = Bus::connect(common_.bus, {fleet_announcement_topic("+")});
    if (!bus) {
        return fail(bus.error());
    }
    if (!by_file) {
        auto announced = announced_run(**bus, common_.bus.broker);
        if (!announced) {
            return fail(announced.error());
        }
        run = *std::move(announced);
    }
    Question question;
    question.topic = fleet_control_topic(run);
    question.entries.push_back(request);
    question.format = WireFormat::json;
    const auto reply = (*bus)->ask(question);
    if (!reply) {
        return fail(reply.error());
    }
    if (!*reply) {
        complain(fmt::format("the fleet {} does not answer", run));
        return Exit::unavailable;
    }
    const Style style = style_of(STDOUT_FILENO);
    if (common_.json) {
        print(json_text(**reply) + "\n");
    } else if (what_ == "status" && exit_of_reply(**reply) == Exit::done) {
        print(status_text(**reply, style));
    } else {
        print(reply_text(**reply, style));
    }
    return exit_of_reply(**reply);
}

// A plan's flags are run's: elsewhere they would seem to have been heard.
Result<void> Fleet::takes_no_more_than_it_needs() const {
    for (const CLI::Option* option : verb_->get_options()) {
        if (option->get_group() == plan_group && option->count() > 0) {
            return Error{ErrorCode::usage,
                         fmt::format("{} is no flag of {}, but of run", option->get_name(), what_)};
        }
    }
    if (!argument_.empty() && (what_ == "status" || what_ == "stop")) {
        return Error{ErrorCode::usage, fmt::format("{} takes no '{}'", what_, argument_)};
    }
    return {};
}

Exit Fleet::run() {
    if (what_ != "run") {
        if (auto mine = takes_no_more_than_it_needs(); !mine) {
            return fail(mine.error());
        }
        const auto asked = request();
        return asked ? talk(*asked) : fail(asked.error());
    }
    const auto plan = plan_of(argument_, flags_);
    return plan ? run_fleet(*plan, common_.json) : fail(plan.error());
}

}  // namespace

std::unique_ptr<Verb> make_fleet() {
    return std::make_unique<Fleet>();
}

}  // namespace flyball
