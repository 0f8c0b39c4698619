#include "node/inspect/opened_state.h"

#include <sys/stat.h>

#include <algorithm>

#include "node/state/journal_files.h"
#include "node/state/posix_disk.h"
#include "node/state/snapshot.h"

namespace flyball {

namespace {

// Beyond what a node is told to keep: a file that somebody has made must not take all memory.
// While records are read: wide enough for every `[admit]` that a node can have been given.
constexpr std::size_t admit_ids_max = 1'048'576;

std::pair<std::string, std::string> folder_and_name(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos
               ? std::pair(std::string("."), path)
               : std::pair(path.substr(0, std::max<std::size_t>(slash, 1)), path.substr(slash + 1));
}

// The name that readers know a copy, or a file that was set aside, by.
Result<std::string> known_name(Disk& folder, const std::string& name) {
    const std::string stem = name.substr(0, name.find('.'));
    if (segment_number(stem) || snapshot_record(stem)) {
        return stem;
    }
    auto file = folder.open(name, Disk::Open::read);
    if (!file) {
        return file.error();
    }
    JournalBytes head(group_header_bytes);
    const auto got = (*file)->read(0, head);
    if (!got) {
        return got.error();
    }
    head.resize(*got);
    const auto segment = claimed_segment(head);
    return segment ? segment_name(*segment) : snapshot_name(0);
}

Result<OpenedState> open_file(const std::string& path) {
    const auto [folder, name] = folder_and_name(path);
    auto disk = PosixDisk::look_at_folder(folder);
    if (!disk) {
        return disk.error();
    }
    const auto as = known_name(**disk, name);
    if (!as) {
        return as.error();
    }
    auto view = DiskView::of_file(**disk, name, *as);
    if (!view) {
        return view.error();
    }
    return OpenedState{
        .path = path, .view = std::move(*view), .in_use = (*disk)->in_use(), .one_file = true};
}

Result<OpenedState> open_folder(const std::string& path) {
    auto disk = PosixDisk::look_at_folder(path);
    if (!disk) {
        return disk.error();
    }
    auto state = open_state(**disk, path);
    if (state) {
        state->in_use = (*disk)->in_use();
    }
    return state;
}

Result<StateFile> look_at_snapshot(OpenedState& state, const std::string& name) {
    StateFile file{.name = name, .snapshot = true, .last_record = *snapshot_record(name)};
    const auto count = [&file](const SnapshotSection&) {
        ++file.parts;
        return Result<void>();
    };
    const auto read =
        read_snapshot(state.view, name, count, {.file_bytes = snapshot_read_bytes_max});
    if (read) {
        file.bytes = read->stored;
        return file;
    }
    if (read.error().code == ErrorCode::refused) {
        return read.error();
    }
    file.fault = read.error().message;
    auto opened = state.view.open(name, Disk::Open::read);
    const auto size = opened ? (*opened)->size() : Result<std::uint64_t>(opened.error());
    file.bytes = size.value_or(0);
    return file;
}

Result<StateFile> look_at_segment(OpenedState& state, const std::string& name) {
    StateFile file{.name = name};
    SegmentBytes segment;
    if (const auto read = read_segment(state.view, *segment_number(name), segment); !read) {
        file.fault = read.error().message;
        return file;
    }
    file.bytes = segment.bytes.size();
    file.fault = segment.unreadable;
    std::uint64_t previous = 0;
    for (std::uint64_t at = 0; at < segment.bytes.size();) {
        StoredGroup group;
        const GroupCheck check = check_group(segment.bytes, segment.number, at, group);
        if (check == GroupCheck::unknown_form) {
            return made_by_later_release(name, group.header);
        }
        const bool follows = file.parts == 0 || (group.header.previous == previous &&
                                                 group.header.first_record == file.last_record + 1);
        if (check != GroupCheck::sound || !follows) {
            at += group_step_bytes;
            continue;
        }
        if (file.parts++ == 0) {
            file.first_record = group.header.first_record;
        }
        file.last_record = group.header.first_record + group.header.count - 1;
        previous = group.header.checksum;
        at = (group.end() + group_step_bytes - 1) / group_step_bytes * group_step_bytes;
    }
    return file;
}

}  // namespace

Result<OpenedState> open_state(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return Error{ErrorCode::usage, "there is no file or folder " + path};
    }
    return S_ISDIR(status.st_mode) ? open_folder(path) : open_file(path);
}

