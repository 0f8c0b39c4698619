// Bugs planted on purpose, one at a time: the simulation has to find each of them in the time that
// it has, and nothing when none is planted. FLYBALL_MUTANT runs one.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/from_environment.h"
#include "tests/sim/mutants/planted.h"
#include "tests/sim/simulation.h"

namespace flyball::sim {
namespace {

struct Mutant {
    int number;
    const char* title;
};
constexpr Mutant mutants[] = {
#include FLYBALL_MUTANTS
};
constexpr std::uint64_t seeds_max = 400;  // FLYBALL_MUTANT_SEEDS: as many instead

int planted_number = 0;

struct Found {
    std::uint64_t seeds = 0;
    std::uint64_t steps = 0;
    std::string how;
};

Found hunt_here(int number, std::uint64_t seeds) {
    Found found;
    plant(number);
    for (std::uint64_t seed = 1; seed <= seeds && found.how.empty(); ++seed) {
        Simulation simulation({.seed = seed});
        simulation.run();
        ++found.seeds;
        found.steps += simulation.counts().steps;
        if (!simulation.checker().good()) {
            found.how = simulation.checker().violations().front();
        }
    }
    plant(0);
    return found;
}

// In a process of its own: what a bug spoils may end it, and is found by that.
Found hunt(int number, std::uint64_t seeds) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
        return {.how = ""};
    }
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const Found found = hunt_here(number, seeds);
        const std::string text = std::to_string(found.seeds) + " " + std::to_string(found.steps) +
                                 " " + found.how.substr(0, 2000);
        const ssize_t written = write(ends[1], text.data(), text.size());
        _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = read(ends[0], buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    Found found;
    if (text.empty()) {
        found.how = "the program ended itself";
        return found;
    }
    std::size_t at = 0;
    found.seeds = std::stoull(text, &at);
    text.erase(0, at + 1);
    found.steps = std::stoull(text, &at);
    found.how = text.substr(at + 1);
    return found;
}

TEST(Mutants, AreAllFound) {
    const char* const one = std::getenv("FLYBALL_MUTANT");
    const std::uint64_t seeds = testing::number_from("FLYBALL_MUTANT_SEEDS", seeds_max);
    for (const Mutant& mutant : mutants) {
        if (one != nullptr && std::atoi(one) != mutant.number) {
            continue;
        }
        const Found found = hunt(mutant.number, seeds);
        std::printf("%2d %-62s %5llu seeds %7llu steps  %s\n", mutant.number, mutant.title,
                    static_cast<unsigned long long>(found.seeds),
                    static_cast<unsigned long long>(found.steps),
                    found.how.substr(0, one != nullptr ? 400 : 40).c_str());
        std::fflush(stdout);
        EXPECT_FALSE(found.how.empty()) << mutant.number << ": " << mutant.title;
    }
}

TEST(Mutants, NoneIsFoundWhereNoneIsPlanted) {
    EXPECT_EQ(hunt(0, 10).how, "");
}

}  // namespace

bool planted(int number) {
    return planted_number == number;
}

void plant(int number) {
    planted_number = number;
}

}  // namespace flyball::sim
