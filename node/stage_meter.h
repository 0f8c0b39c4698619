#pragma once
// Where the time of a request goes: what control's `trace` publishes request by request and what
// its `profile` sums up. Both stop by themselves. Costs nothing while neither runs: the engine then
// has no watch. Owned by the node, under its lock.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/engine.h"
#include "schemas/writer.h"

namespace flyball {

class StageMeter final : public StageWatch {
public:
    struct Filter {
        std::string governor;  // "type/name"; empty: all
        std::string tenant;    // empty: all
        std::int64_t until_us = 0;
        std::int64_t max = 0;  // requests
    };
    struct Sum {
        std::uint64_t calls = 0;
        std::int64_t total_ns = 0;
    };
    using Sums = std::array<Sum, stage_count>;
    using Publish = std::function<void(std::string_view line)>;

    explicit StageMeter(Publish publish) : publish_(std::move(publish)) {}

    void start_trace(Filter filter) { trace_ = std::move(filter); }
    void start_profile(std::int64_t until_us);
    bool tracing() const { return trace_.has_value(); }
    bool profiling() const { return profile_until_us_.has_value(); }
    bool active() const { return tracing() || profiling(); }
    // Ends the trace when its time is over. True: the profile's time is over too, or it was not
    // running.
    void end_trace_when_due(std::int64_t now_us);
    bool profile_is_due(std::int64_t now_us) const;
    // Monotonic time at which one of them ends.
    std::optional<std::int64_t> next_end_us() const;
    Sums take_profile();

    void begin(std::int64_t waited_us) noexcept override;
    void end(Stage stage) noexcept override;
    void entry(const Reply& reply) noexcept override;
    void finish() noexcept override;

private:
    struct Frame {  // one message in work
        std::int64_t last_ns = 0;
        std::array<std::int64_t, stage_count> ns{};
        std::size_t lines = 0;  // of lines_, when it began
    };
    struct Line {
        std::string head;  // the line as JSON up to `us`
        std::int64_t decide_ns = 0;
        std::int64_t encode_ns = 0;
    };
    void note_line(const Reply& reply);
    void publish_lines(const Frame& frame);

    Publish publish_;
    std::optional<Filter> trace_;
    std::optional<std::int64_t> profile_until_us_;
    Sums sums_{};
    std::array<Frame, Engine::depth_max> frames_{};
    std::size_t depth_ = 0;
    std::vector<Line> lines_;
    Writer writer_;
};

std::string_view to_text(Stage stage);
// The key `stages`: a table of calls, microseconds in all and share of the whole.
void write_profile(Writer& writer, const StageMeter::Sums& sums);

}  // namespace flyball