Result<OpenedState> open_state(Disk& folder, const std::string& path) {
    auto view = DiskView::of_folder(folder);
    if (!view) {
        return view.error();
    }
    const auto names = view->list();
    if (std::ranges::all_of(*names, [](const std::string& name) { return name == "identity"; })) {
        return Error{ErrorCode::usage, path + " holds no state: no journal-*, no snapshot-*"};
    }
    OpenedState state{.path = path, .view = std::move(*view)};
    if (state.view.has("identity")) {
        const auto identity = StateStore::identify(state.view, {});
        if (identity) {
            state.identity = *identity;
        } else {
            state.identity_fault = identity.error().message;
        }
    }
    return state;
}

Result<std::vector<StateFile>> look_at_files(OpenedState& state) {
    const auto names = state.view.list();
    if (!names) {
        return names.error();
    }
    std::vector<StateFile> files;
    for (const std::string& name : *names) {
        if (name == "identity") {
            continue;
        }
        auto file =
            snapshot_record(name) ? look_at_snapshot(state, name) : look_at_segment(state, name);
        if (!file) {
            return file.error();
        }
        files.push_back(std::move(*file));
    }
    return files;
}

Result<WalkStart> find_start(OpenedState& state, const std::vector<StateFile>& files, bool oldest) {
    // The last chain: what lies before it does not lead to the journal's end.
    std::uint64_t begun = 1;
    std::uint64_t first = 0;
    for (const StateFile& file : files) {
        if (file.snapshot || file.first_record == 0) {
            continue;
        }
        SegmentBytes room;
        const auto head = first_group(state.view, *segment_number(file.name), room);
        if (!head) {
            return head.error();
        }
        if (*head && (*head)->previous == 0) {
            begun = std::max(begun, (*head)->first_record);
        }
        first = first == 0 ? file.first_record : std::min(first, file.first_record);
    }
    WalkStart start;
    bool found = false;
    for (const StateFile& file : files) {  // in order of name: oldest first
        if (!file.snapshot || !file.fault.empty()) {
            continue;
        }
        if (!found || !oldest || start.record < begun) {
            start = {.snapshot = file.name, .record = file.last_record + 1};
        }
        found = true;
    }
    if (!found && state.one_file && first != 0) {
        start = {.snapshot = {}, .record = first, .form_only = true};
    }
    return start;
}

Engine::Options quiet_engine(const OpenedState& state) {
    Engine::Options options;
    options.root = Root{.prefix = "flyball/v1", .region = "local", .node = "offline"};
    options.seed = state.identity ? state.identity->seed : 0;
    options.instance = state.identity ? state.identity->instance : 0;
    options.keeps_records = true;
    options.admit_ids_capacity = admit_ids_max;
    return options;
}

Result<void> load_start(OpenedState& state, const WalkStart& start, Engine& engine,
                        Recovery& recovery) {
    if (start.snapshot.empty()) {
        return {};
    }
    StateStore store(state.view, {.max_bytes = snapshot_read_bytes_max});
    return store.load(engine, recovery, start.snapshot);
}

Result<JournalRead> walk_records(OpenedState& state, const WalkStart& start,
                                 const RecordBegin& begin, RecordVisitor& visitor) {
    RecordReader reader;
    return read_journal(state.view, start.record, false,
                        [&](std::uint64_t number, std::span<const std::byte> record) {
                            begin(number);
                            return reader.read(record, visitor);
                        });
}

void limit_admit_ids(Engine& engine, const Recovery& recovery) {
    const std::uint64_t capacity = recovery.node().admit_ids;
    if (capacity != 0 && capacity < admit_ids_max) {
        engine.admit().limit_ids(static_cast<std::size_t>(capacity));
    }
}

}  // namespace flyball
