# What bench/run measures with: the baselines, and the load on a server.
option(KNARR_BENCH "Build the benchmarks" OFF)
if(NOT KNARR_BENCH)
  return()
endif()
