# SPDX-License-Identifier: Apache-2.0
# The kinds of target Berth has. Every directory declares its own with these.

# berth_library(NAME SRCS a.cc ... DEPS lib ...): one library per directory; headers are found from
# the source root ("core/base/status.h").
function(berth_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  if(ARG_SRCS)
    add_library(${name} STATIC ${ARG_SRCS})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE berth_flags ${ARG_PRIVATE_DEPS})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
  endif()
endfunction()

# berth_executable(NAME SRCS ... DEPS ...): a program, in BUILD/bin.
function(berth_executable name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE berth_flags ${ARG_DEPS})
  if(BERTH_HARDENING)
    set_property(TARGET ${name} PROPERTY INTERPROCEDURAL_OPTIMIZATION OFF)
  endif()
endfunction()

# berth_agent_variant(NAME FILE [WRAPS SYMBOL]): berthd linked with FILE, for tests and benchmarks, in
# BUILD/tests. Calls of the function SYMBOL (mangled) go to BERTH_WRAPPED in FILE, which reaches the
# function itself as BERTH_REAL, so that berthd knows nothing of it.
function(berth_agent_variant name file)
  cmake_parse_arguments(ARG "" "WRAPS" "" ${ARGN})
  get_target_property(sources berthd SOURCES)
  get_target_property(libraries berthd LINK_LIBRARIES)
  list(TRANSFORM sources PREPEND ${CMAKE_SOURCE_DIR}/agent/)
  berth_executable(${name} SRCS ${file} ${sources} DEPS ${libraries})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(${name} PRIVATE BERTH_VERSION="${PROJECT_VERSION}")
  if(ARG_WRAPS)
    target_link_options(${name} PRIVATE -Wl,--wrap=${ARG_WRAPS})
    target_compile_definitions(${name} PRIVATE
      BERTH_REAL=__real_${ARG_WRAPS} BERTH_WRAPPED=__wrap_${ARG_WRAPS})
  endif()
endfunction()

# berth_test(NAME SRCS ... DEPS ... [LABELS unit]): a GoogleTest binary that is one ctest case, with a
# time limit that only a hang reaches. LABELS defaults to "unit".
function(berth_test name)
  if(NOT BERTH_TESTING)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(BERTH_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 5")
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE berth_flags ${ARG_DEPS} GTest::gmock_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  if(BERTH_SANITIZE)
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
                 "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/lsan.supp"
                 "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp ignore_noninstrumented_modules=1")
  endif()
endfunction()

# berth_benchmark(NAME SRCS ... DEPS ...): a Google Benchmark binary beside the code, run by
# `tests/run bench` only.
function(berth_benchmark name)
  if(NOT BERTH_TESTING)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE berth_flags ${ARG_DEPS} benchmark::benchmark_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()

# berth_fuzzer(NAME SRCS ... DEPS ...): a libFuzzer program, with the `fuzz` preset only; run by hand
# (docs/contributing.md).
function(berth_fuzzer name)
  if(NOT BERTH_FUZZING)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE berth_flags ${ARG_DEPS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()
