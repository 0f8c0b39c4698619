# Debian's cross compiler for arm64, against the folder that tools/sysroot makes.
set(FLYBALL_TRIPLET aarch64-linux-gnu)
set(FLYBALL_QEMU qemu-aarch64-static)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(FLYBALL_DEBIAN_ARCHITECTURE arm64)
include(${CMAKE_CURRENT_LIST_DIR}/DebianCross.cmake)
