#include "governors/event_ring.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <iostream>

namespace flyball {
namespace {

constexpr std::int64_t newyear_2026 = 1'767'225'600'000;

PastEvent event(std::uint64_t seq, std::int64_t amount = 1) {
    return {.seq = seq,
            .at = instant_from_ms(newyear_2026 + static_cast<std::int64_t>(seq)),
            .tenant = static_cast<TenantIndex>(seq % 7),
            .outcome = {},
            .amount = amount};
}

TEST(EventRing, IsASmallObjectUntilItIsUsed) {
    const EventRing ring(1024);
    EXPECT_EQ(ring.size(), 0U);
    EXPECT_LE(ring.memory_bytes(), 200U);
}

TEST(EventRing, TakesAtMost25KilobytesWhenFullAt1024) {
    EventRing ring(1024);
    for (std::uint64_t seq = 1; seq <= 3000; ++seq) {
        ring.add(event(seq));
    }
    std::cout << "event ring, 1024 slots: " << ring.memory_bytes() << " bytes\n";
    EXPECT_LE(ring.memory_bytes(), 25'000U);
}

TEST(EventRing, KeepsExactlyItsCapacityWhenThatIsNoPowerOfTwo) {
    EventRing ring(100);
    for (std::uint64_t seq = 1; seq <= 250; ++seq) {
        ring.add(event(seq));
    }
    EXPECT_EQ(ring.size(), 100U);
    EXPECT_EQ(ring.at_age(0), event(250));
    EXPECT_EQ(ring.at_age(99), event(151));
}

TEST(EventRing, KeepsAmountsOf64BitsAmongSmallOnes) {
    constexpr std::int64_t edge = std::int64_t{1} << 46;
    EventRing ring(6);
    std::uint64_t seq = 0;
    const std::vector<std::int64_t> amounts = {0,     -1,        edge - 1,  edge,
                                               -edge, INT64_MAX, INT64_MIN, 5};
    for (const std::int64_t amount : amounts) {
        ring.add(event(++seq, amount));
    }
    for (std::size_t age = 0; age < ring.size(); ++age) {
        EXPECT_EQ(ring.at_age(age).amount, amounts[amounts.size() - 1 - age]);
    }
}

TEST(EventRing, KeepsEveryOutcome) {
    EventRing ring(1);
    for (const Verdict verdict : {Verdict::allow, Verdict::deny, Verdict::ok, Verdict::error}) {
        for (const Reason reason : {Reason::none, Reason::quota_exceeded, Reason{63}}) {
            for (const bool would : {false, true}) {
                PastEvent past = event(9);
                past.outcome = {verdict, reason, would};
                ring.add(past);
                EXPECT_EQ(ring.at_age(0), past);
            }
        }
    }
}

TEST(EventRing, CompletesSequenceNumbersBeyond40Bits) {
    EventRing ring(4);
    const std::uint64_t big = (std::uint64_t{1} << 40) - 2;
    for (std::uint64_t seq = big; seq < big + 4; ++seq) {
        ring.add(event(seq));
    }
    for (std::size_t age = 0; age < 4; ++age) {
        EXPECT_EQ(ring.at_age(age).seq, big + 3 - age);
    }
}

TEST(EventRing, KeepsInstantsFromBeforeTheClockWasSetAndFromBeforeItWasLowered) {
    EventRing ring(3);
    std::vector<PastEvent> past = {event(1), event(2), event(3)};
    past[0].at = instant_from_ms(1234);
    past[1].at = instant_from_ms(newyear_2026 + 86'400'000);
    for (const PastEvent& one : past) {
        ring.add(one);
    }
    EXPECT_EQ(ring.at_age(2), past[0]);
    EXPECT_EQ(ring.at_age(1), past[1]);
    EXPECT_EQ(ring.at_age(0), past[2]);
}

TEST(EventRing, BlanksATenantAndKeepsItsNumbers) {
    EventRing ring(10);
    for (std::uint64_t seq = 1; seq <= 10; ++seq) {
        ring.add(event(seq));
    }
    ring.blank(3);
    for (std::size_t age = 0; age < 10; ++age) {
        PastEvent expected = event(10 - age);
        expected.tenant = expected.tenant == 3 ? no_tenant : expected.tenant;
        EXPECT_EQ(ring.at_age(age), expected);
    }
}

TEST(EventRing, KeepsTheHighestTenantApartFromNone) {
    EventRing ring(1);
    PastEvent past = event(1);
    past.tenant = (1U << 22) - 3;
    ring.add(past);
    EXPECT_EQ(ring.at_age(0).tenant, (1U << 22) - 3);
}

RC_GTEST_PROP(EventRing, IsABoundedQueueThroughEveryChangeOfItsCapacity, ()) {
    auto capacity = *rc::gen::inRange<std::size_t>(1, 40);
    EventRing ring(capacity);
    std::deque<PastEvent> model;
    std::uint64_t seq = *rc::gen::inRange<std::uint64_t>(1, 1000);
    for (int step = *rc::gen::inRange(0, 200); step > 0; --step) {
        if (*rc::gen::inRange(0, 20) == 0) {
            capacity = *rc::gen::inRange<std::size_t>(1, 40);
            ring.set_capacity(capacity);
        } else {
            seq += *rc::gen::inRange<std::uint64_t>(1, 3);
            model.push_back(event(seq, *rc::gen::arbitrary<std::int64_t>()));
            ring.add(model.back());
        }
        while (model.size() > capacity) {
            model.pop_front();
        }
        RC_ASSERT(ring.size() == model.size());
        RC_ASSERT(ring.capacity() == capacity);
        for (std::size_t age = 0; age < model.size(); ++age) {
            RC_ASSERT(ring.at_age(age) == model[model.size() - 1 - age]);
        }
    }
}

}  // namespace
}  // namespace flyball
