#include "tests/sim/sim_node.h"

#include <utility>

#include "node/service/service_report.h"

namespace flyball::sim {

// A disk's door: tells the story of what is about to be done, and is shut for the dead.
class SimNode::Door final : public Disk {
public:
    explicit Door(SimNode& node) : node_(node) {}

    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override {
        if (how != Open::read && !works()) {
            return gone();
        }
        auto opened = node_.disk_->open(name, how);
        return opened ? Result<std::unique_ptr<DiskFile>>(
                            std::make_unique<File>(*this, std::move(*opened)))
                      : std::move(opened);
    }
    Result<void> rename(std::string_view from, std::string_view to) override {
        return works() ? node_.disk_->rename(from, to) : Result<void>(gone());
    }
    Result<void> remove(std::string_view name) override {
        return works() ? node_.disk_->remove(name) : Result<void>(gone());
    }
    Result<void> sync_folder() override {
        return works() ? node_.disk_->sync_folder() : Result<void>(gone());
    }
    Result<std::vector<std::string>> list() override { return node_.disk_->list(); }

private:
    class File final : public DiskFile {
    public:
        File(Door& door, std::unique_ptr<DiskFile> file) : door_(door), file_(std::move(file)) {}
        Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
            return door_.works() ? file_->write(offset, bytes) : Result<void>(gone());
        }
        Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            return file_->read(offset, into);
        }
        Result<void> sync() override {
            return door_.works() ? file_->sync() : Result<void>(gone());
        }
        Result<std::uint64_t> size() override { return file_->size(); }
        void forget_cache() override {
            if (!door_.node_.dead_) {
                file_->forget_cache();
            }
        }

    private:
        Door& door_;
        std::unique_ptr<DiskFile> file_;
    };

    bool works() {
        if (!node_.dead_) {
            node_.story_.disk_works();
        }
        return !node_.dead_;
    }
    static Error gone() { return {ErrorCode::unavailable, "the machine is off"}; }

    SimNode& node_;
};

class SimNode::Wire final : public Transport {
public:
    explicit Wire(SimNode& node) : node_(node) {}
    void start(Receiver& receiver) override {
        node_.receiver_ = &receiver;
        static_cast<void>(receiver.will());
        receiver.on_link(node_.link_up_ ? LinkState::up : LinkState::down, {});
    }
    Publish publish(const Message& message) noexcept override {
        return node_.dead_ ? Publish::not_connected : node_.story_.published(message);
    }
    bool has_room() const override { return node_.story_.has_room(); }
    bool flush(Span timeout) override { return node_.story_.flush(timeout); }
    void unsubscribe() override {}
    bool await_unsubscribed(Span timeout) override { return node_.story_.unsubscribed(timeout); }
    void stop() override {}
    LinkState link() const override { return node_.link_up_ ? LinkState::up : LinkState::down; }
    TransportCounts counts() const override { return {}; }
    std::string_view name() const override { return "simulated"; }
    std::string peer() const override { return "simulated"; }
    int protocol_version() const override { return 5; }

private:
    SimNode& node_;
};

class SimNode::Pace final : public KeeperPace {
public:
    explicit Pace(SimNode& node) : node_(node) {}
    void wake() noexcept override { node_.wanted_ = true; }
    void await_turn(Span /*timeout*/) override { node_.turn(); }
    void stop() override {
        node_.in_turn_ = true;
        node_.keeper_->finish();
        node_.in_turn_ = false;
    }

private:
    SimNode& node_;
};

SimNode::SimNode(Story& story, Log& log) : story_(story), log_(log) {}

SimNode::~SimNode() = default;

Result<void> SimNode::start(const NodeSettings& settings, std::function<Config()> reread,
                            const DiskImage& image) {
    node_.reset();
    receiver_ = nullptr;
    keeper_ = nullptr;
    engine_ = nullptr;
    dead_ = false;
    wanted_ = true;
    before_ = image;
    disk_ = std::make_unique<MemoryDisk>(image);
    waiter_ = std::move(Waiter::make()).value();
    const auto pace = [this](Keeper& keeper, Keeper::Owner& owner) -> std::unique_ptr<KeeperPace> {
        keeper_ = &keeper;
        owner.with_engine([this](Engine& engine) { engine_ = &engine; });
        return std::make_unique<Pace>(*this);
    };
    auto made = Node::make({.settings = settings,
                            .transport = std::make_unique<Wire>(*this),
                            .waker = *waiter_,
                            .log = log_,
                            .disk = std::make_unique<Door>(*this),
                            .fresh = {.instance = 11, .seed = 7},
                            .started = sample_clock(),
                            .reread = std::move(reread),
                            .pace = pace});
    if (!made) {
        return made.error();
    }
    node_ = std::move(*made);
    story_.awake();
    return {};
}

bool SimNode::run() {
    try {
        ServiceReport nobody{{}};
        node_->run(*waiter_, nobody);
    } catch (const Death&) {
        dead_ = true;
    }
    return !dead_;
}

std::optional<int> SimNode::asleep(Span timeout) {
    const auto signal = dead_ ? std::nullopt : story_.asleep(timeout);
    if (dead_) {
        throw Death{};
    }
    return signal;
}

void SimNode::set_link(bool up) {
    if (link_up_ != up) {
        link_up_ = up;
        if (receiver_ != nullptr) {
            receiver_->on_link(up ? LinkState::up : LinkState::down, {});
        }
    }
}

void SimNode::turn() {
    if (!in_turn_) {
        in_turn_ = true;
        wanted_ = false;
        next_turn_us_ = keeper_->turn();
        in_turn_ = false;
    }
}

DiskImage SimNode::cut_off(std::uint64_t seed) const {
    return one_crash_state(before_, disk_->log(), {.seed = seed}, disk_->log().size());
}

}  // namespace flyball::sim
