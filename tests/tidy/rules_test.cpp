// Each rule is shown a small tree with one planted violation and must find just that, and a tree
// without it and must find nothing.

#include "tests/tidy/rules.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace tidy {
namespace {

namespace fs = std::filesystem;

class Tidy : public testing::Test {
protected:
    Tidy() {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        root_ = fs::temp_directory_path() /
                (std::string("flyball-tidy-") + info->name() + "-" + std::to_string(getpid()));
        fs::create_directories(root_);
    }
    ~Tidy() override { fs::remove_all(root_); }

    void write(const std::string& path, const std::string& text, bool executable = false) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
        if (executable) {
            fs::permissions(root_ / path, fs::perms::owner_all);
        }
    }

    // "path:line" of each finding.
    std::vector<std::string> found_by(void (*check)(const SourceTree&, Findings&)) const {
        Findings findings;
        check(SourceTree::load(root_), findings);
        std::vector<std::string> places;
        for (const Finding& finding : findings) {
            places.push_back(finding.path + ":" + std::to_string(finding.line));
        }
        return places;
    }

    using Places = std::vector<std::string>;

private:
    fs::path root_;
};

std::string repeat(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

TEST_F(Tidy, FindsAnIncludeAgainstTheArrows) {
    write("schemas/a.h", "#include \"schemas/b.h\"\n#include \"node/engine.h\"\n");
    write("governors/a.h", "#include \"schemas/a.h\"\n  # include \"transport/paho.h\"\n");
    write("transport/a.h", "#include \"governors/quota.h\"\n");
    write("node/a.h", "#include \"governors/a.h\"\n#include \"tests/tidy/rules.h\"\n");
    write("fleet/a.h", "#include \"transport/a.h\"\n#include \"node/a.h\"\n");
    write("tests/a.h", "#include \"node/a.h\"\n#include \"fleet/a.h\"\n#include \"a.h\"\n");
    EXPECT_EQ(found_by(includes_follow_the_arrows),
              (Places{"fleet/a.h:2", "governors/a.h:2", "node/a.h:2", "schemas/a.h:2",
                      "tests/a.h:3", "transport/a.h:1"}));
}

TEST_F(Tidy, FindsALibraryOutsideItsPlace) {
    write("transport/paho.cpp", "#include <mqtt/async_client.h>\n");
    write("transport/loopback.cpp", "#include <mqtt/async_client.h>\n");
    write("node/engine.cpp", "#include <mutex>\n#include <nlohmann/json.hpp>\n");
    write("schemas/decode.cpp", "#include <msgpack.hpp>\n#include <mutex>\n");
    write("governors/quota.cpp", "#include <random>\n");
    EXPECT_EQ(found_by(libraries_stay_in_their_place),
              (Places{"governors/quota.cpp:1", "node/engine.cpp:2", "schemas/decode.cpp:2",
                      "transport/loopback.cpp:1"}));
}

TEST_F(Tidy, FindsAClockOrASleepOutsideItsPlace) {
    write("node/clock.cpp", "auto t = std::chrono::steady_clock::now();\n");
    write("node/engine.cpp",
          "// steady_clock::now()\nauto t = std::chrono::steady_clock::now();\n");
    write("fleet/ask.cpp", "auto t = steady_clock::now();\nstd::this_thread::sleep_for(x);\n");
    write("tests/e2e/a_test.cpp", "std::this_thread::sleep_for(x);\n");
    write("tests/unit/node/a_test.cpp", "\nstd::this_thread::sleep_for(x);\n");
    EXPECT_EQ(found_by(clocks_stay_in_their_place),
              (Places{"fleet/ask.cpp:2", "node/engine.cpp:2", "tests/unit/node/a_test.cpp:2"}));
}

TEST_F(Tidy, FindsNamesThatSayNothing) {
    write("node/utils.h", "int a;\n");
    write("node/engine.h", "class EngineManager {};\nstruct Database {};\nclass TimerImpl;\n");
    EXPECT_EQ(found_by(files_and_types_have_real_names),
              (Places{"node/engine.h:1", "node/engine.h:3", "node/utils.h:0"}));
}

TEST_F(Tidy, FindsWhatWasLeftForLater) {
    write("node/engine.h", "int a;  // TODO: more\n");
    write("tests/unit/a_test.cpp", "\nTEST(Quota, DISABLED_Denies) {}\n");
    write("docs/a.md", "A FIXME here\nTODOs are not a word\n");
    EXPECT_EQ(found_by(nothing_is_left_for_later),
              (Places{"docs/a.md:1", "node/engine.h:1", "tests/unit/a_test.cpp:2"}));
}

TEST_F(Tidy, FindsASuppressionWithoutAReason) {
    write("node/a.h",
          "int a;  // NOLINT\nint b;  // NOLINT(cert-err58-cpp)\n"
          "int c;  // NOLINT(cert-err58-cpp): constant tables cannot throw\n");
    EXPECT_EQ(found_by(suppressions_have_a_reason), (Places{"node/a.h:1", "node/a.h:2"}));
}

TEST_F(Tidy, FindsAnEmptyCatch) {
    write("node/a.cpp",
          "try { f(); } catch (...) {}\ntry {\n} catch (const E& e) {\n  // why\n}\n"
          "try {\n} catch (...) {\n  count();\n}\n");
    EXPECT_EQ(found_by(no_catch_is_empty), (Places{"node/a.cpp:1", "node/a.cpp:3"}));
}

TEST_F(Tidy, FindsFilesAndLinesThatAreTooLong) {
    write("node/long.cpp", repeat("\n", 401));
    write("node/long.h", repeat("\n", 151));
    write("node/full.cpp", repeat("\n", 400));
    write("node/full.h", repeat("\n", 150));
    write("node/wide.cpp", repeat("x", 100) + "\n" + repeat("x", 101) + "\n");
    write("node/arrows.cpp", repeat("→", 100) + "\n");
    EXPECT_EQ(found_by(files_and_lines_are_short),
              (Places{"node/long.cpp:0", "node/long.h:0", "node/wide.cpp:2"}));
}

TEST_F(Tidy, FindsFunctionsThatAreTooLong) {
    const std::string body = repeat("    f(\"{\");  // }\n", 69);
    write("node/fits.cpp", "void f() {\n" + repeat("    f();\n", 68) + "}\n");
    write("node/long.cpp", "namespace n {\nvoid f(int x) {\n" + body + "}\n}\n");
    write("node/member.cpp", "class A {\n  A(int a)\n  : a_{a}, b_(1) {\n" + body + "}\n};\n");
    write("node/table.cpp", "constexpr int all[] = {\n" + repeat("  1,\n", 90) + "};\n");
    write("tests/a_test.cpp", "TEST(A, B) {\n  run([] {\n" + body + "});\n}\n");
    EXPECT_EQ(found_by(functions_are_short),
              (Places{"node/long.cpp:2", "node/member.cpp:2", "tests/a_test.cpp:1"}));
}

TEST_F(Tidy, FindsAFileThatNoTargetLists) {
    write("node/CMakeLists.txt", "add(x\n  engine.cpp\n  state/file.cpp)\n# lost.cpp\n");
    write("node/engine.cpp", "");
    write("node/lost.cpp", "");
    write("node/gine.cpp", "");
    write("node/state/file.cpp", "");
    write("node/lost.h", "");
    write("tests/CMakeLists.txt", "test(a_test.cpp)\n");
    write("tests/a_test.cpp", "#include \"tests/known.h\"\n#include \"node/lost.h\"\n");
    write("tests/known.h", "");
    write("tests/unknown.h", "");
    EXPECT_EQ(found_by(the_build_lists_every_file),
              (Places{"node/gine.cpp:0", "node/lost.cpp:0", "node/lost.h:0", "tests/unknown.h:0"}));
}

TEST_F(Tidy, FindsAReadmeThatDoesNotMatchItsFolder) {
    const std::string table = "| file | what |\n|---|---|\n";
    write("schemas/a.h", "");
    write("schemas/a.cpp", "");
    write("schemas/README.md", table + "| `a` | something |\n");
    write("governors/a.h", "");
    write("governors/README.md", table + "| `a`, `gone` | something with `b` |\n");
    write("transport/a.h", "");
    write("transport/README.md", table);
    write("node/README.md", repeat("\n", 41));
    write("tests/unit/a.cpp", "");
    write("tests/README.md", table + "| `unit/` | fast |\n");
    EXPECT_EQ(found_by(readmes_name_every_file),
              (Places{"governors/README.md:0", "transport/README.md:0", "node/README.md:0",
                      "fleet/README.md:0"}));
}

TEST_F(Tidy, FindsAScriptThatCannotBeRun) {
    const std::string good = "#!/usr/bin/env bash\nset -euo pipefail\n";
    write("tools/good", good, true);
    write("tools/plain", good);
    write("tools/loose", "#!/usr/bin/env bash\n", true);
    write("tools/bare", "set -euo pipefail\n", true);
    write(".ci/run", good);
    EXPECT_EQ(found_by(scripts_can_be_run),
              (Places{".ci/run:0", "tools/bare:1", "tools/loose:0", "tools/plain:0"}));
}

TEST_F(Tidy, FindsARegistryHostInALock) {
    write("docs/examples/package-lock.json",
          "{\n \"resolved\": \"https://example.org/a.tgz\"\n}\n");
    write("docs/package-lock.json", "{\n \"integrity\": \"sha512-x\"\n}\n");
    EXPECT_EQ(found_by(locks_name_no_host), (Places{"docs/examples/package-lock.json:2"}));
}

TEST_F(Tidy, LeavesBuildFoldersAlone) {
    write("build/dev/a.cpp", "int a;  // TODO\n");
    write("docs/examples/node_modules/a.js", "// TODO\n");
    write(".git/a.md", "TODO\n");
    EXPECT_EQ(found_by(nothing_is_left_for_later), Places{});
}

TEST(Blanking, KeepsCodeAndLineBreaksOnly) {
    EXPECT_EQ(blank_comments_and_texts("a/*b\nc*/d"), "a   \n   d");
    EXPECT_EQ(blank_comments_and_texts("a // b\nc"), "a     \nc");
    EXPECT_EQ(blank_comments_and_texts("f(\"x\\\"{\", '{')"), "f(      ,    )");
    EXPECT_EQ(blank_comments_and_texts("1'000'000 + R\"x({)\" )x\";"), "1'000'000 +            ;");
}

}  // namespace
}  // namespace tidy
