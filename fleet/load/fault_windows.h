#pragma once
// When who was in a fault that somebody made on purpose: a node, or a whole region. A request whose
// two seconds of patience touch a window, or the 2 s after it, is not held against availability.
// Bounded: of each place, the last window. Pure; times are the caller's microseconds.

#include <cstdint>
#include <map>
#include <string>

namespace flyball {

class FaultWindows {
public:
    static constexpr std::int64_t settle_us = 2'000'000;

    void begin(const std::string& where, std::int64_t at_us);  // "eu-west" or "eu-west/pi-7"
    void end(const std::string& where, std::int64_t at_us);
    // It left for good; whoever comes under its name has had no fault.
    void forget(const std::string& where) { windows_.erase(where); }
    bool touches(const std::string& region, const std::string& node, std::int64_t from_us,
                 std::int64_t until_us) const;

private:
    struct Window {
        std::int64_t from_us = 0;
        std::int64_t until_us = INT64_MAX;
        int open = 0;  // faults overlap
    };
    bool touches_one(const std::string& where, std::int64_t from_us, std::int64_t until_us) const;

    std::map<std::string, Window> windows_;
};

}  // namespace flyball
