# SPDX-License-Identifier: Apache-2.0
# Compiler settings that every target shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(berth_flags INTERFACE)
# Designated initialisers that leave the other members at their defaults are house style; gcc's
# -Wextra would warn of each.
target_compile_options(berth_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror
                                             -Wno-missing-field-initializers)
# gcc 12 warns of overlapping copies inside std::string where there are none, once it optimises
# (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  target_compile_options(berth_flags INTERFACE -Wno-restrict)
endif()
target_include_directories(berth_flags INTERFACE ${CMAKE_SOURCE_DIR})

if(BERTH_SANITIZE)
  add_compile_options(-fsanitize=${BERTH_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${BERTH_SANITIZE})
endif()

if(BERTH_FUZZING)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(BERTH_HARDENING)
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fcf-protection)
  add_link_options(-Wl,-z,relro,-z,now -pie)
endif()
add_link_options(-Wl,--as-needed)
