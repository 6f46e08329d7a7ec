# SPDX-License-Identifier: MIT
# chat_test(NAME SOURCES file... [SEPARATE file...] LIBRARIES target...) adds one Catch2 program and
# its ctest entry. SEPARATE files are never compiled several in one piece: they use the same names.
# Debian 12 has Catch2 v2 (header only, our own main); Debian 13 and Ubuntu 24.04 have v3.
if(CHAT_TESTS)
  enable_testing()
  find_package(Catch2 REQUIRED)
  find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
  add_library(chat_catch_main STATIC ${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp)
  target_link_libraries(chat_catch_main PUBLIC chat_options Catch2::Catch2)
  # Nothing compiles longer, and it is not what is tested.
  target_compile_options(chat_catch_main PRIVATE -O0)
  # One precompiled catch.h for all test programs. CMake wants a source file beside it.
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/catch_header.cpp CONTENT "")
  add_library(chat_catch_header OBJECT ${PROJECT_BINARY_DIR}/catch_header.cpp)
  target_link_libraries(chat_catch_header PRIVATE chat_options Catch2::Catch2)
  target_precompile_headers(chat_catch_header PRIVATE
    ${PROJECT_SOURCE_DIR}/tests/support/catch.h)
endif()

# ctest is run with two places for each processor. A test that computes takes two of them, one that
# mostly waits for programs and time-outs takes one.
set(CHAT_TEST_COMPUTES 2)

function(chat_test name)
  if(NOT CHAT_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;SEPARATE;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${ARG_SEPARATE})
  target_link_libraries(${name} PRIVATE chat_catch_main ${ARG_LIBRARIES})
  target_precompile_headers(${name} REUSE_FROM chat_catch_header)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set_source_files_properties(${ARG_SEPARATE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  # A zone with an odd offset, so that no test passes only in UTC.
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "TZ=Asia/Kathmandu"
    TIMEOUT 600
    PROCESSORS ${CHAT_TEST_COMPUTES})
endfunction()
