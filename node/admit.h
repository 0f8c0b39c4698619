#pragma once
// One atomic decision across governors: all parts are judged in a fixed order, each put in place as
// it is judged so that the next one sees it, and all taken back when one denies. Owned by the
// engine, one thread at a time. Bounded by 8 parts of a type; steady state allocates nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governors/decided.h"
#include "governors/id_ring.h"
#include "node/registry.h"
#include "node/supervisor.h"
#include "schemas/reply.h"
#include "schemas/writer.h"

namespace flyball {

class Admit {
public:
    static constexpr std::size_t parts_of_type_max = 8;

    struct Options {
        std::size_t ids_capacity = 8192;
        Span id_window{0};              // zero: ids are kept by count only
        std::uint64_t seed = 0;         // keys the hashes
        ChangeSink* changes = nullptr;  // keeps what changed
    };
    // In records and files it stands as a governor of this name.
    static constexpr std::string_view title = "admit";
    Admit(const Registry& registry, Supervisor& supervisor, const Options& options);

    // Decides one entry; reply() then writes what was decided, as one value.
    const Reply& decide(Request& request, const Occasion& occasion);
    void write(Writer& writer, Instant now);

    struct Counts {
        std::uint64_t allow = 0;
        std::uint64_t deny = 0;
        std::uint64_t error = 0;
        std::uint64_t replayed = 0;
    };
    const Counts& counts() const { return counts_; }
    std::uint64_t seq() const { return numbers_.last(); }
    const IdRing& ids() const { return ids_; }
    // Recovery: a recorded change put in place; then, after an unclean end, on from what is
    // reserved.
    void apply(const Change& change);
    // Who looks at a state knows only afterwards how many ids it had room for.
    void limit_ids(std::size_t capacity) { ids_.configure(capacity, Span{0}); }
    void skip_reserved() { numbers_.skip_reserved(); }
    void reserve();
    // All that apply() needs to make another like this one.
    void each_change(const std::function<void(const Change&)>& visit) const;
    std::size_t memory_bytes() const;
    // The types that may take part, in the order in which they are judged.
    static std::span<const std::string_view> part_names();

private:
    struct Type;
    struct Line {  // one part, and where it stood in the request
        Governor* governor = nullptr;
        const Type* type = nullptr;
        std::size_t index = 0;
        bool in_array = false;
        Part part;
    };
    static std::span<const Type> types();

    bool check_form(Request& request, const Occasion& occasion);
    bool read_parts(Request& request, const Occasion& occasion);
    bool read_type(const Type& type, const Value& value, const Request& request,
                   const Occasion& occasion);
    bool read_line(Line& line, const Value& map, const Request& request, const Occasion& occasion);
    bool check_memory(const Request& request, const Occasion& occasion);
    bool check_keeping(const Request& request, const Occasion& occasion);
    bool find_places(const Occasion& occasion);
    void judge(const Request& request, const Occasion& occasion);
    bool judge_lines(const Occasion& occasion);
    void take_back(std::size_t count, bool with_denier);
    bool enrolled_somebody() const;
    void find_tenants_again();
    void conclude(const Request& request, const Occasion& occasion) noexcept;
    void settle(const Request& request, const Occasion& occasion);
    void take_number();
    void remember(const RememberedId& id);
    void write_reply(Writer& writer, Instant now) const;
    void take_back_after_write() noexcept;
    void write_lines(Writer& writer, Instant now) const;
    bool refuse(Reason reason, std::string_view field, std::string_view expected);
    bool refuse_at(const Line& line, Reason reason, std::string_view field,
                   std::string_view expected);
    void note_ignored(const Line& line);
    std::uint32_t fingerprint() const;
    Line& next_line();

    const Registry& registry_;
    Supervisor& supervisor_;
    IdRing ids_;
    ChangeSink* changes_;
    Counts counts_;
    NumberLine numbers_;

    // The entry in work.
    Reply reply_;
    std::vector<Line> lines_;  // reused; the first `used_` are this entry's
    std::size_t used_ = 0;
    std::size_t judged_ = 0;
    const Line* denier_ = nullptr;
    bool from_memory_ = false;
    bool undo_after_write_ = false;  // a dry run shows the levels that it then takes back
    std::uint64_t id_key_ = 0;
    Fields fields_;
    std::string path_;                                          // of the field at fault
    std::array<std::string, ignored_names_max> ignored_paths_;  // of parts: "quota.colour"
};

}  // namespace flyball
