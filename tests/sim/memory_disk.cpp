#include "tests/sim/memory_disk.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "schemas/expects.h"
#include "schemas/size_within.h"

namespace flyball {

namespace {

constexpr std::array<const char*, disk_calls> call_names{
    "open", "write", "read", "sync", "look at", "rename", "remove", "sync the folder of", "list"};

int error_number(DiskFault::Reason reason) {
    switch (reason) {
        case DiskFault::Reason::no_space:
        case DiskFault::Reason::short_write: return ENOSPC;
        case DiskFault::Reason::input_output: return EIO;
        case DiskFault::Reason::read_only: return EROFS;
    }
    return EIO;
}

Error failure(DiskCall call, std::string_view name, int error) {
    std::string message = "cannot ";
    message += call_names[static_cast<std::size_t>(call)];
    message.append(" ").append(name).append(": ");
    return {ErrorCode::unavailable, message + std::generic_category().message(error)};
}

Bytes& own(std::shared_ptr<Bytes>& bytes) {
    if (bytes.use_count() > 1) {
        bytes = std::make_shared<Bytes>(*bytes);
    }
    return *bytes;
}

void put(Bytes& into, std::size_t at, std::span<const std::byte> bytes) {
    into.resize(std::max(into.size(), at + bytes.size()));
    std::ranges::copy(bytes, into.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

Bytes& own_bytes(DiskImage& image, std::string_view name) {
    return own(image.find(name)->second);
}

void flip_bit(DiskImage& image, std::string_view name, std::size_t bit) {
    own_bytes(image, name)[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
}

class MemoryFile final : public DiskFile {
public:
    MemoryFile(MemoryDisk& disk, std::shared_ptr<MemoryDisk::File> file, std::string name,
               bool writable)
        : disk_(disk), file_(std::move(file)), name_(std::move(name)), writable_(writable) {}

    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        if (!writable_) {
            return failure(DiskCall::write, name_, EBADF);
        }
        return disk_.write(*file_, name_, offset, bytes);
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        if (const auto error = disk_.struck(DiskCall::read, name_)) {
            return *error;
        }
        const Bytes& bytes = *file_->seen;
        const std::size_t from = size_up_to(offset, bytes.size());
        const std::size_t size = std::min(bytes.size() - from, into.size());
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), size, into.begin());
        return size;
    }
    Result<void> sync() override { return disk_.sync(*file_, name_); }
    Result<std::uint64_t> size() override {
        if (const auto error = disk_.struck(DiskCall::size, name_)) {
            return *error;
        }
        return std::uint64_t{file_->seen->size()};
    }
    void forget_cache() override { disk_.forget(*file_); }

private:
    MemoryDisk& disk_;
    // Shared with the names: a file that lost its last name is still there for who has it open.
    std::shared_ptr<MemoryDisk::File> file_;
    std::string name_;
    bool writable_;
};

MemoryDisk::MemoryDisk(const DiskImage& image) {
    for (const auto& [name, bytes] : image) {
        names_[name] = make_file(bytes);
    }
}

std::shared_ptr<MemoryDisk::File> MemoryDisk::make_file(const std::shared_ptr<Bytes>& bytes) {
    auto file = std::make_shared<File>();
    file->number = ++files_made_;
    file->seen = bytes;
    file->durable = bytes;
    return file;
}

std::optional<Error> MemoryDisk::struck(DiskCall call, std::string_view name) {
    ++calls_[static_cast<std::size_t>(call)];
    if (!fault_ || fault_->call != call || fault_->at == 0) {
        return std::nullopt;
    }
    if (fault_->at > 1) {
        --fault_->at;
        return std::nullopt;
    }
    fault_->at = fault_->from_then_on ? 1 : 0;
    ++failures_;
    return failure(call, name, error_number(fault_->reason));
}

DiskOperation& MemoryDisk::record(DiskOperation::Kind kind, const File& file) {
    DiskOperation& operation = log_.emplace_back();
    operation.kind = kind;
    operation.file = file.number;
    return operation;
}

Result<std::unique_ptr<DiskFile>> MemoryDisk::open(std::string_view name, Open how) {
    if (const auto error = struck(DiskCall::open, name)) {
        return *error;
    }
    auto found = names_.find(name);
    if (found == names_.end()) {
        if (how != Open::replace) {
            return failure(DiskCall::open, name, ENOENT);
        }
        found = names_.emplace(name, make_file(std::make_shared<Bytes>())).first;
        record(DiskOperation::Kind::create, *found->second).name = name;
    } else if (how == Open::replace && !found->second->seen->empty()) {
        File& file = *found->second;
        file.unsynced.push_back(log_.size());
        record(DiskOperation::Kind::empty, file);
        file.seen = std::make_shared<Bytes>();
    }
    return std::unique_ptr<DiskFile>(
        std::make_unique<MemoryFile>(*this, found->second, std::string(name), how != Open::read));
}

Result<void> MemoryDisk::rename(std::string_view from, std::string_view to) {
    if (const auto error = struck(DiskCall::rename, from)) {
        return *error;
    }
    const auto found = names_.find(from);
    if (found == names_.end()) {
        return failure(DiskCall::rename, from, ENOENT);
    }
    DiskOperation& operation = record(DiskOperation::Kind::rename, *found->second);
    operation.name = from;
    operation.to = to;
    names_[std::string(to)] = found->second;
    names_.erase(found);
    return {};
}

Result<void> MemoryDisk::remove(std::string_view name) {
    if (const auto error = struck(DiskCall::remove, name)) {
        return *error;
    }
    const auto found = names_.find(name);
    if (found == names_.end()) {
        return failure(DiskCall::remove, name, ENOENT);
    }
    record(DiskOperation::Kind::remove, *found->second).name = name;
    names_.erase(found);
    return {};
}

Result<void> MemoryDisk::sync_folder() {
    if (const auto error = struck(DiskCall::sync_folder, ".")) {
        return *error;
    }
    record(DiskOperation::Kind::sync_folder, {});
    return {};
}

Result<std::vector<std::string>> MemoryDisk::list() {
    if (const auto error = struck(DiskCall::list, ".")) {
        return *error;
    }
    std::vector<std::string> names;
    for (const auto& [name, file] : names_) {
        names.push_back(name);
    }
    return names;
}

DiskImage MemoryDisk::image() const {
    DiskImage image;
    for (const auto& [name, file] : names_) {
        image[name] = file->seen;
    }
    return image;
}

std::uint64_t MemoryDisk::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [name, file] : names_) {
        sum += file->seen->size();
    }
    return sum;
}

