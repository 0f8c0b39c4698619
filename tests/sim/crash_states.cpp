#include "tests/sim/crash_states.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace flyball {

namespace {

constexpr std::size_t sector_bytes = 512;
constexpr std::size_t product_max =
    512;                                 // images of one crash, before choices are paired by chance
constexpr std::size_t all_names_of = 4;  // every subset of so many pending changes of names
constexpr std::size_t random_names = 16;

// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (SplitMix64).
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }

private:
    std::uint64_t state_;
};

struct Fate {
    enum class Kind : std::uint8_t { whole, lost, torn, zeroed };
    Kind kind = Kind::whole;
    std::uint64_t sectors = 0;  // of a torn write: bit i says that its sector i mod 64 is there
};
using Fates = std::vector<Fate>;
using Chosen = std::vector<bool>;

// What is certain, and what is pending, after so many operations.
class Replay {
public:
    Replay(const DiskImage& before, const CrashOptions& options) : options_(options) {
        for (const auto& [name, bytes] : before) {
            files_[++made_].durable = bytes;
            names_[name] = made_;
        }
    }

    void take(const DiskOperation& operation) {
        using Kind = DiskOperation::Kind;
        File& file = files_[operation.file];
        switch (operation.kind) {
            case Kind::create: file.durable = std::make_shared<Bytes>(); [[fallthrough]];
            case Kind::rename:
            case Kind::remove: pending_names_.push_back(&operation); break;
            case Kind::empty:
            case Kind::write: file.pending.push_back(&operation); break;
            case Kind::sync: settle(file); break;
            case Kind::sync_failed:
                file.doubtful.insert(file.doubtful.end(), file.pending.begin(), file.pending.end());
                file.pending.clear();
                break;
            case Kind::forget: file.doubtful.clear(); break;
            case Kind::sync_folder:
                names_ = names_after(Chosen(pending_names_.size(), true));
                pending_names_.clear();
                break;
        }
    }

    std::size_t pending_names() const { return pending_names_.size(); }

    // In the order of the log.
    std::vector<const DiskOperation*> pending_writes() const {
        std::vector<const DiskOperation*> all;
        for (const auto& [number, file] : files_) {
            all.insert(all.end(), file.doubtful.begin(), file.doubtful.end());
            all.insert(all.end(), file.pending.begin(), file.pending.end());
        }
        std::ranges::sort(all);
        return all;
    }

    DiskImage image(const std::vector<const DiskOperation*>& writes, const Fates& fates,
                    const Chosen& names) const {
        DiskImage image;
        std::map<std::uint64_t, std::shared_ptr<Bytes>> contents;
        for (const auto& [name, number] : names_after(names)) {
            auto& bytes = contents[number];
            if (!bytes) {
                bytes = content(number, writes, fates);
            }
            image[name] = bytes;
        }
        return image;
    }

private:
    struct File {
        std::shared_ptr<Bytes> durable;
        std::vector<const DiskOperation*> doubtful;  // before a sync that failed
        std::vector<const DiskOperation*> pending;   // since the last sync
    };

    void settle(File& file) {
        if (file.pending.empty()) {
            return;
        }
        file.durable = std::make_shared<Bytes>(*file.durable);
        for (const DiskOperation* operation : file.pending) {
            apply(*operation, {}, *file.durable);
        }
        file.pending.clear();
    }

    std::map<std::string, std::uint64_t> names_after(const Chosen& chosen) const {
        std::map<std::string, std::uint64_t> names = names_;
        for (std::size_t i = 0; i < pending_names_.size(); ++i) {
            if (!chosen[i]) {
                continue;
            }
            const DiskOperation& operation = *pending_names_[i];
            const auto found = names.find(operation.name);
            const bool there = found != names.end() && found->second == operation.file;
            if (operation.kind == DiskOperation::Kind::create) {
                names[operation.name] = operation.file;
                continue;
            }
            if (there) {
                names.erase(found);
            }
            if (operation.kind == DiskOperation::Kind::rename) {
                names[operation.to] = operation.file;
            }
        }
        return names;
    }

