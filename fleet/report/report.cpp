#include "fleet/report/report.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace flyball {

namespace {

Result<bool> write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) {
        return Error{ErrorCode::unavailable, fmt::format("{} cannot be written", path.string())};
    }
    return true;
}

}  // namespace

Result<bool> write_report(const std::string& folder, const FleetFigures& figures, bool strict) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) {
        return Error{ErrorCode::unavailable,
                     fmt::format("{} cannot be made: {}", folder, failed.message())};
    }
    const std::filesystem::path place(folder);
    for (const auto& [name, text] :
         {std::pair<const char*, std::string>{"report.md", report_markdown(figures, strict)},
          {"report.json",
           report_json(figures, strict).dump(1, ' ', false, Json::error_handler_t::replace) + "\n"},
          {"report.html", report_html(figures, strict)}}) {
        if (auto written = write_file(place / name, text); !written) {
            return written;
        }
    }
    return true;
}

}  // namespace flyball