Result<void> MemoryDisk::write(File& file, std::string_view name, std::uint64_t offset,
                               std::span<const std::byte> bytes) {
    std::optional<Error> error = struck(DiskCall::write, name);
    if (error) {
        const bool half = fault_->reason == DiskFault::Reason::short_write;
        bytes = bytes.first(half ? bytes.size() / 2 : 0);
    }
    const std::uint64_t size = file.seen->size();
    const std::uint64_t grown = std::max(offset + bytes.size(), size) - size;
    const std::uint64_t room = bytes_max_ - std::min(bytes_max_, this->bytes());
    if (grown > room) {
        error = failure(DiskCall::write, name, ENOSPC);
        bytes = bytes.first(size_up_to(size + room - std::min(offset, size + room), bytes.size()));
    }
    if (!bytes.empty()) {
        const auto at = size_within(offset, Bytes().max_size() - bytes.size());
        expects(at.has_value(), "a file that fits into memory");
        file.unsynced.push_back(log_.size());
        DiskOperation& operation = record(DiskOperation::Kind::write, file);
        operation.offset = *at;
        operation.bytes.assign(bytes.begin(), bytes.end());
        put(own(file.seen), *at, bytes);
    }
    return error ? Result<void>(*error) : Result<void>();
}

void MemoryDisk::apply_unsynced(const File& file, Bytes& to) const {
    for (const std::size_t at : file.unsynced) {
        if (log_[at].kind == DiskOperation::Kind::empty) {
            to.clear();
        } else {
            put(to, log_[at].offset, log_[at].bytes);
        }
    }
}

Result<void> MemoryDisk::sync(File& file, std::string_view name) {
    if (const auto error = struck(DiskCall::sync, name)) {
        record(DiskOperation::Kind::sync_failed, file);
        file.lost_some = file.lost_some || !file.unsynced.empty();
        file.unsynced.clear();
        return *error;
    }
    record(DiskOperation::Kind::sync, file);
    if (file.lost_some) {
        apply_unsynced(file, own(file.durable));
    } else {
        file.durable = file.seen;
    }
    file.unsynced.clear();
    return {};
}

void MemoryDisk::forget(File& file) {
    if (!file.lost_some) {
        return;
    }
    file.seen = file.durable;
    apply_unsynced(file, own(file.seen));
    file.lost_some = false;
    record(DiskOperation::Kind::forget, file);
}

}  // namespace flyball
