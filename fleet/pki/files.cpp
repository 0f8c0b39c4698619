#include "fleet/pki/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace flyball {
namespace {

Error failed(const char* what, const std::string& path) {
    return {ErrorCode::unavailable,
            fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

bool write_all(int file, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(file, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

void sync_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path();
    const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle >= 0) {
        ::fsync(handle);  // where a folder cannot be synced there is nothing better to do
        ::close(handle);
    }
}

std::string new_of(const std::string& path) {
    return path + ".new";
}

std::string old_of(const std::string& path) {
    return path + ".old";
}

Result<void> write_beside(const std::string& path, std::string_view content, unsigned mode) {
    const std::string beside = new_of(path);
    ::unlink(beside.c_str());  // of a run that was cut off; its mode may be another
    const int file =
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_secret);
    if (file < 0) {
        return failed("write", beside);
    }
    const bool good = write_all(file, content) && ::fchmod(file, mode) == 0 && ::fsync(file) == 0;
    const int error = errno;
    ::close(file);
    if (!good) {
        errno = error;
        Error told = failed("write", path);
        ::unlink(beside.c_str());
        return told;
    }
    return {};
}

Result<void> move_file(const std::string& from, const std::string& path) {
    return ::rename(from.c_str(), path.c_str()) == 0 ? Result<void>() : failed("write", path);
}

// What write_beside() wrote, in its place. Old ones go first, the certificate before its key, and
// new ones come the other way round: half of it may be a key alone, never one beside another's
// certificate.
Result<void> swap_in(const std::string& key, const std::string& certificate) {
    std::vector<std::pair<std::string, std::string>> done;
    Result<void> good;
    const auto step = [&](const std::string& from, const std::string& to) {
        if (good) {
            good = move_file(from, to);
        }
        if (good) {
            done.emplace_back(from, to);
        }
    };
    for (const std::string& path : {certificate, key}) {
        if (there_is(path)) {
            step(path, old_of(path));
        }
    }
    for (const std::string& path : {key, certificate}) {
        step(new_of(path), path);
    }
    while (!good && !done.empty()) {
        ::rename(done.back().second.c_str(), done.back().first.c_str());
        done.pop_back();
    }
    return good;
}

}  // namespace

Result<void> write_whole(const std::string& path, std::string_view content, unsigned mode) {
    if (auto written = write_beside(path, content, mode); !written) {
        return written;
    }
    if (auto moved = move_file(new_of(path), path); !moved) {
        ::unlink(new_of(path).c_str());
        return moved;
    }
    sync_folder_of(path);
    return {};
}

Result<void> write_pair(const WholeFile& key, const WholeFile& certificate) {
    Result<void> good = write_beside(key.path, key.content, key.mode);
    if (good) {
        good = write_beside(certificate.path, certificate.content, certificate.mode);
    }
    if (good) {
        good = swap_in(key.path, certificate.path);
    }
    for (const WholeFile* file : {&key, &certificate}) {
        ::unlink(good ? old_of(file->path).c_str() : new_of(file->path).c_str());
    }
    sync_folder_of(certificate.path);
    return good;
}

Result<void> make_folder(const std::string& path) {
    if (path.empty() || there_is(path)) {
        return {};
    }
    if (auto above = make_folder(std::filesystem::path(path).parent_path()); !above) {
        return above;
    }
    constexpr mode_t mode_folder = 0700;
    if (::mkdir(path.c_str(), mode_folder) != 0 && errno != EEXIST) {
        return failed("make the folder", path);
    }
    return {};
}

bool there_is(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

std::vector<std::string> files_in(const std::string& folder, std::string_view ending, bool deep) {
    std::vector<std::string> paths;
    std::error_code failed;
    const auto take = [&](const std::filesystem::directory_entry& entry) {
        if (entry.path().string().ends_with(ending)) {
            paths.push_back(entry.path());
        }
    };
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
        if (deep && entry.is_directory(failed)) {
            for (const auto& inner : std::filesystem::directory_iterator(entry.path(), failed)) {
                take(inner);
            }
        }
        take(entry);
    }
    std::ranges::sort(paths);
    return paths;
}

}  // namespace flyball
