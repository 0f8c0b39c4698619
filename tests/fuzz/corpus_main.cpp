// Runs a fuzz target in builds without libFuzzer: on every file of its corpus, once, and then on
// FLYBALL_FUZZ_RUNS inputs that chance makes of them. Blind, where libFuzzer is led by coverage,
// but part of every run. What fails is named by its seed and number: FLYBALL_SEED and
// FLYBALL_FUZZ_FIRST begin with it.

#include <signal.h>
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
#include <vector>

#include "tests/from_environment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Of the sanitizers, where there are any: called before they end the process.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using flyball::testing::number_from;

constexpr std::size_t bytes_max = 65'537;  // as tools/fuzz
constexpr std::uint64_t runs_in_every_run = 5000;
constexpr std::array<unsigned char, 8> telling{0x00, 0x01, 0x7f, 0x80, 0xc1, 0xdd, 0xff, '"'};

char current[64];  // what is to blame, should it fail

void say_which() {
    const ssize_t ignored = ::write(STDERR_FILENO, current, std::strlen(current));
    static_cast<void>(ignored);  // there is nobody else to tell
}

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
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

void run_mutations(const std::vector<std::string>& corpus, std::uint64_t runs) {
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
        run(input);
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
    for (const auto& path : files) {
        std::printf("%s\n", path.c_str());
        std::fflush(stdout);  // the last one is to blame
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        run(corpus.back());
    }
    if (corpus.empty()) {
        return 1;
    }
    const std::uint64_t runs = number_from("FLYBALL_FUZZ_RUNS", runs_in_every_run);
    run_mutations(corpus, runs);
    std::printf("%zu files, %llu inputs made of them\n", corpus.size(),
                static_cast<unsigned long long>(runs));
    return 0;
}
