#include "node/recovery.h"

#include <algorithm>

#include "governors/governor_state.h"

namespace flyball {

void Recovery::loaded(std::string_view title, std::uint64_t through_record) {
    loaded_.insert_or_assign(std::string(title), through_record);
}

std::uint64_t Recovery::loaded_through(std::string_view title) const {
    const auto found = loaded_.find(title);
    return found == loaded_.end() ? 0 : found->second;
}

bool Recovery::passed_over(std::string_view title) const {
    return record_ <= loaded_through(title);
}

bool Recovery::fail(std::string_view title, std::string_view why) {
    fault_.assign("record ").append(std::to_string(record_)).append(": ");
    fault_.append(title).append(": ").append(why);
    return false;
}

// Not the latest of all: an operator may have turned governor time back.
void Recovery::note_time(Instant at) {
    if (at != Instant{}) {
        latest_ = at;
    }
}

bool Recovery::visit(const Change& change) {
    note_time(change.at);
    if (passed_over(change.governor)) {
        return true;
    }
    if (change.governor == Admit::title) {
        engine_.admit().apply(change);
        return true;
    }
    Governor* governor = engine_.registry().find_any(change.governor);
    if (governor == nullptr) {
        return fail(change.governor, "no governor of this name was recorded");
    }
    return GovernorState::apply(*governor, change) ||
           fail(change.governor, "its image does not fit this type");
}

bool Recovery::visit(const GovernorChange& change) {
    note_time(change.at);
    if (passed_over(change.title)) {
        return true;
    }
    last_title_.assign(change.title);
    const auto restored = engine_.registry().restore(change, latest_);
    return restored || fail(change.title, restored.error().message);
}

bool Recovery::visit(const EventChange& change) {
    if (change.topic.empty()) {
        while (!events_.empty() && events_.front().number <= change.number) {
            events_.pop_front();
        }
    } else if (events_.empty() || events_.back().number < change.number) {
        events_.push_back({.number = change.number,
                           .topic = std::string(change.topic),
                           .payload = std::string(change.payload)});
    }
    return true;
}

bool Recovery::visit(const NodeChange& change) {
    note_time(change.at);
    const std::uint64_t events = std::max(node_.events_reserved, change.events_reserved);
    const std::uint64_t epoch = std::max(node_.epoch, change.epoch);
    node_ = change;
    node_.events_reserved = events;
    node_.epoch = epoch;
    return true;
}

void Recovery::finish() {
    if (node_.clean_end || !found_any()) {
        return;
    }
    engine_.registry().each_any([](const GovernorChange& /*standing*/, Governor* governor) {
        if (governor != nullptr) {
            GovernorState::skip_reserved(*governor);
        }
    });
    engine_.admit().skip_reserved();
}

void Recovery::reserve(ChangeSink& sink) {
    engine_.registry().each_any([&sink](const GovernorChange& /*standing*/, Governor* governor) {
        if (governor != nullptr) {
            GovernorState::reserve(*governor);
            sink.end_decision();
        }
    });
    engine_.admit().reserve();
    sink.end_decision();
}

}  // namespace flyball
