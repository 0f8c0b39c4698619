// flyball-tidy ROOT: prints what breaks the house rules, one a line; exit 1 when something does.

#include <cstdio>
#include <exception>

#include "tests/tidy/rules.h"

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("usage: flyball-tidy ROOT\n", stderr);
        return 64;
    }
    const tidy::SourceTree tree = tidy::SourceTree::load(argv[1]);
    std::size_t total = 0;
    for (const tidy::Rule& rule : tidy::rules()) {
        tidy::Findings findings;
        rule.check(tree, findings);
        for (const tidy::Finding& finding : findings) {
            std::printf("%s:%zu: %s [%.*s]\n", finding.path.c_str(), finding.line,
                        finding.message.c_str(), static_cast<int>(rule.name.size()),
                        rule.name.data());
        }
        total += findings.size();
    }
    std::printf("%zu files, %zu rules, %zu findings\n", tree.files().size(), tidy::rules().size(),
                total);
    // A tree without files is a wrong path, not a tidy one.
    return total == 0 && !tree.files().empty() ? 0 : 1;
} catch (const std::exception& e) {
    std::fprintf(stderr, "flyball-tidy: %s\n", e.what());
    return 70;
}
