# The project's own rules for targets: one helper each for libraries, programs and tests.
# Sources are listed by the caller, headers too (each must compile alone).

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(flyball_rules INTERFACE)
target_include_directories(flyball_rules INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(flyball_rules INTERFACE FLYBALL_VERSION="${PROJECT_VERSION}")
target_compile_options(flyball_rules INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual
  # GCC 12 takes "text" + std::string for overlapping copies (GCC bug 105651), and the unused members
  # of a std::variant that is moved for uninitialized reads. The sanitizers watch for real ones.
  "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized>")
if(FLYBALL_SANITIZE)
  list(JOIN FLYBALL_SANITIZE "," _sanitizers)
  # Not only our targets: GoogleTest's and RapidCheck's code must agree on the instrumentation.
  add_compile_options(-fsanitize=${_sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${_sanitizers})
  if("address" IN_LIST FLYBALL_SANITIZE)
    # What the sanitizers know of the code holds three million addresses, which a program that may lie
    # anywhere has to correct each time it starts: 0.7 s in place of 0.35 s for one of our tool.
    add_link_options("$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>")
  endif()
endif()

# GCC names what link-time optimisation puts together by a random number, and it keeps names of folders.
if(FLYBALL_SAME_BYTES)
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  string(REPLACE "<FLAGS>" "<FLAGS> -frandom-seed=<OBJECT>"
    CMAKE_CXX_COMPILE_OBJECT "${CMAKE_CXX_COMPILE_OBJECT}")
endif()

# What a run of decisions does tells the compiler which way branches go and which calls are worth
# inlining: a fifth fewer instructions a decision. Only what is counted: values (-fprofile-values)
# would be addresses too, others in each run.
set(FLYBALL_PROFILE "" CACHE STRING
  "Of the code that decides: `record` to count what it does, or the folder that tools/train names")
if(NOT FLYBALL_PROFILE MATCHES "^(record)?$" AND NOT IS_DIRECTORY "${FLYBALL_PROFILE}")
  message(FATAL_ERROR "FLYBALL_PROFILE: there is no folder ${FLYBALL_PROFILE}: tools/train makes one")
endif()

# What is added below this folder is linked without link-time optimisation, which takes 10 to 60 s a
# program. A macro: it sets its caller's variable.
macro(flyball_links_as_is)
  if(CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
    add_link_options(-fno-lto)
  endif()
endmacro()

# flyball_library(NAME [FAST] SOURCES ... HEADERS ... DEPENDS ...); FAST: decisions run through it.
function(flyball_library name)
  cmake_parse_arguments(arg "FAST" "" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}
    FILES ${arg_HEADERS})
  target_link_libraries(${name} PUBLIC flyball_rules ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON
    VERIFY_INTERFACE_HEADER_SETS ON)
  if(CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE -ffat-lto-objects)  # for those who link as is, too
  endif()
  if(FLYBALL_SANITIZE AND NOT arg_FAST)
    # Instrumented code of a command line takes GCC 20 s a file to optimise, and nobody waits for it.
    target_compile_options(${name} PRIVATE -O0)
    # GCC guards each place that UBSan may name as a global: 90 MB of data, read at each start of our
    # tool. These globals go unguarded, and pointers unchecked that ASan checks when they are used;
    # alignment is checked where whole files and payloads are read, which is FAST.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND "undefined" IN_LIST FLYBALL_SANITIZE)
      target_compile_options(${name} PRIVATE -fno-sanitize=null,alignment,object-size)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND "address" IN_LIST FLYBALL_SANITIZE)
      target_compile_options(${name} PRIVATE --param=asan-globals=0)
    endif()
  endif()
  if(arg_FAST)
    # GCC's -O2 leaves functions of one line as calls: 8 % more instructions a decision. Its limits of
    # inlining are for code of which little is hot: another 3.5 %.
    set(_options -O3)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      list(APPEND _options --param=inline-min-speedup=5 --param=max-inline-insns-auto=60
        --param=early-inlining-insns=30)
    endif()
    target_compile_options(${name} PRIVATE "$<$<CONFIG:Release>:${_options}>")
    if(FLYBALL_PROFILE STREQUAL "record")
      set(_record -fprofile-generate=${CMAKE_BINARY_DIR}/profile -fno-profile-values)
      target_compile_options(${name} PRIVATE ${_record} -fprofile-prefix-path=${CMAKE_BINARY_DIR})
      target_link_options(${name} INTERFACE ${_record})
    elseif(FLYBALL_PROFILE)
      # What no run came by is not compiled for size.
      target_compile_options(${name} PRIVATE -fprofile-use=${FLYBALL_PROFILE}
        -fprofile-prefix-path=${CMAKE_BINARY_DIR} -fprofile-partial-training -Wno-missing-profile)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
      # GCC clears and copies structs of 100 to 8,192 bytes by `rep stos` and `rep movs`, which take
      # 20 ns to begin: eight of them were 8 % of a quota check. Code is made at the link.
      set(_strategy vector_loop:1024:noalign,libcall:-1:noalign)
      target_link_options(${name} INTERFACE
        $<$<CONFIG:Release>:-mmemset-strategy=${_strategy}>
        $<$<CONFIG:Release>:-mmemcpy-strategy=${_strategy}>)
    endif()
  endif()
endfunction()

# flyball_program(NAME SOURCES ... DEPENDS ...)
function(flyball_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE flyball_rules ${arg_DEPENDS})
endfunction()

# Which suites a build tree has, by label. The address sanitizer's and the dev build have all; the
# thread sanitizer's has those with threads in them; the release build those that run the programs
# and, at their full size, the simulations.
set(FLYBALL_SUITES ".*" CACHE STRING "Regular expression on labels: the suites of this build tree")
# What Debian's Paho leaks and counts unseen; each file says why.
set(FLYBALL_TEST_ENVIRONMENT
  LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0
  TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp:print_suppressions=0)
if(CMAKE_CROSSCOMPILING)  # qemu-user heeds no limit on memory and gives none back
  list(APPEND FLYBALL_TEST_ENVIRONMENT
    "GTEST_FILTER=-Inbox.GivesBackWhatItTook*:ProcessStats.GivesBackWhat*")
endif()

# flyball_test(NAME LABELS ... SOURCES ... DEPENDS ... [TIMEOUT seconds]): one GoogleTest program, one
# ctest entry.
function(flyball_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE flyball_rules ${arg_DEPENDS} flyball_build_tree
    GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  set(_chosen ${arg_LABELS})
  list(FILTER _chosen INCLUDE REGEX "${FLYBALL_SUITES}")
  if(NOT _chosen)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  if(NOT TARGET suites)
    add_custom_target(suites)  # all that this build tree has, without the programs
  endif()
  add_dependencies(suites ${name})
  if(CMAKE_CROSSCOMPILING)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 10")  # qemu-user
  endif()
  add_test(NAME ${name} COMMAND ${name})
  # The longest begin first, so that none runs alone at the end.
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    COST ${arg_TIMEOUT} ENVIRONMENT "${FLYBALL_TEST_ENVIRONMENT}")
endfunction()
