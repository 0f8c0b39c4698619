#pragma once
// Puts recorded changes in place again, in an engine that has decided nothing yet. Never decides,
// raises or records anything. One thread.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "node/engine.h"
#include "node/state/record.h"

namespace flyball {

// An event that had not left for the broker.
struct KeptEvent {
    std::uint64_t number = 0;
    std::string topic;
    std::string payload;
};

class Recovery final : public RecordVisitor {
public:
    explicit Recovery(Engine& engine) : engine_(engine) {}

    // Whose state is already there up to and including this record: its earlier changes are passed
    // over. A snapshot is made governor by governor.
    void loaded(std::string_view title, std::uint64_t through_record);
    // What loaded() was told of it; 0: nothing.
    std::uint64_t loaded_through(std::string_view title) const;
    void restored(const NodeChange& node) { node_ = node; }
    // The next changes are of this record.
    void begin_record(std::uint64_t number) { record_ = number; }
    // A record came after the end of that run: it was no clean one. The journal alone never tells
    // of a clean one, for looks take numbers and leave no record.
    void went_on() { node_.clean_end = false; }

    bool visit(const Change& change) override;
    bool visit(const GovernorChange& change) override;
    bool visit(const EventChange& change) override;
    bool visit(const NodeChange& change) override;

    // All has been read. After an end that was not clean, numbers go on from what was reserved;
    // reserve() then tells the engine's sink of others, in records of their own.
    void finish();
    void reserve(ChangeSink& sink);
    bool found_any() const { return record_ != 0; }
    bool clean_end() const { return node_.clean_end; }
    const NodeChange& node() const { return node_; }
    std::deque<KeptEvent>& events() { return events_; }
    Instant latest() const { return latest_; }
    // Of the governor that was restored last.
    const std::string& last_title() const { return last_title_; }
    // What could not be put in place: a sentence.
    const std::string& fault() const { return fault_; }

private:
    void note_time(Instant at);
    bool passed_over(std::string_view title) const;
    bool fail(std::string_view title, std::string_view why);

    Engine& engine_;
    std::map<std::string, std::uint64_t, std::less<>> loaded_;
    std::uint64_t record_ = 0;
    NodeChange node_;
    std::deque<KeptEvent> events_;
    Instant latest_{};
    std::string last_title_;
    std::string fault_;
};

}  // namespace flyball
