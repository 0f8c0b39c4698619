#pragma once
// An engine as a device runs it, for benchmarks: thirty governors, six of each type, with several
// resources, tiers, plans and rules; and one kind of request at a time, asked for one tenant after
// the other in a shuffled order. Neither clock nor file; with `journal` every change is written as
// a record into a buffer, as the keeper does.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/engine.h"

namespace flyball {

// What is asked, and of whom.
struct BenchKind {
    std::string_view name;  // as --loop takes it
    std::string_view title;
};
// In the order of the table.
std::span<const BenchKind> bench_kinds();

class BenchEngine final : private EngineHost {
public:
    // `kind`: a name of bench_kinds().
    BenchEngine(std::string_view kind, int tenants, bool journal);
    ~BenchEngine() override;

    // One request from bytes to bytes; of a batch one entry, all of them with the last.
    [[gnu::noinline]] void ask();

    std::size_t request_bytes() const { return entry_bytes_; }
    std::uint64_t replies() const { return replies_; }  // to so many requests or entries
    std::uint64_t reply_bytes() const { return reply_bytes_; }
    std::uint64_t record_bytes() const;

private:
    class Journal;
    using Digits = std::array<char, 6>;

    void add_governors();
    void open_accounts();
    void admin(std::string_view title, const std::string& json);
    void write_request(std::string_view kind);
    void count_up();

    void send(const Message& message) override;
    void breathe() override {}
    void reply_topic_refused(std::string_view topic) override;

    Instant now_ = instant_from_ms(1'800'000'000'000);
    std::unique_ptr<Journal> journal_;
    Engine engine_;
    std::vector<Digits> tenants_;
    std::size_t next_ = 0;
    std::string topic_;
    std::string payload_;
    std::size_t entry_bytes_ = 0;
    std::size_t entries_ = 1;    // of a message
    std::size_t asked_ = 0;      // of them so far
    std::size_t tenant_at_ = 0;  // the first one's digits in the payload
    std::size_t id_at_ = 0;      // likewise; 0: no id
    std::string_view expected_;  // in every reply
    std::uint64_t messages_ = 0;
    std::uint64_t replies_ = 0;
    std::uint64_t reply_bytes_ = 0;
};

}  // namespace flyball
