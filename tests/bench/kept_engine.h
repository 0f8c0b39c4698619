#pragma once
// An engine whose decisions are kept on a real disk, as in a node but without its transport: one
// thread decides, the keeper's writes. Counts what goes through the door to the disk.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "node/engine.h"
#include "node/keeper_thread.h"

namespace flyball::bench {

struct DiskCounts {
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> syncs{0};
};

class KeptEngine : private Keeper::Owner, private EngineHost {
public:
    // In a folder of its own below `parent`, gone with it.
    KeptEngine(const std::filesystem::path& parent, Durability durability);
    ~KeptEngine() override;
    KeptEngine(const KeptEngine&) = delete;
    KeptEngine& operator=(const KeptEngine&) = delete;

    // Decides one request that nobody has asked before: the record that its reply waits for, or 0.
    std::uint64_t decide();
    std::uint64_t durable() const { return keeper_->durable(); }
    void await_durable(std::uint64_t record);
    const DiskCounts& counts() const { return counts_; }

private:
    void with_engine(const std::function<void(Engine&)>& use) override;
    void keeping_changed() noexcept override;
    void turn_wanted() noexcept override;
    NodeChange node_change() override { return {.epoch = 1, .at = now_}; }
    std::vector<KeptEvent> kept_events() override { return {}; }
    void send(const Message& message) override { reply_bytes_ += message.payload.size(); }
    void breathe() override {}
    void reply_topic_refused(std::string_view /*topic*/) override {}

    std::filesystem::path folder_;
    DiskCounts counts_;
    bool waits_;
    Instant now_;
    std::unique_ptr<Keeper> keeper_;
    std::mutex owner_;
    std::unique_ptr<Engine> engine_;
    std::vector<std::string> payloads_;  // one a tenant; the last eight bytes are the id
    std::uint64_t id_ = 0;
    std::uint64_t reply_bytes_ = 0;

    std::mutex lock_;
    std::condition_variable changed_;
    std::unique_ptr<KeeperThread> thread_;
};

}  // namespace flyball::bench
