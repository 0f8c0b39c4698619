#pragma once
// What a service manager hears of this process (docs/deploy.md): that it is ready, how it is, that
// it reads its configuration again, that it stops; and that it gets on, which is said by nothing
// but the engine's own turns: whoever makes a turn has had the engine, so that a hung one is never
// told to be well. Owned by the program; the node's thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/service/keeper_pulse.h"
#include "schemas/time.h"
#include "transport/transport.h"

namespace flyball {

class ServiceReport {
public:
    // Takes lines of the protocol; false when it could not just now.
    using Sink = std::function<bool(std::string_view lines)>;
    struct Options {
        Sink sink{};                     // empty: nobody listens
        std::optional<Span> watchdog{};  // what silence the service manager bears
        std::int64_t started_us = 0;     // monotonic
    };
    explicit ServiceReport(Options options) : options_(std::move(options)) {}

    // As $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID say, which `variable` looks up; what is
    // not there, or not for the process `pid`, is nobody who listens.
    using Variable = std::function<std::optional<std::string>(const std::string& name)>;
    static Options options_from(const Variable& variable, std::int64_t pid,
                                std::int64_t started_us);
    bool has_watchdog() const { return options_.watchdog.has_value(); }

    // To be raised by the keeper's thread; without a watchdog nobody looks.
    KeeperPulse& keeper() { return keeper_; }

    struct Turn {
        LinkState link = LinkState::down;
        std::uint64_t attempts = 0;  // to connect, the one under way included
        std::string_view status{};   // as health says it
        std::string_view broker{};
    };
    // The engine has made a turn. Ready once the broker has acknowledged the subscriptions, or
    // cannot be had: a node without a broker is well.
    void turn_made(const Turn& turn, std::int64_t now_us);
    // How long the next turn may be put off.
    Span longest_pause(Span otherwise) const;

    void reloading(std::int64_t now_us);
    void reloaded();
    void stopping();

private:
    // An attempt to connect that neither succeeds nor fails must not hold up a boot.
    static constexpr std::int64_t ready_after_us = 5'000'000;

    bool tell(std::string_view lines) const { return options_.sink && options_.sink(lines); }
    bool is_ready(const Turn& turn, std::int64_t now_us) const;
    void feed(std::int64_t now_us);

    Options options_;
    KeeperPulse keeper_;
    bool told_ready_ = false;
    // As it was told last.
    bool up_ = false;
    bool keeper_good_ = true;
    std::string status_;
    std::int64_t fed_us_ = 0;
};

}  // namespace flyball
