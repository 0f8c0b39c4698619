#include "governors/id_ring.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <map>
#include <string>

#include "tests/unit/governors/allocation_count.h"

namespace flyball {
namespace {

constexpr std::uint64_t seed = 4711;
constexpr std::int64_t start_ms = 1'767'225'600'000;

Id number(std::uint64_t value) {
    return {.form = Id::Form::number, .number = value, .text = {}};
}

Id text(std::string_view value) {
    return {.form = Id::Form::text, .number = 0, .text = value};
}

Instant at(std::int64_t ms) {
    return instant_from_ms(start_ms + ms);
}

// A ring with a vocabulary: ids by number, tenants by name.
class Memory {
public:
    Memory(std::size_t capacity, std::int64_t window_ms) : ring(capacity, Span{window_ms}, seed) {}

    RememberedId entry(std::string_view tenant, std::uint64_t id, std::int64_t ms) const {
        return {.key = ring.key_of(tenant, number(id)),
                .fingerprint = static_cast<std::uint32_t>(id * 3),
                .seq = id + 1,
                .at = at(ms),
                .outcome = {},
                .granted = {}};
    }
    void add(std::string_view tenant, std::uint64_t id, std::int64_t ms) {
        ring.add(entry(tenant, id, ms), ring.tenant_tag(tenant));
    }
    bool has(std::string_view tenant, std::uint64_t id) const {
        return ring.find(ring.key_of(tenant, number(id))).has_value();
    }

