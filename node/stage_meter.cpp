#include "node/stage_meter.h"

#include <algorithm>
#include <new>

#include "node/clock.h"

namespace flyball {

namespace {

std::size_t index(Stage stage) {
    return static_cast<std::size_t>(stage);
}

double microseconds(std::int64_t ns) {
    return static_cast<double>(ns) / 1000;
}

}  // namespace

std::string_view to_text(Stage stage) {
    switch (stage) {
        case Stage::receive: return "receive";
        case Stage::decode: return "decode";
        case Stage::decide: return "decide";
        case Stage::encode: return "encode";
        case Stage::publish: return "publish";
    }
    return "";
}

void write_profile(Writer& writer, const StageMeter::Sums& sums) {
    std::int64_t whole_ns = 0;
    for (const StageMeter::Sum& sum : sums) {
        whole_ns += sum.total_ns;
    }
    writer.key("stages");
    writer.begin_array();
    for (std::size_t at = 0; at < sums.size(); ++at) {
        writer.begin_map();
        writer.field("stage", to_text(static_cast<Stage>(at)));
        writer.field("calls", sums[at].calls);
        writer.key("total_us");
        writer.real(microseconds(sums[at].total_ns));
        writer.key("share");
        writer.real(whole_ns == 0
                        ? 0
                        : static_cast<double>(sums[at].total_ns) / static_cast<double>(whole_ns));
        writer.end_map();
    }
    writer.end_array();
}

void StageMeter::start_profile(std::int64_t until_us) {
    profile_until_us_ = until_us;
    sums_ = {};
}

void StageMeter::end_trace_when_due(std::int64_t now_us) {
    if (trace_ && now_us >= trace_->until_us) {
        trace_.reset();
    }
}

bool StageMeter::profile_is_due(std::int64_t now_us) const {
    return profile_until_us_ && now_us >= *profile_until_us_;
}

std::optional<std::int64_t> StageMeter::next_end_us() const {
    std::optional<std::int64_t> next = profile_until_us_;
    if (trace_ && (!next || trace_->until_us < *next)) {
        next = trace_->until_us;
    }
    return next;
}

StageMeter::Sums StageMeter::take_profile() {
    profile_until_us_.reset();
    return sums_;
}

void StageMeter::begin(std::int64_t waited_us) noexcept {
    Frame& frame = frames_[depth_++];
    frame = Frame{.last_ns = monotonic_ns(), .ns = {}, .lines = lines_.size()};
    const std::int64_t waited_ns = waited_us * 1000;
    frame.ns[index(Stage::receive)] = waited_ns;
    Sum& sum = sums_[index(Stage::receive)];
    ++sum.calls;
    sum.total_ns += waited_ns;
}

void StageMeter::end(Stage stage) noexcept {
    Frame& frame = frames_[depth_ - 1];
    const std::int64_t now_ns = monotonic_ns();
    const std::int64_t spent_ns = now_ns - frame.last_ns;
    frame.last_ns = now_ns;
    frame.ns[index(stage)] = spent_ns;
    Sum& sum = sums_[index(stage)];
    ++sum.calls;
    sum.total_ns += spent_ns;
}

// The line waits for the message to be sent: then the last stage is known.
void StageMeter::entry(const Reply& reply) noexcept {
    if (!trace_ || trace_->max == 0 ||
        (!trace_->governor.empty() && trace_->governor != reply.governor) ||
        (!trace_->tenant.empty() && trace_->tenant != reply.tenant)) {
        return;
    }
    --trace_->max;
    try {
        note_line(reply);
    } catch (const std::bad_alloc&) {
        return;
    }
}

void StageMeter::note_line(const Reply& reply) {
    writer_.restart(Encoding::json);
    writer_.begin_map();
    writer_.field("governor", reply.governor);
    if (!reply.tenant.empty()) {
        writer_.field("tenant", reply.tenant);
    }
    if (reply.id.present()) {
        writer_.key("id");
        writer_.id(reply.id);
    }
    if (reply.seq) {
        writer_.field("seq", *reply.seq);
    }
    writer_.field("decision", to_text(reply.verdict));
    writer_.end_map();
    std::string head(writer_.bytes());
    head.pop_back();  // the map stays open for `us`
    const Frame& frame = frames_[depth_ - 1];
    lines_.push_back({.head = std::move(head),
                      .decide_ns = frame.ns[index(Stage::decide)],
                      .encode_ns = frame.ns[index(Stage::encode)]});
}

void StageMeter::finish() noexcept {
    const Frame frame = frames_[--depth_];
    try {
        publish_lines(frame);
    } catch (const std::bad_alloc&) {
        lines_.resize(frame.lines);  // fewer: takes no memory
    }
    lines_.resize(frame.lines);
    if (trace_ && trace_->max == 0) {
        trace_.reset();
    }
}

void StageMeter::publish_lines(const Frame& frame) {
    for (std::size_t at = frame.lines; at < lines_.size(); ++at) {
        const Line& line = lines_[at];
        writer_.restart(Encoding::json);
        writer_.begin_map();
        const auto write = [&](Stage stage, std::int64_t ns) {
            writer_.key(to_text(stage));
            writer_.real(microseconds(ns));
        };
        write(Stage::receive, frame.ns[index(Stage::receive)]);
        write(Stage::decode, frame.ns[index(Stage::decode)]);
        write(Stage::decide, line.decide_ns);
        write(Stage::encode, line.encode_ns);
        write(Stage::publish, frame.ns[index(Stage::publish)]);
        writer_.end_map();
        std::string text = line.head;
        text.append(",\"us\":").append(writer_.bytes()).append("}");
        publish_(text);
    }
}

}  // namespace flyball
