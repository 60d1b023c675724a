# What bench/run measures with: the baselines, and the load on a server.
option(KNARR_BENCH "Build the benchmarks" OFF)
if(NOT KNARR_BENCH)
  return()
endif()

function(bench name)
  cmake_parse_arguments(BENCH "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(bench_${name} ${BENCH_SOURCES})
  target_link_libraries(bench_${name} PRIVATE ${BENCH_LIBRARIES})
  set_target_properties(bench_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()

set(measuring bench/measure.c bench/options.c)
bench(baseline SOURCES bench/baseline.c bench/files.c bench/append.c bench/reads.c
      bench/roundtrip.c bench/upstream.c bench/upstream_log.c ${measuring}
      LIBRARIES PkgConfig::ZMQ PkgConfig::XXHASH)
bench(load SOURCES bench/load.c ${measuring} LIBRARIES knarr_client)
# Loaded before a server, to count what it copies; it must not call what it stands in for.
add_library(bench_copies SHARED bench/copies.c)
target_compile_options(bench_copies PRIVATE -fno-builtin
  $<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>)
set_target_properties(bench_copies PROPERTIES
  OUTPUT_NAME copies LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
bench(journal SOURCES bench/journal.c ${measuring} LIBRARIES knarr_base)
bench(policy SOURCES bench/policy.c LIBRARIES knarr_conf)
