# tests/fuzz/x_fuzz.c is a libFuzzer program; its corpus is tests/fuzz/corpus/x/.
# With KNARR_FUZZ they search; with KNARR_TESTS any compiler replays the corpus.
set(KNARR_FUZZ_SECONDS 60 CACHE STRING "How long each fuzzer searches when ctest runs it")
enable_testing()

function(fuzzer source)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" subject ${name})
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${subject})
  if(KNARR_FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set(found ${CMAKE_BINARY_DIR}/found/${subject})
    file(MAKE_DIRECTORY ${found})
    add_test(NAME fuzz/${subject}
      COMMAND ${name} -max_total_time=${KNARR_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=1024
              -print_final_stats=1 ${found} ${corpus})
    math(EXPR patience "${KNARR_FUZZ_SECONDS} + 120")
    set_tests_properties(fuzz/${subject} PROPERTIES TIMEOUT ${patience} LABELS fuzz)
  else()
    add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME ${KNARR_TEST_PREFIX}fuzz/${subject}_corpus COMMAND ${name} ${corpus})
    set_tests_properties(${KNARR_TEST_PREFIX}fuzz/${subject}_corpus PROPERTIES TIMEOUT 120)
  endif()
  target_link_libraries(${name} PRIVATE knarr_actors knarr_client)
endfunction()

file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/*_fuzz.c)
foreach(source ${fuzzers})
  fuzzer(${source})
endforeach()
