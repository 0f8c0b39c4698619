// What the configuration reads of the machine it runs on: node/config.h's machine_input().

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "node/config.h"

namespace flyball {
namespace {

constexpr std::size_t file_bytes_max = 4 << 20;  // thousands of governors fit in a tenth of it

Result<std::optional<std::string>> read_file(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        return std::optional<std::string>{};
    }
    std::string text;
    std::array<char, 4096> block{};
    ssize_t size = file < 0 ? -1 : 1;
    while (size > 0 && text.size() <= file_bytes_max) {
        size = read(file, block.data(), block.size());
        if (size > 0) {
            text.append(block.data(), static_cast<std::size_t>(size));
        }
    }
    const int error = errno;
    if (file >= 0) {
        close(file);
    }
    if (size < 0) {
        return Error{ErrorCode::usage,
                     std::string("must be a file that can be read: ") + std::strerror(error)};
    }
    if (text.size() > file_bytes_max) {
        return Error{ErrorCode::usage, "must have at most 4 MiB"};
    }
    return std::optional(std::move(text));
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
    std::vector<std::string> names;
    const auto close_folder = [](DIR* folder) { closedir(folder); };
    const std::unique_ptr<DIR, decltype(close_folder)> folder(opendir(path.c_str()), close_folder);
    if (!folder && errno == ENOENT) {
        return names;
    }
    errno = folder ? 0 : errno;  // only errno tells a failing readdir() from the end
    while (const dirent* entry = folder ? readdir(folder.get()) : nullptr) {
        names.emplace_back(entry->d_name);
        errno = 0;
    }
    if (errno != 0) {
        return Error{ErrorCode::usage,
                     std::string("must be a folder that can be read: ") + std::strerror(errno)};
    }
    return names;
}

std::string first_line(const std::string& path) {
    const auto text = read_file(path);
    return text && *text ? (*text)->substr(0, (*text)->find('\n')) : std::string();
}

}  // namespace

ConfigInput machine_input(int argc, const char* const* argv) {
    ConfigInput input;
    if (argc > 1) {
        input.arguments.assign(argv + 1, argv + argc);
    }
    input.environment = [](const std::string& name) -> std::optional<std::string> {
        // Nobody changes the environment of a node.
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
    input.read_file = read_file;
    input.list_folder = list_folder;
    std::array<char, HOST_NAME_MAX + 1> host{};
    if (gethostname(host.data(), host.size() - 1) == 0) {
        input.host_name = host.data();
    }
    input.machine_id = first_line("/etc/machine-id");
    if (input.machine_id.empty()) {
        input.machine_id = first_line("/var/lib/dbus/machine-id");
    }
    input.root = geteuid() == 0;
    return input;
}

}  // namespace flyball
