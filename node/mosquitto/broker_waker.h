#pragma once
// How a node inside a broker gets its turns. On the broker's thread a wake-up is a flag, looked at
// before the broker goes on. From another thread, the keeper's, it is also one empty message to the
// broker over a loopback connection: the broker has no other door, and its tick comes up to 100 ms
// late. A wake-up that gets lost is made up for by that tick.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "node/settings.h"
#include "node/waiter.h"
#include "transport/transport.h"

namespace flyball {

class BrokerWaker final : public Waker, private Receiver {
public:
    // On the broker's thread.
    static Result<std::unique_ptr<BrokerWaker>> make(const NodeSettings& settings);
    ~BrokerWaker() override;

    void wake() noexcept override;
    // The broker calls again soon, although this is its own thread.
    void knock() noexcept;

    // The rest on the broker's thread.
    // The broker's loop runs, so it can be connected to: for a node whose replies wait for the
    // disk. Others can wait for a tick.
    void connect();
    // Whether this message is a wake-up: not for anybody else.
    bool is_knock(std::string_view topic, std::string_view client_id) const;
    // Whether a turn was wanted since the last call.
    bool take_wanted() noexcept;
    // A knock has arrived.
    void heard() noexcept;
    // A tick: a knock should have come back before.
    void look_for_knock(std::int64_t now_us);
    // What the log should know of the loopback connection since the last call.
    std::optional<std::string> take_news();

private:
    explicit BrokerWaker(const NodeSettings& settings);
    void on_message(const Message&) noexcept override {}
    void on_link(LinkState state, std::string_view why) noexcept override;
    std::optional<Will> will() noexcept override { return std::nullopt; }

    const std::thread::id broker_ = std::this_thread::get_id();
    std::string topic_, client_id_;
    std::atomic<bool> wanted_{false}, knocked_{false};
    std::atomic<std::int64_t> unheard_since_us_{0};  // 0: the last knock has arrived
    bool complained_ = false;
    std::mutex news_lock_;
    std::optional<std::string> news_;
    std::unique_ptr<Transport> link_;  // null: ticks have to do
    bool started_ = false;
};

}  // namespace flyball
