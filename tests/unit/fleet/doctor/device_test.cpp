// Which device doctor looks at, where not everything may be looked at.

#include "fleet/doctor/device.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace flyball {
namespace {

// As /var/lib/flyball leads into /var/lib/private, which only root may look into.
TEST(IsThere, IsALinkIntoAFolderThatMayNotBeLookedInto) {
    std::string folder = ::testing::TempDir() + "flyball-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string hidden = folder + "/private";
    const std::string link = folder + "/link";
    std::filesystem::create_directory(hidden);
    std::filesystem::create_symlink(hidden + "/flyball", link);
    std::filesystem::permissions(hidden, std::filesystem::perms::none);
    EXPECT_TRUE(is_there(link));
    EXPECT_FALSE(is_there(folder + "/nothing"));
    std::filesystem::permissions(hidden, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace flyball