    IdRing ring;
};

// A decision that has begun to change something cannot be refused for want of memory any more.
TEST(IdRing, TakesNoMemoryForWhatRoomWasMadeFor) {
    constexpr std::size_t capacity = 64;
    Memory memory(capacity, 1);
    for (std::uint64_t id = 0; id < 4 * capacity; ++id) {
        // All of one tenant at first, each of a tenant of its own once the ring is full.
        const std::string tenant = id < capacity ? "one" : std::to_string(id);
        RememberedId entry = memory.entry(tenant, id, static_cast<std::int64_t>(id));
        memory.ring.make_room();
        if (id > capacity / 2) {
            entry.granted = 7;
            memory.ring.make_room_for_granted();
        }
        const std::uint64_t before = allocations_so_far();
        memory.ring.add(entry, memory.ring.tenant_tag(tenant));
        ASSERT_EQ(allocations_so_far(), before) << "id " << id;
    }
}

TEST(IdRing, TellsANumberFromItsDigitsAndTenantsFromEachOther) {
    const IdRing ring(8, Span{0}, seed);
    EXPECT_NE(ring.key_of("a", number(42)), ring.key_of("a", text("42")));
    EXPECT_NE(ring.key_of("a", number(42)), ring.key_of("b", number(42)));
    EXPECT_NE(ring.key_of("ab", text("c")), ring.key_of("a", text("bc")));
    EXPECT_EQ(ring.key_of("a", text("x")), ring.key_of("a", text("x")));
    EXPECT_NE(ring.key_of("a", text("x")), IdRing(8, Span{0}, seed + 1).key_of("a", text("x")));
}

TEST(IdRing, FindsEverythingOfWhatItWasTold) {
    Memory memory(8, 0);
    RememberedId entry = memory.entry("a", 7, 0);
    entry.seq = (std::uint64_t{1} << 47) - 1;
    entry.outcome = {Verdict::deny, Reason{63}, true};
    memory.ring.add(entry, memory.ring.tenant_tag("a"));
    EXPECT_EQ(memory.ring.find(entry.key), entry);
    RememberedId granted = memory.entry("a", 8, 5);
    granted.granted = INT64_MAX;
    memory.ring.add(granted, memory.ring.tenant_tag("a"));
    EXPECT_EQ(memory.ring.find(entry.key), entry);
    EXPECT_EQ(memory.ring.find(granted.key), granted);
}

TEST(IdRing, ForgetsTheOldestWhenFull) {
    Memory memory(3, 0);
    for (std::uint64_t id = 0; id < 5; ++id) {
        memory.add("a", id, static_cast<std::int64_t>(id));
        EXPECT_FALSE(memory.ring.must_wait(at(9)));
    }
    EXPECT_FALSE(memory.has("a", 1));
    EXPECT_TRUE(memory.has("a", 2));
    EXPECT_EQ(memory.ring.size(), 3U);
    EXPECT_EQ(memory.ring.oldest(), at(2));
}

TEST(IdRing, ReplacesAKeyInPlace) {
    Memory memory(3, 0);
    memory.add("a", 1, 0);
    memory.add("a", 2, 1);
    RememberedId again = memory.entry("a", 1, 2);
    again.seq = 99;
    memory.ring.add(again, memory.ring.tenant_tag("a"));
    EXPECT_EQ(memory.ring.size(), 2U);
    EXPECT_EQ(memory.ring.find(again.key), again);
}

TEST(IdRing, RefusesWithinItsWindowAndSaysHowLong) {
    Memory memory(2, 1000);
    memory.add("a", 1, 0);
    memory.add("a", 2, 100);
    EXPECT_EQ(memory.ring.must_wait(at(300)), Span{700});
    EXPECT_EQ(memory.ring.must_wait(at(999)), Span{1});
    EXPECT_FALSE(memory.ring.must_wait(at(1000)));
    memory.add("a", 3, 1000);
    EXPECT_FALSE(memory.has("a", 1));
    EXPECT_EQ(memory.ring.must_wait(at(1000)), Span{100});
}

TEST(IdRing, MakesTheTenantWithTheMostIdsGiveUpItsOldest) {
    Memory memory(5, 1000);
    memory.add("quiet", 1, 0);
    memory.add("busy", 2, 10);
    memory.add("busy", 3, 20);
    memory.add("busy", 4, 30);
    memory.add("other", 5, 40);
    memory.add("new", 6, 2000);
    EXPECT_FALSE(memory.has("busy", 2));
    EXPECT_TRUE(memory.has("quiet", 1));
    memory.add("new", 7, 2000);  // busy has 2, new 1
    EXPECT_FALSE(memory.has("busy", 3));
    memory.add("new", 8, 2000);  // new has 2
    EXPECT_FALSE(memory.has("new", 6));
    EXPECT_EQ(memory.ring.oldest(), at(0));
}

TEST(IdRing, TakesTheOldestAmongTenantsWithEquallyMany) {
    Memory memory(3, 1000);
    memory.add("c", 1, 0);
    memory.add("a", 2, 1);
    memory.add("b", 3, 2);
    memory.add("d", 4, 3000);
    EXPECT_FALSE(memory.has("c", 1));
    memory.add("e", 5, 3000);
    EXPECT_FALSE(memory.has("a", 2));
}

TEST(IdRing, NeverWaitsForTimeThatWasTakenBack) {
    Memory memory(1, 1000);
    memory.add("a", 1, 5000);
    EXPECT_EQ(memory.ring.must_wait(at(0)), Span{1000});
}

TEST(IdRing, KnowsInstantsFromBeforeTheClockWasSet) {
    Memory memory(2, 1000);
    memory.add("a", 1, -start_ms);
    memory.add("a", 2, 0);
    EXPECT_FALSE(memory.ring.must_wait(at(1)));  // 56 years are past any window
}

TEST(IdRing, SaysWhichTenantsItRemembers) {
    for (const std::int64_t window_ms : {0, 1000}) {
        Memory memory(2, window_ms);
        memory.add("a", 1, 0);
        memory.add("b", 2, 0);
        EXPECT_TRUE(memory.ring.remembers(memory.ring.tenant_tag("a")));
        memory.add("b", 3, 2000);
        EXPECT_FALSE(memory.ring.remembers(memory.ring.tenant_tag("a")));
        EXPECT_TRUE(memory.ring.remembers(memory.ring.tenant_tag("b")));
    }
}

TEST(IdRing, FitsWithAnEventRingInto52000BytesAt1024) {
    Memory memory(1024, 0);
    EventRing events(1024);
    EXPECT_LE(memory.ring.memory_bytes(), 400U);
    for (std::uint64_t id = 0; id < 5000; ++id) {
        memory.add("a", id, 0);
        events.add({.seq = id, .at = at(0), .tenant = 0, .outcome = {}, .amount = 1});
    }
    const std::size_t bytes = memory.ring.memory_bytes() + events.memory_bytes();
    std::cout << "id ring, 1024 slots: " << memory.ring.memory_bytes() << " bytes; with events "
              << bytes << "\n";
    EXPECT_LE(bytes, 52'000U);
}

TEST(IdRing, FindsAmong70000WithWideIndexCells) {
    Memory memory(70'000, 0);
    for (std::uint64_t id = 0; id < 100'000; ++id) {
        memory.add("a", id, 0);
    }
    for (std::uint64_t id = 0; id < 100'000; ++id) {
        EXPECT_EQ(memory.has("a", id), id >= 30'000);
    }
}

// What the header says, with no cleverness: a list from oldest to newest.
class Model {
public:
    struct Item {
        RememberedId entry;
        std::string tenant;
    };

    void add(const RememberedId& entry, const std::string& tenant, std::size_t capacity,
             bool window) {
        for (Item& item : items) {
            if (item.entry.key == entry.key) {
                item.entry = entry;
                return;
            }
        }
        if (items.size() == capacity) {
            items.erase(items.begin() + static_cast<std::ptrdiff_t>(window ? first_to_go() : 0));
        }
        items.push_back({entry, tenant});
    }
    std::size_t first_to_go() const {
        std::map<std::string, int> counts;
        for (const Item& item : items) {
            ++counts[item.tenant];
        }
        std::size_t first = 0;
        for (std::size_t place = 1; place < items.size(); ++place) {
            if (counts[items[place].tenant] > counts[items[first].tenant]) {
                first = place;
            }
        }
        return first;
    }

    std::deque<Item> items;
};

RC_GTEST_PROP(IdRing, BehavesAsAListThatIsSearched, ()) {
    auto capacity = *rc::gen::inRange<std::size_t>(1, 24);
    std::int64_t window_ms = *rc::gen::element(0, 50);
    Memory memory(capacity, window_ms);
    Model model;
    std::int64_t now = 0;
    for (int step = *rc::gen::inRange(0, 300); step > 0; --step) {
        now += *rc::gen::inRange(0, 10);
        if (*rc::gen::inRange(0, 40) == 0) {
            capacity = *rc::gen::inRange<std::size_t>(1, 24);
            window_ms = *rc::gen::element(0, 50);
            memory.ring.configure(capacity, Span{window_ms});
            while (model.items.size() > capacity) {
                model.items.pop_front();
            }
        }
        const std::string tenant(1, static_cast<char>('a' + *rc::gen::inRange(0, 5)));
        RememberedId entry = memory.entry(tenant, *rc::gen::inRange<std::uint64_t>(0, 60), now);
        entry.granted = *rc::gen::element<std::optional<std::int64_t>>(std::nullopt, 0, 7);
        const bool full = model.items.size() == capacity;
        if (full && window_ms > 0) {
            const std::int64_t age =
                to_ms(at(now)) - to_ms(model.items[model.first_to_go()].entry.at);
            const auto wait = memory.ring.must_wait(at(now));
            RC_ASSERT(wait.has_value() == (age < window_ms));
            RC_ASSERT(!wait || wait->count() == window_ms - age);
        } else {
            RC_ASSERT(!memory.ring.must_wait(at(now)));
        }
        memory.ring.add(entry, memory.ring.tenant_tag(tenant));
        model.add(entry, tenant, capacity, window_ms > 0);

        std::vector<RememberedId> walked;
        memory.ring.walk([&](const RememberedId& id, std::uint32_t) { walked.push_back(id); });
        RC_ASSERT(walked.size() == model.items.size());
        RC_ASSERT(memory.ring.oldest() == model.items.front().entry.at);
        for (std::size_t place = 0; place < walked.size(); ++place) {
            RC_ASSERT(walked[place] == model.items[place].entry);
            RC_ASSERT(memory.ring.find(walked[place].key) == walked[place]);
        }
    }
}

RC_GTEST_PROP(IdRing, IsMadeAgainByAddingWhatItWalks, ()) {
    Memory memory(*rc::gen::inRange<std::size_t>(1, 16), *rc::gen::element(0, 50));
    for (std::uint64_t id = 0; id < 40; ++id) {
        memory.add(*rc::gen::element<std::string>("a", "b", "c"), id,
                   static_cast<std::int64_t>(id));
    }
    Memory copy = memory;
    copy.ring.configure(memory.ring.capacity(), Span{50});
    memory.ring.configure(memory.ring.capacity(), Span{50});
    for (std::uint64_t id = 100; id < 120; ++id) {
        const std::string tenant = *rc::gen::element<std::string>("a", "b", "c");
        RC_ASSERT(memory.ring.must_wait(at(90)) == copy.ring.must_wait(at(90)));
        memory.add(tenant, id, 90);
        copy.add(tenant, id, 90);
        RC_ASSERT(memory.has("a", id) == copy.has("a", id));
    }
}

}  // namespace
}  // namespace flyball
