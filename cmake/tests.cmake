# SPDX-License-Identifier: MIT
# chat_test(NAME SOURCES file... LIBRARIES target...) adds one Catch2 program and its ctest entry.
# Debian 12 has Catch2 v2 (header only, our own main); Debian 13 and Ubuntu 24.04 have v3.
if(CHAT_TESTS)
  enable_testing()
  find_package(Catch2 REQUIRED)
  find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
  add_library(chat_catch_main STATIC ${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp)
  target_link_libraries(chat_catch_main PUBLIC chat_options Catch2::Catch2)
  # g++ 12 sees uninitialised memory in <regex> when it builds Catch2 2 with sanitizers.
  target_compile_options(chat_catch_main PRIVATE -Wno-maybe-uninitialized)
endif()

function(chat_test name)
  if(NOT CHAT_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE chat_catch_main ${ARG_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/catch.h)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  # A zone with an odd offset, so that no test passes only in UTC.
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "TZ=Asia/Kathmandu" TIMEOUT 300)
endfunction()
