// flyball watch: decisions and events as they pass.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <set>

#include "fleet/interrupt.h"
#include "fleet/verb.h"
#include "fleet/watch_line.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball watch
  flyball watch eu-west/pi-7 eu-west/pi-8
  flyball watch --for 30s --json > seen.jsonl
  flyball watch eu-west/pi-7 --count 1   # wait for the next one)";

constexpr const char* about =
    R"(Shows decisions and events as they pass, one line each.

Decisions are seen here when their request named no reply topic: others go to
whoever asked, and to nobody else. Events are always seen. Ends with 0 on
Ctrl-C, after --count lines or --for a time; 69 when there is no broker, or
when --count lines did not come in --for.)";

class Watch final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Result<std::vector<std::string>> filters() const;
    Exit follow(Bus& bus, const Interrupt& interrupt) const;
    void tell_about(Bus& bus, std::uint64_t& dropped) const;

    Common common_;
    std::vector<std::string> nodes_;
    std::uint64_t count_ = 0;
    std::string for_;
};

CLI::App* Watch::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("watch", about);
    verb->footer(examples);
    verb->add_option("NODE", nodes_, "region/node...; all without it")->type_name(node_value);
    verb->add_option("--count", count_, "stop after so many lines")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    takes_duration(*verb->add_option("--for", for_, "stop after this time"));
    add_common_options(*verb, common_);
    return verb;
}

Result<std::vector<std::string>> Watch::filters() const {
    std::set<std::string> filters;
    for (const std::string& text : nodes_) {
        const auto node = parse_node(text);
        if (!node) {
            return node.error();
        }
        filters.merge([&] {
            const auto own = watch_filters(common_.bus.prefix, *node);
            return std::set<std::string>(own.begin(), own.end());
        }());
    }
    if (nodes_.empty()) {
        return watch_filters(common_.bus.prefix, {"+", "+"});
    }
    return std::vector<std::string>(filters.begin(), filters.end());
}

void Watch::tell_about(Bus& bus, std::uint64_t& dropped) const {
    for (const std::string& note : bus.notes()) {
        complain(note);
    }
    if (const std::uint64_t now = bus.dropped(); now != dropped) {
        complain(fmt::format("{} messages came faster than they could be shown", now - dropped));
        dropped = now;
    }
}

Exit Watch::follow(Bus& bus, const Interrupt& interrupt) const {
    std::optional<Deadline> deadline;
    if (const auto duration = parse_duration(for_)) {
        deadline = deadline_after(Span(duration->ms));
    }
    const Style style = style_of(STDOUT_FILENO);
    std::uint64_t lines = 0;
    std::uint64_t dropped = 0;
    while (!interrupt.seen()) {
        const auto arrived = bus.next(deadline, interrupt.fd());
        tell_about(bus, dropped);
        if (!arrived) {
            const bool missed = count_ != 0 && !interrupt.seen();
            return missed ? Exit::unavailable : Exit::done;
        }
        if (arrived->retained) {
            continue;  // old news that somebody left on a topic where nothing is retained
        }
        for (const Seen& seen : seen_in(*arrived, common_.bus.prefix)) {
            const std::string line =
                common_.json ? line_for_machines(seen) : line_for_people(seen, style);
            if (!print(line + "\n") || (count_ != 0 && ++lines == count_)) {
                return Exit::done;  // nobody reads any more, or enough was shown
            }
        }
    }
    return Exit::done;
}

Exit Watch::run() {
    const auto wanted = filters();
    if (!wanted) {
        return fail(wanted.error());
    }
    const Interrupt interrupt;
    auto bus = Bus::connect(common_.bus, *wanted);
    if (!bus) {
        return fail(bus.error());
    }
    return follow(**bus, interrupt);
}

}  // namespace

std::unique_ptr<Verb> make_watch() {
    return std::make_unique<Watch>();
}

}  // namespace flyball
