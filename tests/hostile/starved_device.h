#pragma once
// A node over a disk in memory whose allocations fail, in a child process: where a change cannot be
// noted for the disk the node ends its process, and the next one has what the disk has. Tests of
// hostile_allocation_failure only; one thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "node/node.h"
#include "tests/hostile/bare_parts.h"
#include "tests/hostile/heap.h"
#include "tests/sim/memory_disk.h"
#include "tests/unit/node/asked_engine.h"
#include "tests/unit/node/machine.h"

namespace flyball::testing {

inline constexpr const char* starved_config = R"(
node = "pi-7"
state.max_bytes = "1 MiB"
[governor.quota.main]
resources.api_calls = { limit = 100, window = "1d" }
resources.storage_mb = { limit = 5, window = "1h" }
[governor.quota.extra]
max_tenants = 5
)";
inline constexpr std::int64_t opening_balance = 100;  // of tenant b

class StarvedDevice {
public:
    explicit StarvedDevice(const DiskImage& image);
    void use(const char* text);  // as its configuration file
    // As the program does: the configuration, its governors tried out, the state. False: an error.
    bool start();
    void finish();
    void forget_what_was_said() { said_.payload.clear(); }
    void hand_over(const Message& message);
    bool allows(const GovernedAct& act) { return node_->allows(act); }
    bool said_nothing() const { return said_.payload.empty(); }
    Json reply() const { return Json::parse(said_.payload, nullptr, false); }
    Json ask(std::string_view below, const Json& request);
    MemoryDisk disk;

private:
    Machine machine_;
    NoWaker waker_;
    Log log_{LogLevel::error, [](LogLevel, const std::string&) {}};
    Receiver* receiver_ = nullptr;
    Wire::Said said_;
    std::unique_ptr<Node> node_;
};

// One that knows a remembered id, an added governor and a balance.
DiskImage image_with_a_state();
void expect_what_was_known(StarvedDevice& device);

// What became of a node over whose memory the k-th allocation failed; exit statuses that neither a
// sanitizer nor the shell has.
enum class End : std::uint8_t { done = 40, refused, thrown, wrong, process_ended };

// In a child: who is looked at once the process has ended, and how.
void set_at_work(StarvedDevice& device, std::function<void(StarvedDevice&)> look_at_the_next);
End in_a_child(const std::function<End()>& story);

}  // namespace flyball::testing
