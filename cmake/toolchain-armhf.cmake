# Debian's cross compiler for armhf, against the folder that tools/sysroot makes.
set(FLYBALL_TRIPLET arm-linux-gnueabihf)
set(FLYBALL_QEMU qemu-arm-static)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(FLYBALL_DEBIAN_ARCHITECTURE armhf)
include(${CMAKE_CURRENT_LIST_DIR}/DebianCross.cmake)
# Debian 12's armhf has a time_t of 32 bits unless asked for more. What we pass to libraries as time_t
# or struct timespec is the C library's own; the others take numbers or std::chrono.
add_compile_definitions(_TIME_BITS=64 _FILE_OFFSET_BITS=64)
# Notes on what GCC 7.1 changed in passing 64-bit members: one compiler builds all of it.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-psabi>)
