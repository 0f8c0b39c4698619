#pragma once
// All that a restart must know of an engine in one number: every governor's revision, tenants and
// remembered ids. Not its numbers and counters, which a crash may move on, nor its history, which
// keeps denials that nobody needs to know after a restart. Looks anew only at governors that have
// decided something since the last time, unless told to. One thread.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "node/engine.h"

namespace flyball::sim {

class StateHash {
public:
    enum class Look : std::uint8_t { where_decided, everywhere };
    std::uint64_t of(const Engine& engine, Look look = Look::where_decided);

private:
    // What moves with every decision, and with time.
    struct Mark {
        const Governor* governor = nullptr;
        std::uint64_t seq = 0;
        std::uint64_t audit_seq = 0;
        std::uint64_t dues = 0;  // when time changes each tenant
        std::size_t tenants = 0;
        std::string policy_rev;
        bool operator==(const Mark&) const = default;
    };
    struct Known {
        Mark mark;
        std::uint64_t hash = 0;
    };

    static Mark mark_of(const Governor& governor);
    std::uint64_t of(const Governor& governor);
    void add(std::string_view text);
    void add(std::uint64_t number);
    void add(std::span<const std::byte> image);
    void add(const IdRing& ids);

    std::string bytes_;
    std::map<std::string, Known, std::less<>> known_;
};

}  // namespace flyball::sim
