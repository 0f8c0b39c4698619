// flyball bench: how fast a node answers, measured so that the number means something.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "fleet/bench_text.h"
#include "fleet/interrupt.h"
#include "fleet/load/workload.h"
#include "fleet/node_hint.h"
#include "fleet/node_name.h"
#include "fleet/verb.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball bench eu-west/pi-7
  flyball bench eu-west/pi-7 --steps 500,1000,2000,5000,10000 --for 10s
  flyball bench eu-west/pi-7 --max --batch 16
  flyball bench eu-west/pi-7 --rate 200 --mix 0:0:100:0 --json > bench.json)";

constexpr const char* about =
    R"(Asks a node by a schedule and tells how long answers took.

Open loop: each request leaves at its instant, whatever became of those before,
and its latency counts from that instant, so that a stall counts for all that
it delayed (no coordinated omission). How late this program itself was is shown.
--steps gives the whole curve, --max the node's capacity: as fast as answers
come, which is no service level. Needs the rights of a back office: it opens
accounts for tenants bench-000 to bench-099 and forgets them at the end; what
governors remember of ids, and their seq, stays used.
Exit status 0; 1 requests went unanswered, 2 an error reply, 64 usage, 69 no
broker or no answer.)";

constexpr double rate_max = 200'000;  // no MQTT broker passes more on one connection
constexpr std::size_t batch_max = 1'024;
constexpr std::size_t tenants = 100;
constexpr Span clearing_max{20'000};

template <typename Number>
bool parse_number(std::string_view text, Number& into) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
    return failed == std::errc() && end == text.data() + text.size();
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t cut = text.find(at);
        parts.push_back(text.substr(0, cut));
        if (cut == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(cut + 1);
    }
}

Result<LoadMix> parse_mix(std::string_view text) {
    const auto parts = split(text, ':');
    std::array<unsigned, 4> shares{};
    bool good = parts.size() == shares.size();
    unsigned sum = 0;
    for (std::size_t at = 0; good && at < shares.size(); ++at) {
        good = parse_number(parts[at], shares[at]) && shares[at] <= 1'000;
        sum += shares[at];
    }
    if (!good || sum == 0) {
        return Error{ErrorCode::usage,
                     fmt::format("--mix: '{}' is not four shares like 40:30:20:10 (entitlement, "
                                 "billing, quota, compliance with subscription)",
                                 text)};
    }
    return LoadMix{shares[0], shares[1], shares[2], shares[3]};
}

Result<std::vector<double>> parse_rates(std::string_view option, std::string_view text) {
    std::vector<double> rates;
    for (const std::string_view part : split(text, ',')) {
        double rate = 0;
        if (!parse_number(part, rate) || rate < 0.1 || rate > rate_max || rates.size() >= 50) {
            return Error{ErrorCode::usage,
                         fmt::format("{}: '{}' is no rate of 0.1 to {:.0f} requests a second",
                                     option, part, rate_max)};
        }
        rates.push_back(rate);
    }
    return rates;
}

class Bench final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Result<std::vector<Schedule>> schedules() const;
    Exit measure(Workload& load, const std::vector<Schedule>& schedules,
                 const Interrupt& interrupt);
    void show(const std::vector<LoadFigures>& steps) const;

    Common common_;
    std::string node_text_;
    std::string mix_ = "40:30:20:10";
    std::string rate_ = "1000";
    std::string steps_;
    bool max_ = false;
    bool keep_ = false;
    std::size_t batch_ = 1;
    std::size_t in_flight_ = 64;
    std::uint64_t seed_ = 1;
    Span for_{30'000};
    LoadMix shares_;
};

CLI::App* Bench::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("bench", about);
    verb->footer(examples);
    verb->add_option("NODE", node_text_, "region/node")->required()->type_name(node_value);
    verb->add_option("--rate", rate_, "requests a second")->type_name("N")->capture_default_str();
    verb->add_option("--steps", steps_, "several rates, one after the other: the whole curve")
        ->type_name("N,N,...")
        ->excludes("--rate");
    verb->add_flag("--max", max_, "as fast as answers come")->excludes("--rate", "--steps");
    verb->add_option("--in-flight", in_flight_, "messages under way at once, with --max")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    verb->add_option("--batch", batch_, "requests in a message")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, batch_max))
        ->capture_default_str();
    verb->add_option("--mix", mix_, "entitlement:billing:quota:compliance with subscription")
        ->type_name("SHARES")
        ->capture_default_str();
    CLI::Option* span = verb->add_option_function<std::string>(
        "--for",
        [this](const std::string& text) {
            if (const auto duration = parse_duration(text)) {
                for_ = Span(duration->ms);
            }
        },
        "how long each rate is kept (30s)");
    takes_duration(*span);
    verb->add_option("--seed", seed_, "the same seed asks the same")
        ->type_name("N")
        ->capture_default_str();
    verb->add_flag("--keep", keep_, "leave the accounts of bench-000 to bench-099");
    add_common_options(*verb, common_);
    return verb;
}

