#pragma once
// What all rounds together say: one table of medians that is Markdown too, and everything as JSON.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/bench/peers/figures.h"
#include "tests/bench/peers/peer.h"
#include "tests/bench/peers/run.h"

namespace flyball::bench {

struct Measured {
    Peer peer;
    std::vector<Figures> rounds{};
    std::string fault{};  // why there are no more
};

std::string table_of(const std::vector<Measured>& all);
// What the table is made of, and what to know of it: versions, what is missing, answers lost.
std::string notes_of(const std::vector<Measured>& all, const RunSettings& settings);
nlohmann::ordered_json json_of(const std::vector<Measured>& all, const RunSettings& settings);

}  // namespace flyball::bench
