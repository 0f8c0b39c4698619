#pragma once
// All that a restart must know of an engine in one number: every governor's standing, revision,
// tenants and remembered ids. Not its numbers and counters, which a crash may move on, nor its
// history, which keeps denials that nobody needs to know after a restart. One thread.

#include <cstdint>
#include <string>

#include "node/engine.h"

namespace flyball::sim {

class StateHash {
public:
    std::uint64_t of(const Engine& engine);
    // What was hashed last, for people.
    std::string shown() const;

private:
    void add(const Governor& governor);
    void add(std::string_view text);
    void add(std::uint64_t number);
    void add(std::span<const std::byte> image);
    void add(const IdRing& ids);

    std::string bytes_;
};

}  // namespace flyball::sim
