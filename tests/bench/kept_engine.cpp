#include "tests/bench/kept_engine.h"

#include <cstdlib>
#include <msgpack.hpp>

#include "node/clock.h"
#include "node/recovery.h"
#include "node/state/posix_disk.h"
#include "schemas/expects.h"

namespace flyball::bench {

namespace {

constexpr int tenants = 100;

class CountingFile final : public DiskFile {
public:
    CountingFile(std::unique_ptr<DiskFile> file, DiskCounts& counts)
        : file_(std::move(file)), counts_(counts) {}
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        counts_.bytes += bytes.size();
        return file_->write(offset, bytes);
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        return file_->read(offset, into);
    }
    Result<void> sync() override {
        ++counts_.syncs;
        return file_->sync();
    }
    Result<std::uint64_t> size() override { return file_->size(); }
    void forget_cache() override { file_->forget_cache(); }

private:
    std::unique_ptr<DiskFile> file_;
    DiskCounts& counts_;
};

class CountingDisk final : public Disk {
public:
    CountingDisk(std::unique_ptr<Disk> disk, DiskCounts& counts)
        : disk_(std::move(disk)), counts_(counts) {}
    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override {
        auto file = disk_->open(name, how);
        if (!file) {
            return file;
        }
        return std::unique_ptr<DiskFile>(std::make_unique<CountingFile>(std::move(*file), counts_));
    }
    Result<void> rename(std::string_view from, std::string_view to) override {
        return disk_->rename(from, to);
    }
    Result<void> remove(std::string_view name) override { return disk_->remove(name); }
    Result<void> sync_folder() override {
        ++counts_.syncs;
        return disk_->sync_folder();
    }
    Result<std::vector<std::string>> list() override { return disk_->list(); }

private:
    std::unique_ptr<Disk> disk_;
    DiskCounts& counts_;
};

std::string payload_of(int tenant) {
    msgpack::sbuffer buffer;
    msgpack::packer packer(buffer);
    packer.pack_map(4);
    packer.pack("tenant");
    packer.pack("customer-" + std::to_string(tenant));
    packer.pack("resource");
    packer.pack("api_calls");
    packer.pack("hits");
    packer.pack(1);
    packer.pack("id");
    packer.pack_fix_uint64(0);
    return {buffer.data(), buffer.size()};
}

}  // namespace

KeptEngine::KeptEngine(const std::filesystem::path& parent, Durability durability)
    : waits_(durability == Durability::commit), now_(sample_clock().wall) {
    std::string pattern = (parent / "flyball-bench-XXXXXX").string();
    expects(::mkdtemp(pattern.data()) != nullptr, "a folder that can be written in");
    folder_ = pattern;
    auto disk = PosixDisk::open_folder(pattern);
    expects(disk.has_value(), "the bench's own folder");
    keeper_ =
        std::make_unique<Keeper>(std::make_unique<CountingDisk>(std::move(*disk), counts_),
                                 Keeper::Options{.durability = durability, .interval = Span{1000}});
    const auto identity = keeper_->identify({.instance = 1, .seed = 7});
    expects(identity.has_value(), "a fresh folder");
    Engine::Options options;
    options.root = Root{.prefix = "flyball/v1", .region = "bench", .node = "one"};
    options.seed = identity->seed;
    options.changes = keeper_.get();
    engine_ = std::make_unique<Engine>(options);
    Recovery recovery(*engine_);
    expects(keeper_->recover(*engine_, recovery).has_value(), "a fresh folder");
    const Tree::Map calls = {{"limit", std::int64_t{1} << 40}, {"window", "1d"}};
    expects(engine_->registry()
                .add("quota", "main",
                     Tree::Map{{"resources", Tree::Map{{"api_calls", Tree(calls)}}}}, now_)
                .has_value());
    keeper_->note(node_change());
    keeper_->end_decision();
    expects(keeper_->start(*this).has_value(), "a disk that works");
    thread_ = std::make_unique<KeeperThread>(*keeper_);
    for (int tenant = 0; tenant < tenants; ++tenant) {
        payloads_.push_back(payload_of(tenant));
    }
}

KeptEngine::~KeptEngine() {
    thread_.reset();
    std::error_code ignored;  // a leftover in the temporary folder spoils no measurement
    std::filesystem::remove_all(folder_, ignored);
}

std::uint64_t KeptEngine::decide() {
    std::string& payload = payloads_[id_ % payloads_.size()];
    ++id_;
    for (unsigned at = 0; at < 8; ++at) {
        payload[payload.size() - 1 - at] = static_cast<char>(id_ >> (8 * at));
    }
    const std::lock_guard lock(owner_);
    engine_->handle({.topic = "flyball/v1/bench/one/quota/main/request", .payload = payload}, {},
                    now_, *this);
    return waits_ ? keeper_->newest() : 0;
}

void KeptEngine::await_durable(std::uint64_t record) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [&] { return keeper_->durable() >= record; });
}

void KeptEngine::with_engine(const std::function<void(Engine&)>& use) {
    const std::lock_guard lock(owner_);
    use(*engine_);
}

void KeptEngine::turn_wanted() noexcept {
    if (thread_ != nullptr) {
        thread_->wake();
    }
}

void KeptEngine::keeping_changed() noexcept {
    const std::lock_guard lock(lock_);
    changed_.notify_all();
}

}  // namespace flyball::bench
