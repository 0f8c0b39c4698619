// The keeper beside threads that decide: several at a time under one lock, snapshots asked for and
// made meanwhile, health looked at, a disk that fails and comes back. Afterwards the disk has what
// the engine had. The thread sanitizer looks on in its build.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "node/keeper_thread.h"
#include "tests/sim/memory_disk.h"
#include "tests/sim/traffic.h"

namespace flyball {
namespace {

constexpr auto patience = std::chrono::seconds(60);
constexpr Span long_patience{60'000};
constexpr int deciders = 4;
constexpr int requests_each = 150;

// Used by the keeper's thread, failed and healed by the test's.
class LockedDisk {
public:
    template <typename Use>
    auto with(const Use& use) {
        const std::lock_guard lock(lock_);
        return use(disk_);
    }

private:
    std::mutex lock_;
    MemoryDisk disk_;
};

class DoorFile final : public DiskFile {
public:
    DoorFile(LockedDisk& disk, std::unique_ptr<DiskFile> file)
        : disk_(disk), file_(std::move(file)) {}
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        return disk_.with([&](MemoryDisk&) { return file_->write(offset, bytes); });
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        return disk_.with([&](MemoryDisk&) { return file_->read(offset, into); });
    }
    Result<void> sync() override {
        return disk_.with([&](MemoryDisk&) { return file_->sync(); });
    }
    Result<std::uint64_t> size() override {
        return disk_.with([&](MemoryDisk&) { return file_->size(); });
    }
    void forget_cache() override {
        disk_.with([&](MemoryDisk&) { file_->forget_cache(); });
    }

private:
    LockedDisk& disk_;
    std::unique_ptr<DiskFile> file_;
};

class Door final : public Disk {
public:
    explicit Door(LockedDisk& disk) : disk_(disk) {}
    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override {
        auto file = disk_.with([&](MemoryDisk& disk) { return disk.open(name, how); });
        if (!file) {
            return file;
        }
        return std::unique_ptr<DiskFile>(std::make_unique<DoorFile>(disk_, std::move(*file)));
    }
    Result<void> rename(std::string_view from, std::string_view to) override {
        return disk_.with([&](MemoryDisk& disk) { return disk.rename(from, to); });
    }
    Result<void> remove(std::string_view name) override {
        return disk_.with([&](MemoryDisk& disk) { return disk.remove(name); });
    }
    Result<void> sync_folder() override {
        return disk_.with([](MemoryDisk& disk) { return disk.sync_folder(); });
    }
    Result<std::vector<std::string>> list() override {
        return disk_.with([](MemoryDisk& disk) { return disk.list(); });
    }

private:
    LockedDisk& disk_;
};

class Busy : private Keeper::Owner {
public:
    explicit Busy(Durability durability)
        : keeper_(std::make_unique<Door>(disk_), {.durability = durability, .interval = Span{5}}),
          desk_(options()) {
        EXPECT_TRUE(keeper_.identify({.instance = 11, .seed = 7}).has_value());
        Recovery recovery(desk_.engine());
        EXPECT_TRUE(keeper_.recover(desk_.engine(), recovery).has_value());
        for (const auto& [title, config] : sim::governors()) {
            const std::size_t slash = title.find('/');
            EXPECT_TRUE(desk_.engine()
                            .registry()
                            .add(title.substr(0, slash), title.substr(slash + 1), config, now_)
                            .has_value());
        }
        keeper_.note(node_change());
        keeper_.end_decision();
        EXPECT_TRUE(keeper_.start(*this).has_value());
        thread_ = std::make_unique<KeeperThread>(keeper_);
        woken_ = thread_.get();
    }