    std::shared_ptr<Bytes> content(std::uint64_t number,
                                   const std::vector<const DiskOperation*>& writes,
                                   const Fates& fates) const {
        const File& file = files_.at(number);
        std::shared_ptr<Bytes> bytes = file.durable;
        for (std::size_t i = 0; i < writes.size(); ++i) {
            if (writes[i]->file == number && fates[i].kind != Fate::Kind::lost) {
                if (bytes == file.durable) {
                    bytes = std::make_shared<Bytes>(*bytes);
                }
                apply(*writes[i], fates[i], *bytes);
            }
        }
        return bytes;
    }

    void apply(const DiskOperation& operation, const Fate& fate, Bytes& to) const {
        if (operation.kind == DiskOperation::Kind::empty) {
            to.clear();
            return;
        }
        const std::size_t end = operation.offset + operation.bytes.size();
        std::size_t sector = 0;
        for (std::size_t at = operation.offset; at < end; ++sector) {
            const std::size_t next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
            const bool kept =
                fate.kind == Fate::Kind::whole ||
                (fate.kind == Fate::Kind::torn && ((fate.sectors >> (sector % 64)) & 1U) != 0);
            if (kept) {
                to.resize(std::max(to.size(), next));
                std::copy_n(operation.bytes.begin() + diff(at - operation.offset), next - at,
                            to.begin() + diff(at));
            } else if (options_.spoils_sectors) {
                spoil(to, at / sector_bytes * sector_bytes, fate.sectors);
            } else if (fate.kind == Fate::Kind::zeroed) {
                to.resize(std::max(to.size(), next));
                std::fill(to.begin() + diff(at), to.begin() + diff(next), std::byte{0});
            }
            at = next;
        }
    }

    static std::ptrdiff_t diff(std::size_t count) { return static_cast<std::ptrdiff_t>(count); }

    static void spoil(Bytes& to, std::size_t from, std::uint64_t seed) {
        Chance chance(seed + from);
        for (std::size_t at = from; at < std::min(to.size(), from + sector_bytes); ++at) {
            to[at] = static_cast<std::byte>(chance.next() & 0xFFU);
        }
    }

    CrashOptions options_;
    std::map<std::uint64_t, File> files_;
    std::uint64_t made_ = 0;
    std::map<std::string, std::uint64_t> names_;
    std::vector<const DiskOperation*> pending_names_;
};

Fate not_whole(Chance& chance) {
    switch (chance.below(3)) {
        case 0: return {Fate::Kind::lost, 0};
        case 1: return {Fate::Kind::zeroed, chance.next()};
        default: return {Fate::Kind::torn, chance.next()};
    }
}

// A write alone torn at each of its steps, from the front and from behind; the others there or not.
void torn_at_each_step(const std::vector<const DiskOperation*>& writes, std::size_t which,
                       std::vector<Fates>& all) {
    const std::size_t steps =
        std::min<std::size_t>(63, writes[which]->bytes.size() / sector_bytes + 1);
    for (std::size_t step = 1; step <= steps; ++step) {
        const std::uint64_t front = (std::uint64_t{1} << step) - 1;
        for (const std::uint64_t sectors : {front, ~front}) {
            for (const Fate::Kind others : {Fate::Kind::whole, Fate::Kind::lost}) {
                Fates fates(writes.size(), Fate{others, 0});
                fates[which] = {Fate::Kind::torn, sectors};
                all.push_back(std::move(fates));
            }
        }
    }
}

