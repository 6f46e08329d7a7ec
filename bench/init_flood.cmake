# SPDX-License-Identifier: MIT
# init_flood is part of the benchmarks and of the end-to-end tests, whichever are built.
include_guard(GLOBAL)
add_executable(init_flood ${PROJECT_SOURCE_DIR}/bench/init_flood.cpp)
target_link_libraries(init_flood PRIVATE
  chat_options proto sys fmt::fmt CLI11::CLI11 PkgConfig::sodium)
