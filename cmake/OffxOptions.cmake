# Flags for our own code, carried by the interface library offx_options.
add_library(offx_options INTERFACE)
target_include_directories(offx_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(offx_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wnull-dereference -Wimplicit-fallthrough -Werror
  -Wno-missing-field-initializers)  # a designated initialiser leaves the rest to its default on purpose
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 reports these inside the standard library's own inlined code.
  target_compile_options(offx_options INTERFACE -Wno-null-dereference -Wno-maybe-uninitialized -Wno-restrict
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # libstdc++ 12's std::stable_sort and std::stable_partition use what it deprecates itself; g++ tells of the others.
  target_compile_options(offx_options INTERFACE -Wno-deprecated-declarations)
endif()

if(OFFX_SANITIZE)
  add_compile_options(-fsanitize=${OFFX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${OFFX_SANITIZE})
elseif(OFFX_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL Release)
  # The hardening of Debian's own packages.
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection)
  add_compile_definitions(_FORTIFY_SOURCE=2)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_link_options(-pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
endif()