    void decide_many() {
        std::vector<std::thread> threads;
        for (int number = 0; number < deciders; ++number) {
            threads.emplace_back([this, number] {
                sim::Traffic traffic(static_cast<std::uint64_t>(number) + 1);
                for (int asked = 0; asked < requests_each; ++asked) {
                    await_durable(decide(traffic.next()));
                }
            });
        }
        for (int round = 0; round < 20; ++round) {
            keeper_.want_snapshot();
            EXPECT_LE(keeper_.durable(), keeper_.newest());
            static_cast<void>(keeper_.health());
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
    void fail_writes() {
        disk_.with(
            [](MemoryDisk& disk) { disk.fail({.call = DiskCall::write, .from_then_on = true}); });
    }
    void heal() {
        disk_.with([](MemoryDisk& disk) { disk.heal(); });
    }
    bool await(const std::function<bool()>& wanted) {
        std::unique_lock lock(lock_);
        return changed_.wait_for(lock, patience, wanted);
    }
    void change_something() { await_durable(decide(top_up())); }
    // The first turn that ends may have begun before the change.
    void change_something_and_await_turns() {
        const std::uint64_t record = decide(top_up());
        thread_->await_turn(long_patience);
        thread_->await_turn(long_patience);
        EXPECT_GE(keeper_.durable(), record);
    }
    Keeper& keeper() { return keeper_; }

    // The end; what is on disk then, as the engine would be after a start, beside what it was.
    void expect_kept() {
        thread_->stop();
        MemoryDisk after(disk_.with([](MemoryDisk& disk) { return disk.image(); }));
        sim::Desk again(sim::engine_options());
        Recovery recovery(again.engine());
        StateStore store(after, {});
        const auto recovered = store.recover(again.engine(), recovery);
        ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
        EXPECT_EQ(recovered->faults, std::vector<std::string>());
        EXPECT_EQ(again.state(now_), desk_.state(now_));
    }

private:
    static sim::Asked top_up() {
        return {.below = "billing/main/admin",
                .request = {{"op", "topup"}, {"tenant", "ann"}, {"amount", 1}}};
    }
    Engine::Options options() {
        Engine::Options options = sim::engine_options();
        options.changes = &keeper_;
        return options;
    }
    std::uint64_t decide(const sim::Asked& asked) {
        const std::lock_guard lock(owner_);
        now_ += Span{asked.pass_ms};
        desk_.engine().pass_time(now_);
        keeper_.end_decision();
        desk_.ask(asked, now_);
        return keeper_.replies_wait() ? keeper_.newest() : 0;
    }
    void await_durable(std::uint64_t record) {
        const bool done =
            await([&] { return keeper_.durable() >= record || keeper_.health_is_failing(); });
        EXPECT_TRUE(done) << "record " << record;
    }
    void with_engine(const std::function<void(Engine&)>& use) override {
        const std::lock_guard lock(owner_);
        use(desk_.engine());
    }
    void keeping_changed() noexcept override {
        const std::lock_guard lock(lock_);
        changed_.notify_all();
    }
    NodeChange node_change() override { return {.epoch = 1, .at = now_}; }
    std::vector<KeptEvent> kept_events() override { return {}; }
    void turn_wanted() noexcept override {
        if (KeeperThread* thread = woken_) {
            thread->wake();
        }
    }

    LockedDisk disk_;
    Keeper keeper_;
    std::mutex owner_;
    Instant now_ = instant_from_ms(1'767'225'600'000);
    sim::Desk desk_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::atomic<KeeperThread*> woken_{nullptr};  // none until it runs
    std::unique_ptr<KeeperThread> thread_;       // the last: it uses all of the above
};

class KeeperThreads : public testing::TestWithParam<Durability> {};

TEST_P(KeeperThreads, KeepWhatManyDecided) {
    Busy busy(GetParam());
    busy.decide_many();
    busy.expect_kept();
}

INSTANTIATE_TEST_SUITE_P(Modes, KeeperThreads,
                         testing::Values(Durability::commit, Durability::interval,
                                         Durability::none));

TEST(KeeperThreads, GoOnAfterADiskThatFailedMeanwhile) {
    Busy busy(Durability::commit);
    busy.decide_many();
    busy.fail_writes();
    busy.change_something();
    EXPECT_TRUE(busy.await([&] { return busy.keeper().health_is_failing(); }));
    busy.heal();
    EXPECT_TRUE(busy.await([&] { return !busy.keeper().health_is_failing(); }));
    busy.decide_many();
    busy.expect_kept();
}

TEST(KeeperThreads, HaveTheirTurnWhileSomebodyWaitsForIt) {
    Busy busy(Durability::commit);
    for (int change = 0; change < 100; ++change) {
        busy.change_something_and_await_turns();
    }
    busy.expect_kept();
}

}  // namespace
}  // namespace flyball
