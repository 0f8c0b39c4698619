#pragma once
// Records and files as text for people: dates, ops by name, outcomes, columns. Main thread.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "governors/change.h"
#include "governors/rules.h"
#include "schemas/time.h"

namespace flyball {

// 2026-11-22T10:00:00.250Z; empty for the epoch, which stands for no time at all.
std::string date_text(Instant at);
std::string hex_text(std::uint64_t number);  // 16 digits, as health shows `instance`
std::string hex_text(std::span<const std::byte> bytes);
// JSON laid out over lines, so that one change is one line of a diff.
std::string laid_out(std::string_view json);

// Ops by their type's table.
class OpNames {
public:
    // "" when the record names none that the type has.
    std::string_view of(std::string_view governor, std::uint8_t op);

private:
    std::map<std::string, std::unique_ptr<Rules>, std::less<>> types_;
};
// "time", "removed" ...; "decision" for what has an op.
std::string_view kind_text(Change::Kind kind);

std::string_view standing_text(GovernorChange::Standing standing);

class Columns {
public:
    // A header that begins with '>' is of a column of numbers, set to the right.
    explicit Columns(std::vector<std::string> header);
    void add(std::vector<std::string> row);
    bool empty() const { return rows_.size() == 1; }
    std::string text() const;

private:
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace flyball