Result<std::vector<Schedule>> Bench::schedules() const {
    Schedule one{.in_flight = in_flight_, .batch = batch_, .checked = false};
    if (max_) {
        one.per_second = 0;
        return std::vector{one};
    }
    const auto rates =
        steps_.empty() ? parse_rates("--rate", rate_) : parse_rates("--steps", steps_);
    if (!rates) {
        return rates.error();
    }
    std::vector<Schedule> all;
    for (const double rate : *rates) {
        one.per_second = rate;
        all.push_back(one);
    }
    return all;
}

Exit Bench::run() {
    const auto node = parse_node(node_text_);
    const auto shares = parse_mix(mix_);
    const auto plan = schedules();
    if (!node) {
        return fail(node.error());
    }
    if (!shares) {
        return fail(shares.error());
    }
    if (!plan) {
        return fail(plan.error());
    }
    const Interrupt interrupt;
    WorkloadOptions options;
    options.bus = common_.bus;
    options.mix = *shares;
    options.tenants = tenants;
    options.tenant_stem = "bench-";
    options.seed = seed_;
    Workload load({{node->region, node->node, common_.bus.broker}}, options, nullptr);
    const auto open = load.open(deadline_after(common_.bus.timeout), interrupt.fd());
    if (!open) {
        complain(open.error().message);
        if (load.connected()) {
            hint(fmt::format("flyball health {} says whether it is there", node->text()));
        }
        return open.error().code == ErrorCode::refused ? Exit::error_reply
                                                       : exit_of(open.error().code);
    }
    const Exit exit = *open ? measure(load, *plan, interrupt) : Exit::done;
    if (!keep_ && !load.clear_accounts(deadline_after(clearing_max))) {
        complain("the accounts of bench-000 to bench-099 could not all be forgotten");
    }
    return exit;
}

Exit Bench::measure(Workload& load, const std::vector<Schedule>& schedules,
                    const Interrupt& interrupt) {
    std::vector<LoadFigures> steps;
    for (const Schedule& schedule : schedules) {
        if (isatty(STDERR_FILENO) != 0) {
            fmt::print(stderr, "asking {} for {} ...\n",
                       schedule.per_second > 0 ? fmt::format("{:g} a second", schedule.per_second)
                                               : std::string("as fast as answers come"),
                       span_text(for_.count()));
        }
        steps.push_back(load.run(schedule, for_, interrupt.fd()));
        if (interrupt.seen()) {
            break;
        }
    }
    show(steps);
    LoadCounts all;
    for (const LoadFigures& step : steps) {
        all.add(step.all());
    }
    return all.unanswered > 0 ? Exit::missed : all.errors > 0 ? Exit::error_reply : Exit::done;
}

void Bench::show(const std::vector<LoadFigures>& steps) const {
    if (common_.json) {
        Json document{{"node", node_text_}, {"mix", mix_}, {"seed", seed_}};
        for (const LoadFigures& step : steps) {
            document["steps"].push_back(bench_json(step));
        }
        print(json_text(document) + "\n");
        return;
    }
    const Style style = style_of(STDOUT_FILENO);
    print(bench_table(steps, style));
    for (const LoadFigures& step : steps) {
        print(fmt::format("\n{}, {} messages of {} for {:.1f} s\n",
                          step.per_second > 0 ? fmt::format("{:g}/s", step.per_second)
                                              : std::string("full speed"),
                          step.latency_us.count(), step.batch, step.seconds));
        print(histogram_text(step.latency_us, style));
    }
    for (const std::string& doubt : bench_doubts(steps)) {
        complain(doubt);
    }
}

}  // namespace

std::unique_ptr<Verb> make_bench() {
    return std::make_unique<Bench>();
}

}  // namespace flyball
