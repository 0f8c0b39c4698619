// Runs a fuzz target in builds without libFuzzer: on every file of its corpus, once, and then on
// FLYBALL_FUZZ_RUNS inputs that chance makes of them. Blind, where libFuzzer is led by coverage,
// but part of every run. What fails is named by its seed and number: FLYBALL_SEED and
// FLYBALL_FUZZ_FIRST begin with it. Says which input took longest, in processor time, and how much
// memory all of them took at most; both have bounds in a build that is optimised and has no
// sanitizer.

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/from_environment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Of the sanitizers, where there are any: called before they end the process.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using flyball::testing::number_from;

constexpr std::size_t bytes_max = 65'537;  // as tools/fuzz
constexpr std::uint64_t runs_in_every_run = 5000;
constexpr std::int64_t us_max = 10'000;
constexpr std::int64_t rss_kb_max = 64 * 1024;
constexpr std::array<unsigned char, 8> telling{0x00, 0x01, 0x7f, 0x80, 0xc1, 0xdd, 0xff, '"'};

char current[64];  // what is to blame, should it fail

void say_which() {
    const ssize_t ignored = ::write(STDERR_FILENO, current, std::strlen(current));
    static_cast<void>(ignored);  // there is nobody else to tell
}

std::int64_t processor_us() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

std::int64_t run_once(const std::string& input) {
    const std::int64_t began = processor_us();
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    return processor_us() - began;
}

// The dearest input so far. Others on the machine make a run dearer, none makes it cheaper: one
// that would pass the bound gets two more.
struct Dearest {
    std::int64_t us = 0;
    std::string name;

    void run(const std::string& input, std::string_view named) {
        std::int64_t took = run_once(input);
        for (int again = 0; took > us_max && again < 2; ++again) {
            took = std::min(took, run_once(input));
        }
        if (took > us) {
            us = took;
            name = named;
        }
    }
};

// Of this program alone: getrusage() goes on with what was there before exec.
std::int64_t most_resident_kb() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word && word != "VmHWM:") {
    }
    std::int64_t kb = rss_kb_max + 1;
    status >> kb;
    return kb;
}

// What docs/threats.md promises of parsers; nothing of a build that is to be looked into.
bool within_bounds(const Dearest& dearest) {
    const std::int64_t kb = most_resident_kb();
    std::printf("at most %.1f ms of processor time (%s), %lld MB\n",
                static_cast<double>(dearest.us) / 1000, dearest.name.c_str(),
                static_cast<long long>(kb / 1024));
#ifdef __OPTIMIZE__
    const bool judged = __sanitizer_set_death_callback == nullptr;
#else
    const bool judged = false;
#endif
    return !judged || (dearest.us <= us_max && kb <= rss_kb_max);
}

class Mutator {
public:
    Mutator(const std::vector<std::string>& corpus, std::uint64_t seed)
        : corpus_(corpus), random_(seed) {}

    std::string input() {
        std::string input = any();
        for (std::uint64_t edits = 1 + below(8); edits > 0; --edits) {
            edit(input);
        }
        input.resize(std::min(input.size(), bytes_max));
        return input;
    }

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    const std::string& any() { return corpus_[below(corpus_.size())]; }
    std::string piece_of(const std::string& text) {
        return text.substr(below(text.size() + 1), below(64));
    }
    void edit(std::string& input) {
        const std::size_t at = below(input.size() + 1);
        const std::uint64_t kind = below(6);
        if (kind == 0 || at == input.size()) {
            input.insert(at, piece_of(any()));
        } else if (kind == 1) {
            input[at] = static_cast<char>(telling[below(telling.size())]);
        } else if (kind == 2) {
            input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        } else if (kind == 3) {
            input.erase(at, below(2) == 0 ? 1 + below(16) : std::string::npos);
        } else if (kind == 4) {
            input.insert(at, piece_of(input));
        } else {
            const std::string other = piece_of(any());
            input.replace(at, other.size(), other);
        }
    }

    const std::vector<std::string>& corpus_;
    std::mt19937_64 random_;
};

void run_mutations(const std::vector<std::string>& corpus, std::uint64_t runs, Dearest& dearest) {
    const std::uint64_t seed = number_from("FLYBALL_SEED", 1);
    const std::uint64_t first = number_from("FLYBALL_FUZZ_FIRST", 0);
    for (std::uint64_t number = first; number < first + runs; ++number) {
        std::snprintf(current, sizeof current, "FLYBALL_SEED=%llu FLYBALL_FUZZ_FIRST=%llu\n",
                      static_cast<unsigned long long>(seed),
                      static_cast<unsigned long long>(number));
        const std::string input = Mutator(corpus, seed * 0x9e3779b97f4a7c15U + number).input();
        if (const char* to = std::getenv("FLYBALL_FUZZ_KEEP")) {
            std::ofstream(to, std::ios::binary) << input;
        }
        dearest.run(input, std::string_view(current, std::strlen(current) - 1));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(say_which);
    }
    ::signal(SIGABRT, [](int) { say_which(); });
    std::vector<std::filesystem::path> files;
    for (int at = 1; at < argc; ++at) {
        for (const auto& entry : std::filesystem::directory_iterator(argv[at])) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> corpus;
    Dearest dearest;
    for (const auto& path : files) {
        std::printf("%s\n", path.c_str());
        std::fflush(stdout);  // the last one is to blame
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        dearest.run(corpus.back(), path.filename().native());
    }
    if (corpus.empty()) {
        return 1;
    }
    const std::uint64_t runs = number_from("FLYBALL_FUZZ_RUNS", runs_in_every_run);
    run_mutations(corpus, runs, dearest);
    std::printf("%zu files, %llu inputs made of them\n", corpus.size(),
                static_cast<unsigned long long>(runs));
    return within_bounds(dearest) ? 0 : 1;
}
