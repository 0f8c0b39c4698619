#pragma once
// What `flyball doctor` has found: a line for each thing it looked at, and what to do about it.
// Plain values.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/payload.h"
#include "fleet/render.h"

namespace flyball {

enum class Grade : std::uint8_t { ok, warn, fail };
std::string_view to_text(Grade grade);

struct Finding {
    Grade grade = Grade::ok;
    std::string check;   // what was looked at: "clock", "state folder"
    std::string text;    // what there is
    std::string advice;  // what to do; empty when all is well
};

class Findings {
public:
    void ok(std::string check, std::string text);
    void warn(std::string check, std::string text, std::string advice);
    void fail(std::string check, std::string text, std::string advice);

    const std::vector<Finding>& all() const { return all_; }
    std::size_t count(Grade grade) const;

private:
    std::vector<Finding> all_;
};

// A line each, advice below it; what strangers wrote is made printable.
std::string findings_text(const Findings& findings, const Style& style);
Json findings_json(const Findings& findings);

}  // namespace flyball
