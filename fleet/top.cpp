// flyball top: a live screen of the whole fleet.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "fleet/interrupt.h"
#include "fleet/top/keys.h"
#include "fleet/top/terminal.h"
#include "fleet/verb.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball top
  flyball top --sort status --filter eu-west
  flyball top --once                 # plain text, for a pipe or a pager
  flyball top --json --for 10s       # after 10 s, when rates have been measured)";

constexpr const char* about =
    R"(Shows the whole fleet, live, from the nodes' health: regions, nodes, the
selected node's governors. ? shows the keys.

Rates are taken between two reports of a node, so they are those of its health
interval. With --once or --json it prints what there is and ends: at once, or
after --for. 69 when there is no broker.)";

constexpr Span frame{1000};      // between two drawings, unless a key was pressed
constexpr Span escape_wait{50};  // after it a lone Esc is the key Esc

class Top final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    void take(const Arrived& message);
    void collect(Bus& bus, Deadline until, int stop_fd);
    TopPicture picture() const;
    Exit print_once(Bus& bus, const Interrupt& interrupt);
    Exit live(Bus& bus, const Interrupt& interrupt, ResizeSignal& resize);
    bool pressed(Terminal& terminal, TopState& state, std::string& bytes, const TopPicture& seen);
    void look_at_link(Bus& bus);

    Common common_;
    FleetView view_;
    Order order_;
    std::string sort_ = "name";
    std::string for_;
    std::string trouble_;
    bool once_ = false;
};

CLI::App* Top::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("top", about);
    verb->footer(examples);
    verb->add_option("--sort", sort_, "name|status|rate|latency|memory|denials|uptime")
        ->type_name("name|status|rate|latency|memory|denials|uptime")
        ->check(
            CLI::IsMember(std::vector<std::string>(std::begin(sort_names), std::end(sort_names))))
        ->capture_default_str();
    verb->add_option("--filter", order_.filter, "part of a name, status or version; !TEXT: not so")
        ->type_name("TEXT");
    verb->add_flag("--reverse", order_.reversed, "sort the other way round");
    verb->add_flag("--once", once_, "print plain text and end");
    takes_duration(*verb->add_option("--for", for_, "watch so long before printing, or in all"));
    add_common_options(*verb, common_);
    return verb;
}

void Top::take(const Arrived& message) {
    if (const auto name = node_of_topic(message.topic, common_.bus.prefix)) {
        view_.hear(*name, message.payload, message.retained, message.at);
    }
}

// Until the deadline, or until something else than a message happens.
void Top::collect(Bus& bus, Deadline until, int stop_fd) {
    while (const auto message = bus.next(until, stop_fd)) {
        take(*message);
    }
}

TopPicture Top::picture() const {
    const Instant now = wall_now();
    return {view_.nodes(now), common_.bus.broker, trouble_, view_.refused(), now};
}

Exit Top::print_once(Bus& bus, const Interrupt& interrupt) {
    std::vector<Arrived> messages;
    if (!bus.drain(messages)) {
        complain("the broker did not confirm the end of its list; some nodes may be missing");
    }
    for (const Arrived& message : messages) {
        take(message);
    }
    if (const auto duration = parse_duration(for_)) {
        collect(bus, deadline_after(Span(duration->ms)), interrupt.fd());
    }
    if (common_.json) {
        print(json_text(top_json(picture(), order_)) + "\n");
    } else {
        print(top_text(picture(), order_, style_of(STDOUT_FILENO)));
    }
    return Exit::done;
}

void Top::look_at_link(Bus& bus) {
    for (const std::string& note : bus.notes()) {
        trouble_ = note;
    }
    if (bus.is_up()) {
        trouble_.clear();
    }
}

// False when it is time to go.
bool Top::pressed(Terminal& terminal, TopState& state, std::string& bytes, const TopPicture& seen) {
    const std::string typed = terminal.typed();
    const bool complete = typed.empty();
    bytes += typed;
    for (const Key& key : take_keys(bytes, complete)) {
        const Act act = press(key, state, arranged(seen.nodes, state.order),
                              page_rows(seen, state, terminal.size()));
        if (act == Act::quit) {
            return false;
        }
        if (act == Act::redraw) {
            terminal.redraw();
        }
    }
    return true;
}

Exit Top::live(Bus& bus, const Interrupt& interrupt, ResizeSignal& resize) {
    std::optional<Deadline> end;
    if (const auto duration = parse_duration(for_)) {
        end = deadline_after(Span(duration->ms));
    }
    Terminal terminal({interrupt.fd(), resize.fd()});
    TopState state;
    state.order = order_;
    std::string bytes;
    TopPicture seen = picture();
    while (!interrupt.seen() && !(end && left_until(*end) == Span::zero())) {
        look_at_link(bus);
        if (!state.paused) {
            seen = picture();
        } else {
            seen.trouble = trouble_;
        }
        terminal.show(screen_of(seen, state, terminal.size(), style_of(STDOUT_FILENO)));
        collect(bus, deadline_after(bytes.empty() ? frame : escape_wait), terminal.wake_fd());
        if (resize.take()) {
            terminal.redraw();  // what became of the old lines is the terminal's own affair
        }
        if (terminal.gone() || !pressed(terminal, state, bytes, seen)) {
            break;
        }
    }
    return Exit::done;
}

Exit Top::run() {
    order_.key =
        static_cast<SortKey>(std::ranges::find(sort_names, sort_) - std::begin(sort_names));
    const bool prints = once_ || common_.json;
    if (const auto possible = Terminal::possible(); !prints && !possible) {
        return fail(possible.error());
    }
    const Interrupt interrupt;
    ResizeSignal resize;
    auto bus =
        Bus::connect(common_.bus, {topic_of(common_.bus, NodeName{"+", "+"}, Channel::health)});
    if (!bus) {
        return fail(bus.error());
    }
    return prints ? print_once(**bus, interrupt) : live(**bus, interrupt, resize);
}

}  // namespace

std::unique_ptr<Verb> make_top() {
    return std::make_unique<Top>();
}

}  // namespace flyball
