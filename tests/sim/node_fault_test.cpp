// The disk of a whole node fails at the k-th call of each kind, once or from then on, for every k:
// the node is degraded within a second, tells nothing that is not so, and is well again within five
// seconds of the fault's end, with everything that it was asked meanwhile.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

using Reason = DiskFault::Reason;

constexpr std::int64_t second_ms = 1000;
constexpr int cuts_of_a_failure = 4;
constexpr const char* mode_names[] = {"commit", "interval", "none"};

struct Failure {
    Durability durability = Durability::commit;
    DiskFault fault;
    std::string text() const {
        return std::string(mode_names[static_cast<int>(durability)]) + ", call " +
               std::to_string(static_cast<int>(fault.call)) + " number " +
               std::to_string(fault.at) + ", reason " +
               std::to_string(static_cast<int>(fault.reason)) +
               (fault.from_then_on ? " from then on" : "");
    }
};

class FailingLife {
public:
    explicit FailingLife(const Failure& failure)
        : failure_(failure), life_({.durability = failure.durability}) {}

    // False: the fault never struck, there are fewer such calls.
    bool live() {
        SCOPED_TRACE(failure_.text());
        EXPECT_TRUE(life_.start({}));
        life_.run({[this] { begin(); }, [this] { run_into_it(); }, [this] { suffer(); },
                   [this] { be_degraded(); }, [this] { heal(); }, [this] { be_well(); }});
        if (struck_) {
            Probe found;
            EXPECT_EQ(
                life_.image_is_wrong(life_.node().killed(), life_.told_after(SIZE_MAX), found), "");
            EXPECT_TRUE(failure_.durability == Durability::none ||
                        found.record == life_.node().keeper().newest());
        }
        return struck_;
    }

private:
    bool failing() { return life_.node().keeper().health_is_failing(); }
    Json top_up() {
        return life_.ask("billing/main/admin",
                         {{"op", "topup"}, {"tenant", "ann"}, {"amount", 1}, {"id", ++ids_}});
    }

    void begin() {
        top_up();
        life_.pass_ms(2 * second_ms);
        life_.node().disk().fail(failure_.fault);
    }

    void run_into_it() {
        for (int i = 0; i < 24 && !failing(); ++i) {
            top_up();
            if (i % 6 == 5) {
                life_.ask("control", {{"op", "snapshot"}});
            }
            life_.pass_ms(failure_.durability == Durability::commit ? 20 : 1100);
        }
        struck_ = life_.node().disk().failures() > 0;
    }

    void suffer() {
        was_failing_ = failing();
        if (was_failing_) {
            const Json reply = top_up();
            const bool commits = failure_.durability == Durability::commit;
            EXPECT_EQ(reply.value("reason", ""), commits ? "overloaded" : "") << reply;
            EXPECT_EQ(reply.contains("retry_after_ms"), commits);
        }
        life_.pass_ms(second_ms / 2);
    }

    void be_degraded() {
        const bool cannot_recover = failure_.fault.call == DiskCall::write ||
                                    failure_.fault.call == DiskCall::sync ||
                                    failure_.fault.call == DiskCall::open;
        life_.pass_ms(second_ms / 2);
        if (was_failing_ && failure_.fault.from_then_on) {
            EXPECT_TRUE(failing() || !cannot_recover);
        }
        if (was_failing_ && failing()) {
            EXPECT_FALSE(life_.node().keeper().health().last_error.empty());
            EXPECT_EQ(life_.health().value("status", ""), "degraded");
            life_.pass_ms(20 * second_ms);
        }
        for (std::uint64_t seed = 0; struck_ && seed < cuts_of_a_failure; ++seed) {
            Probe found;
            EXPECT_EQ(
                life_.image_is_wrong(life_.node().cut_off(seed), life_.told_after(SIZE_MAX), found),
                "")
                << "power cut " << seed;
        }
    }

    void heal() {
        life_.node().disk().heal();
        life_.pass_ms(5 * second_ms);
        EXPECT_FALSE(failing()) << life_.node().keeper().health().last_error;
        top_up();
        life_.pass_ms(2 * second_ms);
    }

    void be_well() {
        const Json reply = life_.ask("billing/main/request", {{"op", "get"}, {"tenant", "ann"}});
        EXPECT_EQ(reply.value("decision", ""), "ok") << reply;
    }

    Failure failure_;
    Life life_;
    int ids_ = 0;
    bool struck_ = false;
    bool was_failing_ = false;
};

TEST(NodeFaults, NeverMakeItLieAndPassByThemselves) {
    constexpr DiskCall calls[] = {DiskCall::open,   DiskCall::write,       DiskCall::read,
                                  DiskCall::sync,   DiskCall::size,        DiskCall::rename,
                                  DiskCall::remove, DiskCall::sync_folder, DiskCall::list};
    constexpr Reason reasons[] = {Reason::input_output, Reason::no_space, Reason::read_only,
                                  Reason::short_write};
    std::uint64_t failures = 0;
    for (const Durability durability :
         {Durability::commit, Durability::interval, Durability::none}) {
        for (const DiskCall call : calls) {
            for (const Reason reason : reasons) {
                if (reason != Reason::input_output && call != DiskCall::write) {
                    continue;  // the system's word for it changes nothing
                }
                for (const bool lasts : {false, true}) {
                    Failure failure{durability, {call, 1, reason, lasts}};
                    while (FailingLife(failure).live() && !testing::Test::HasFailure()) {
                        ++failure.fault.at;
                        ++failures;
                    }
                }
            }
        }
    }
    std::printf("%llu failures of the disk\n", static_cast<unsigned long long>(failures));
}

}  // namespace
}  // namespace flyball::sim