std::vector<Fates> fates_of(const std::vector<const DiskOperation*>& writes,
                            const CrashOptions& options, Chance& chance) {
    std::vector<Fates> all;
    if (writes.size() > options.all_subsets_of) {
        for (std::size_t i = 0; i < options.random_subsets; ++i) {
            Fates& fates = all.emplace_back(writes.size());
            const std::size_t most_are_whole = 1 + chance.below(8);
            for (Fate& fate : fates) {
                fate = chance.below(most_are_whole) == 0 ? not_whole(chance) : Fate();
            }
        }
        return all;
    }
    for (std::uint64_t subset = 0; subset < std::uint64_t{1} << writes.size(); ++subset) {
        Fates lost(writes.size());
        Fates mixed(writes.size());
        for (std::size_t i = 0; i < writes.size(); ++i) {
            const bool whole = ((subset >> i) & 1U) != 0;
            lost[i].kind = whole ? Fate::Kind::whole : Fate::Kind::lost;
            mixed[i] = whole ? Fate() : not_whole(chance);
        }
        all.push_back(std::move(lost));
        if (subset + 1 < std::uint64_t{1} << writes.size()) {
            all.push_back(std::move(mixed));
        }
    }
    for (std::size_t i = 0; i < writes.size(); ++i) {
        torn_at_each_step(writes, i, all);
    }
    return all;
}

std::vector<Chosen> names_of(std::size_t changes, Chance& chance) {
    std::vector<Chosen> all;
    if (changes <= all_names_of) {
        for (std::uint64_t subset = 0; subset < std::uint64_t{1} << changes; ++subset) {
            Chosen& chosen = all.emplace_back(changes);
            for (std::size_t i = 0; i < changes; ++i) {
                chosen[i] = ((subset >> i) & 1U) != 0;
            }
        }
        return all;
    }
    for (std::size_t done = 0; done <= changes; ++done) {
        Chosen& chosen = all.emplace_back(changes);
        std::fill_n(chosen.begin(), done, true);
    }
    for (std::size_t i = 0; i < random_names; ++i) {
        Chosen& chosen = all.emplace_back(changes);
        for (std::size_t at = 0; at < changes; ++at) {
            chosen[at] = chance.below(2) == 0;
        }
    }
    return all;
}

}  // namespace

DiskImage one_crash_state(const DiskImage& before, std::span<const DiskOperation> log,
                          const CrashOptions& options, std::size_t operations) {
    Replay replay(before, options);
    for (const DiskOperation& operation : log.first(operations)) {
        replay.take(operation);
    }
    Chance chance(options.seed + operations);
    const std::vector<const DiskOperation*> writes = replay.pending_writes();
    Fates fates(writes.size());
    const std::size_t most_are_whole = 1 + chance.below(4);
    for (Fate& fate : fates) {
        fate = chance.below(most_are_whole) == 0 ? not_whole(chance) : Fate();
    }
    Chosen names(replay.pending_names());
    for (std::size_t at = 0; at < names.size(); ++at) {
        names[at] = chance.below(2) == 0;
    }
    return replay.image(writes, fates, names);
}

std::uint64_t each_crash_state(const DiskImage& before, std::span<const DiskOperation> log,
                               const CrashOptions& options, const CrashVisit& visit) {
    Replay replay(before, options);
    std::uint64_t visited = 0;
    for (std::size_t done = 0; done <= log.size(); ++done) {
        Chance chance(options.seed + done);
        const std::vector<const DiskOperation*> writes = replay.pending_writes();
        const std::vector<Fates> fates = fates_of(writes, options, chance);
        const std::vector<Chosen> names = names_of(replay.pending_names(), chance);
        const bool product = fates.size() * names.size() <= product_max;
        const std::size_t images =
            product ? fates.size() * names.size() : std::max(fates.size(), names.size());
        for (std::size_t i = 0; i < images; ++i) {
            const std::size_t fate = product ? i / names.size() : i;
            const std::size_t name = product ? i % names.size() : i;
            const DiskImage image = replay.image(
                writes, fate < fates.size() ? fates[fate] : fates[chance.below(fates.size())],
                name < names.size() ? names[name] : names[chance.below(names.size())]);
            ++visited;
            if (!visit(image, done)) {
                return visited;
            }
        }
        if (done < log.size()) {
            replay.take(log[done]);
        }
    }
    return visited;
}

}  // namespace flyball
