#include "governors/command.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string_view>
#include <vector>

namespace flyball {
namespace {

Value integer(std::int64_t number) {
    Value value;
    value.kind = Kind::integer;
    value.integer = number;
    return value;
}

Value text(std::string_view bytes) {
    Value value;
    value.kind = Kind::text;
    value.count = static_cast<std::uint32_t>(bytes.size());
    value.bytes = bytes.data();
    return value;
}

// A tape: a container of `count` members in front of its nodes.
std::vector<Value> tape(Kind kind, std::uint32_t count, std::vector<Value> nodes) {
    Value head;
    head.kind = kind;
    head.count = count;
    head.span = static_cast<std::uint32_t>(nodes.size() + 1);
    nodes.insert(nodes.begin(), head);
    return nodes;
}

std::uint32_t of(const std::vector<Value>& nodes) {
    Command command;
    command.value = nodes.data();
    return fingerprint(command);
}

TEST(Fingerprint, IsTheSameForTheSameContent) {
    const std::string one = "api_calls";
    const std::string other = "api_calls";
    Command left;
    left.name = one;
    left.amount = 7;
    Command right = left;
    right.name = other;
    EXPECT_EQ(fingerprint(left), fingerprint(right));
}

TEST(Fingerprint, DiffersForEachPartOfTheContent) {
    const Value value = integer(0);
    const std::vector<std::function<void(Command&)>> changes = {
        [](Command&) {},
        [](Command& command) { command.op = 1; },
        [](Command& command) { command.flag = true; },
        [](Command& command) { command.has_second = true; },
        [](Command& command) { command.name = "a"; },
        [](Command& command) { command.amount = 1; },
        [](Command& command) { command.second = 1; },
        [&](Command& command) { command.value = &value; },
    };
    std::set<std::uint32_t> seen;
    for (const auto& change : changes) {
        Command command;
        change(command);
        EXPECT_TRUE(seen.insert(fingerprint(command)).second);
    }
}

TEST(Fingerprint, DoesNotSeeTheOrderOfAMapsKeys) {
    EXPECT_EQ(of(tape(Kind::map, 2, {text("a"), integer(1), text("b"), integer(2)})),
              of(tape(Kind::map, 2, {text("b"), integer(2), text("a"), integer(1)})));
}

TEST(Fingerprint, SeesWhichKeyHasWhichValue) {
    EXPECT_NE(of(tape(Kind::map, 2, {text("a"), integer(1), text("b"), integer(2)})),
              of(tape(Kind::map, 2, {text("a"), integer(2), text("b"), integer(1)})));
}

TEST(Fingerprint, SeesTheOrderOfAnArrayAndWhatIsNested) {
    EXPECT_NE(of(tape(Kind::array, 2, {integer(1), integer(2)})),
              of(tape(Kind::array, 2, {integer(2), integer(1)})));
    EXPECT_NE(of(tape(Kind::array, 1, tape(Kind::array, 1, {integer(1)}))),
              of(tape(Kind::array, 1, {integer(1)})));
}

TEST(Fingerprint, TellsANumberFromItsDigits) {
    EXPECT_NE(of({integer(1)}), of({text("1")}));
}

TEST(Fingerprint, IsTheNumberThatOlderStateFilesHold) {
    Command command;
    command.op = 2;
    command.name = "api_calls";
    command.amount = 3;
    EXPECT_EQ(fingerprint(command), 1'185'888'795U);
}

}  // namespace
}  // namespace flyball
