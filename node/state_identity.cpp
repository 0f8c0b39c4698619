// The part of StateStore that makes and reads the file `identity`.

#include <algorithm>
#include <array>

#include "governors/image_bytes.h"
#include "governors/keyed_hash.h"
#include "node/state_store.h"

namespace flyball {

namespace {

constexpr std::string_view identity_name = "identity";
constexpr std::string_view identity_aside = "identity.new";
constexpr std::uint64_t identity_magic = 0x314449594c46;  // "FLYID1"
constexpr std::size_t identity_bytes = 32;

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<StateIdentity> read_identity(DiskFile& file) {
    std::array<std::byte, identity_bytes> bytes{};
    const auto got = file.read(0, bytes);
    if (!got) {
        return got.error();
    }
    ImageReader in(std::span<const std::byte>(bytes).first(*got));
    const auto magic = in.take<std::uint64_t>();
    const StateIdentity identity{.instance = in.take<std::uint64_t>(),
                                 .seed = in.take<std::uint64_t>()};
    const auto checksum = in.take<std::uint64_t>();
    if (!in.ended() || magic != identity_magic ||
        checksum != keyed_hash(text_of(std::span(bytes).first(24)), identity_magic)) {
        return Error{ErrorCode::damaged,
                     "the file identity in the state folder is damaged; without it no remembered "
                     "id can be found: restore it from a backup, or move the folder away"};
    }
    return identity;
}

Result<void> write_identity(Disk& disk, const StateIdentity& identity) {
    ByteBuffer bytes;
    ImageWriter out(bytes);
    out.put(identity_magic);
    out.put(identity.instance);
    out.put(identity.seed);
    out.put(keyed_hash(text_of(out.bytes()), identity_magic));
    auto file = disk.open(identity_aside, Disk::Open::replace);
    if (!file) {
        return file.error();
    }
    for (auto done : {(*file)->write(0, out.bytes()), (*file)->sync()}) {
        if (!done) {
            return done.error();
        }
    }
    if (auto renamed = disk.rename(identity_aside, identity_name); !renamed) {
        return renamed;
    }
    return disk.sync_folder();
}

}  // namespace

Result<StateIdentity> StateStore::identify(Disk& disk, const StateIdentity& fresh) {
    const auto names = disk.list();
    if (!names) {
        return names.error();
    }
    if (std::ranges::find(*names, identity_name) != names->end()) {
        auto file = disk.open(identity_name, Disk::Open::read);
        return file ? read_identity(**file) : Result<StateIdentity>(file.error());
    }
    if (auto written = write_identity(disk, fresh); !written) {
        return written.error();
    }
    return fresh;
}

}  // namespace flyball
