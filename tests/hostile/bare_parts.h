#pragma once
// What a node over a disk in memory is made of where memory runs out: parts that take none of
// their own. Of one thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/node.h"
#include "transport/transport.h"

namespace flyball::testing {

// The disk outlives the node that it is handed to.
class Lent final : public Disk {
public:
    explicit Lent(Disk& disk) : disk_(disk) {}
    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override {
        return disk_.open(name, how);
    }
    Result<void> rename(std::string_view from, std::string_view to) override {
        return disk_.rename(from, to);
    }
    Result<void> remove(std::string_view name) override { return disk_.remove(name); }
    Result<void> sync_folder() override { return disk_.sync_folder(); }
    Result<std::vector<std::string>> list() override { return disk_.list(); }

private:
    Disk& disk_;
};

// Turns are taken by nobody but the end.
class NoPace final : public KeeperPace {
public:
    explicit NoPace(Keeper& keeper) : keeper_(keeper) {}
    void wake() noexcept override {}
    void await_turn(Span) override {}
    void stop() override { keeper_.finish(); }

private:
    Keeper& keeper_;
};

class NoWaker final : public Waker {
public:
    void wake() noexcept override {}
};

// Always up; what is published last, but for events, stands in buffers that were made before.
class Wire final : public Transport {
public:
    struct Said {
        std::string topic;
        std::string payload;
    };
    Wire(Receiver*& receiver, Said& said) : receiver_(receiver), said_(said) {}
    void start(Receiver& receiver) override { receiver_ = &receiver; }
    Publish publish(const Message& message) noexcept override {
        if (!message.topic.ends_with("/event") && message.topic.size() <= said_.topic.capacity() &&
            message.payload.size() <= said_.payload.capacity()) {
            said_.topic.assign(message.topic);
            said_.payload.assign(message.payload);
        }
        return Publish::accepted;
    }
    bool flush(Span) override { return true; }
    void unsubscribe() override {}
    void stop() override {}
    LinkState link() const override { return LinkState::up; }
    TransportCounts counts() const override { return {}; }
    std::string_view name() const override { return "wire"; }
    std::string peer() const override { return "wire"; }
    int protocol_version() const override { return 5; }

private:
    Receiver*& receiver_;
    Said& said_;
};

}  // namespace flyball::testing
