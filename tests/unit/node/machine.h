#pragma once
// A machine that exists only in a test: its files, environment and command line.

#include <map>
#include <string>
#include <vector>

#include "node/config.h"

namespace flyball {

class Machine {
public:
    Machine() {
        input_.host_name = "pi-7.example.org";
        input_.machine_id = "0123456789abcdef0123456789abcdef";
        variables_["HOME"] = "/home/pi";
    }
    Machine& file(const std::string& path, const std::string& text) {
        files_[path] = text;
        return *this;
    }
    Machine& unreadable_file(const std::string& path) {
        unreadable_file_ = path;
        return *this;
    }
    Machine& unreadable_folder(const std::string& path) {
        unreadable_folder_ = path;
        return *this;
    }
    Machine& variable(const std::string& name, const std::string& value) {
        variables_[name] = value;
        return *this;
    }
    Machine& flags(std::vector<std::string> arguments) {
        input_.arguments = std::move(arguments);
        return *this;
    }
    ConfigInput& input() { return input_; }

    Config read() {
        input_.environment = [this](const std::string& name) -> std::optional<std::string> {
            const auto found = variables_.find(name);
            return found == variables_.end() ? std::nullopt : std::optional(found->second);
        };
        input_.read_file = [this](const std::string& path) -> Result<std::optional<std::string>> {
            if (path == unreadable_file_) {
                return Error{ErrorCode::usage, "must be a file that can be read: its reason"};
            }
            const auto found = files_.find(path);
            return found == files_.end() ? std::optional<std::string>{}
                                         : std::optional(found->second);
        };
        input_.list_folder = [this](const std::string& path) -> Result<std::vector<std::string>> {
            if (path == unreadable_folder_) {
                return Error{ErrorCode::usage, "must be a folder that can be read: its reason"};
            }
            std::vector<std::string> names;
            for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
                if (file->first.starts_with(path + "/")) {
                    names.push_back(file->first.substr(path.size() + 1));
                }
            }
            return names;
        };
        return read_config(input_);
    }

private:
    ConfigInput input_;
    std::map<std::string, std::string> files_;
    std::string unreadable_file_;
    std::string unreadable_folder_;
    std::map<std::string, std::string> variables_;
};

}  // namespace flyball
