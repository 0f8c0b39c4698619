// What was recorded, put in place again, is what was there: for every governor type, admits, time
// and tenants that come and go.

#include "node/recovery.h"

#include <gtest/gtest.h>

#include "governors/image_bytes.h"
#include "tests/sim/traffic.h"

namespace flyball::sim {
namespace {

// Keeps records as a journal would, in memory.
class Keeping : public ChangeSink {
public:
    void note(const Change& change) override { writer_.add(change); }
    void note(const GovernorChange& change) override { writer_.add(change); }
    void end_decision() override {
        if (!writer_.empty()) {
            records.emplace_back(writer_.finish());
        }
    }
    std::vector<std::string> records;

private:
    RecordWriter writer_;
};

void recover(Desk& desk, const std::vector<std::string>& records) {
    Recovery recovery(desk.engine());
    RecordReader reader;
    for (std::size_t at = 0; at < records.size(); ++at) {
        recovery.begin_record(at + 1);
        ASSERT_TRUE(reader.read(std::as_bytes(std::span(records[at])), recovery))
            << recovery.fault();
    }
    recovery.finish();
}

class Recorded : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Recorded, IsWhatWasThere) {
    Keeping keeping;
    Engine::Options options = engine_options();
    options.changes = &keeping;
    Desk desk(std::move(options));
    Instant now = instant_from_ms(1'767'225'600'000);
    for (const auto& [title, config] : governors()) {
        const std::size_t slash = title.find('/');
        ASSERT_TRUE(desk.engine().registry().add(title.substr(0, slash), title.substr(slash + 1),
                                                 config, now));
        keeping.end_decision();
    }
    Traffic traffic(GetParam());
    for (int step = 0; step < 400; ++step) {
        const Asked asked = traffic.next();
        now += Span{asked.pass_ms};
        if (step % 3 == 0) {
            desk.engine().pass_time(now);
        }
        desk.ask(asked, now);
        if (step % 40 == 39) {
            Desk again(engine_options());
            recover(again, keeping.records);
            ASSERT_EQ(again.state(now), desk.state(now)) << "step " << step;
        }
    }
    // From here on both answer alike, numbers apart.
    Desk again(engine_options());
    recover(again, keeping.records);
    std::int64_t reserved = 0;
    for (int step = 0; step < 200; ++step) {
        const Asked asked = traffic.next();
        now += Span{asked.pass_ms};
        Json one = desk.ask(asked, now);
        Json other = again.ask(asked, now);
        const bool replayed = one.value("replayed", false);
        if (!replayed && one.contains("seq")) {
            reserved = other.at("seq").get<std::int64_t>();
            ASSERT_GT(reserved, 65'536) << "no number is given twice";
            one.erase("seq");
            other.erase("seq");
        }
        ASSERT_EQ(one, other) << asked.below << asked.request;
    }
}

TEST(Recovery, OfAnEmptyFolderSkipsNoNumbers) {
    Desk desk(engine_options());
    recover(desk, {});
    const Asked asked{.below = "admit/request",
                      .request = {{"tenant", "acme"}, {"quota", Json::object()}},
                      .pass_ms = 0};
    const Instant now = instant_from_ms(1'767'225'600'000);
    ASSERT_TRUE(desk.engine().registry().add("quota", "main", Tree{}, now));
    EXPECT_EQ(desk.ask(asked, now).at("seq"), 1);
}

// The number after the last that the ring of ids holds ended the process.
TEST(Recovery, TakesNoRecordWhoseNumberLeavesNoneToGiveOut) {
    Desk desk(engine_options());
    ASSERT_TRUE(desk.engine().registry().add("quota", "main", Tree{}, Instant{}));
    for (const std::uint64_t beyond : {0U, 1U}) {
        RecordWriter writer;
        writer.add(Change{.kind = Change::Kind::decision,
                          .governor = "quota/main",
                          .seq = stored_seq_max + beyond});
        Recovery recovery(desk.engine());
        recovery.begin_record(1);
        EXPECT_EQ(RecordReader().read(std::as_bytes(std::span(writer.finish())), recovery),
                  beyond == 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Recorded, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace flyball::sim
