# offx_module(NAME [LINK libs…] [TEST_LINK libs…])
#
# Makes of the folder it is called in the static library offx_NAME (every .cpp but *_test.cpp, *_fuzz.cpp, main.cpp), the
# test program offx_NAME_test (every *_test.cpp) and, with clang and -DOFFX_FUZZ=ON, one libFuzzer program for each *_fuzz.cpp.
function(offx_module name)
  cmake_parse_arguments(ARG "" "" "LINK;TEST_LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz)|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")

  if(sources)
    add_library(offx_${name} STATIC ${sources})
    target_link_libraries(offx_${name} PUBLIC offx_options ${ARG_LINK})
  else()
    add_library(offx_${name} INTERFACE)
    target_link_libraries(offx_${name} INTERFACE offx_options ${ARG_LINK})
  endif()

  if(OFFX_TESTS AND tests)
    add_executable(offx_${name}_test ${tests})
    target_link_libraries(offx_${name}_test PRIVATE offx_${name} ${ARG_TEST_LINK} GTest::gmock_main)
    # Of a test only what it calls needs to be fast: -O1 compiles in two thirds of the time of -O3.
    target_compile_options(offx_${name}_test PRIVATE $<$<CONFIG:Release>:-O1>)
    target_compile_definitions(offx_${name}_test PRIVATE OFFX_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND offx_${name}_test --gtest_brief=1)
  endif()

  if(OFFX_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE offx_${name})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
