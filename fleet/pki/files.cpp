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

}  // namespace

Result<void> write_whole(const std::string& path, std::string_view content, unsigned mode) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());  // of a run that was cut off; its mode may be another
    const int file =
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_secret);
    if (file < 0) {
        return failed("write", beside);
    }
    const bool good = write_all(file, content) && ::fchmod(file, mode) == 0 && ::fsync(file) == 0;
    const int error = errno;
    ::close(file);
    if (!good || ::rename(beside.c_str(), path.c_str()) != 0) {
        errno = good ? errno : error;
        Error told = failed("write", path);
        ::unlink(beside.c_str());
        return told;
    }
    sync_folder_of(path);
    return {};
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
