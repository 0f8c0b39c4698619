#include "node/service/service_report.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "node/service/notify_socket.h"

namespace flyball {
namespace {

// What is fed at a quarter of the time that silence is borne survives two turns that came late.
constexpr std::int64_t feeds_per_watchdog = 4;

std::optional<std::int64_t> number_of(const std::optional<std::string>& text) {
    std::int64_t number = 0;
    if (!text || text->empty()) {
        return std::nullopt;
    }
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, number);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(number) : std::nullopt;
}

std::string status_line(const ServiceReport::Turn& turn, bool keeper_good) {
    std::string line = "STATUS=";
    line += turn.status;
    line += turn.link == LinkState::up ? ", connected to " : ", no broker at ";
    line += turn.broker;
    if (turn.link != LinkState::up) {
        line += ", trying again";
    }
    if (!keeper_good) {
        line += "; what keeps the state hangs";
    }
    return line;
}

}  // namespace

ServiceReport::Options ServiceReport::options_from(const Variable& variable, std::int64_t pid,
                                                   std::int64_t started_us) {
    Options options{.started_us = started_us};
    const auto address = variable("NOTIFY_SOCKET");
    auto socket = address ? NotifySocket::open(*address) : std::nullopt;
    if (!socket) {
        return options;
    }
    // A std::function has to be copyable, a socket is not: it is shared by the copies of the sink.
    const auto shared = std::make_shared<NotifySocket>(*std::move(socket));
    options.sink = [shared](std::string_view lines) { return shared->send(lines); };
    const auto silence_us = number_of(variable("WATCHDOG_USEC"));
    const auto meant = number_of(variable("WATCHDOG_PID"));
    if (silence_us && *silence_us > 0 && meant.value_or(pid) == pid) {
        options.watchdog = Span{std::max<std::int64_t>(*silence_us / 1000, 1)};
    }
    return options;
}

Span ServiceReport::longest_pause(Span otherwise) const {
    return options_.watchdog ? std::min(otherwise, *options_.watchdog / feeds_per_watchdog)
                             : otherwise;
}

bool ServiceReport::is_ready(const Turn& turn, std::int64_t now_us) const {
    const bool first_is_under_way = turn.attempts == 0 || turn.link == LinkState::connecting;
    return turn.link == LinkState::up || turn.attempts > 1 || !first_is_under_way ||
           now_us - options_.started_us >= ready_after_us;
}

void ServiceReport::turn_made(const Turn& turn, std::int64_t now_us) {
    if (!options_.sink || (!told_ready_ && !is_ready(turn, now_us))) {
        return;
    }
    const bool up = turn.link == LinkState::up;
    const bool keeper_good = !options_.watchdog || keeper_.is_good(now_us);
    if (!told_ready_ || up != up_ || turn.status != status_ || keeper_good != keeper_good_) {
        const std::string status = status_line(turn, keeper_good);
        // What could not be sent is said again after the next turn.
        if (tell(told_ready_ ? status : "READY=1\n" + status)) {
            told_ready_ = true;
            up_ = up;
            status_ = turn.status;
            keeper_good_ = keeper_good;
        }
    }
    if (keeper_good) {
        feed(now_us);
    }
}

void ServiceReport::feed(std::int64_t now_us) {
    if (!options_.watchdog) {
        return;
    }
    const std::int64_t every_us = options_.watchdog->count() * 1000 / feeds_per_watchdog;
    if (now_us - fed_us_ >= every_us && tell("WATCHDOG=1")) {
        fed_us_ = now_us;
    }
}

void ServiceReport::reloading(std::int64_t now_us) {
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us));
}

void ServiceReport::reloaded() {
    tell("READY=1");
}

void ServiceReport::stopping() {
    tell("STOPPING=1\nSTATUS=stopping: deciding what has arrived, writing a last snapshot");
}

}  // namespace flyball
