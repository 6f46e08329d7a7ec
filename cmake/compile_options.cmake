# SPDX-License-Identifier: MIT
# One place for warnings, hardening and sanitizers. Every target of ours links chat_options.
add_library(chat_options INTERFACE)
target_include_directories(chat_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(chat_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  -fstack-protector-strong
  $<$<BOOL:${CHAT_WERROR}>:-Werror>)
if(CMAKE_UNITY_BUILD)
  # Several sources in one piece: what one has for itself is seen by the others, and means no harm.
  target_compile_options(chat_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(CHAT_SANITIZE)
  target_compile_options(chat_options INTERFACE
    -fsanitize=${CHAT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The dearest checks, a third of all compiling. They are on with clang, for fuzzing.
    target_compile_options(chat_options INTERFACE
      -fno-sanitize=null,alignment,object-size,vptr,nonnull-attribute,returns-nonnull-attribute,pointer-overflow)
  endif()
  target_link_options(chat_options INTERFACE -fsanitize=${CHAT_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(chat_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(CHAT_FUZZ)
  target_compile_options(chat_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(chat_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
