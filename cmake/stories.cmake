# Whole-program tests: tests/stories/.  Their sizes come from the environment of
# cmake: KNARR_SWEEP_KILLS, KNARR_SWEEP_CALLS, KNARR_POWER_CUTS, KNARR_UML_CUTS, KNARR_SOAK_SECONDS,
# KNARR_MUTANTS, KNARR_STORY_SEED.
add_executable(workload tests/stories/workload/main.c tests/stories/workload/plan.c
               tests/stories/workload/diary.c tests/stories/workload/asides.c)
target_link_libraries(workload PRIVATE knarr_client knarr_history)
add_executable(redo_place tests/stories/redo/main.c)
target_link_libraries(redo_place PRIVATE knarr_actors)

if(NOT TARGET knarrd OR NOT TARGET knarr)
  return()
endif()

# knarrd, and beside it a thread that sees what is in memory.
get_target_property(sources knarrd SOURCES)
add_executable(knarrd_watched ${sources} tests/stories/watch/watch.c)
target_link_libraries(knarrd_watched PRIVATE knarr_actors knarr_history PkgConfig::POPT)

function(size_from_environment variable otherwise)
  if(DEFINED ENV{${variable}})
    set(${variable} $ENV{${variable}} PARENT_SCOPE)
  else()
    set(${variable} ${otherwise} PARENT_SCOPE)
  endif()
endfunction()

size_from_environment(KNARR_SWEEP_KILLS 1000)
size_from_environment(KNARR_SWEEP_CALLS 300)
size_from_environment(KNARR_POWER_CUTS 100)
size_from_environment(KNARR_UML_CUTS 5)
size_from_environment(KNARR_SOAK_SECONDS 40)
size_from_environment(KNARR_MUTANTS 0) # all
size_from_environment(KNARR_STORY_SEED 1)

function(story name labels seconds)
  set(test ${KNARR_TEST_PREFIX}stories/${name})
  add_test(NAME ${test} COMMAND ${ARGN})
  set_tests_properties(${test} PROPERTIES
    LABELS "story;${labels}" TIMEOUT ${seconds} SKIP_RETURN_CODE 77
    # They keep both cores busy, and judge by time what hangs.
    RUN_SERIAL ON)
endfunction()

set(stories ${CMAKE_SOURCE_DIR}/tests/stories)
set(programs ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
math(EXPR patience "600 + 2 * ${KNARR_SOAK_SECONDS}")
story(soak soak ${patience} ${stories}/soak ${programs}
      --seconds ${KNARR_SOAK_SECONDS} --seed ${KNARR_STORY_SEED})
story(commands server 300 /usr/bin/python3 ${stories}/commands_story.py ${programs})
if(NOT KNARR_STORIES)
  return() # the others would say nothing more in a build with sanitizers
endif()
story(crash_sweep sweep 1200 ${stories}/crash_sweep ${programs}
      --kills ${KNARR_SWEEP_KILLS} --seed ${KNARR_STORY_SEED})
story(call_sweep sweep 600 ${stories}/crash_sweep ${programs}
      --modes calls --kills ${KNARR_SWEEP_CALLS} --seed ${KNARR_STORY_SEED})
story(powercut power 1200 ${stories}/powercut ${programs}
      --cuts ${KNARR_POWER_CUTS} --seed ${KNARR_STORY_SEED})
story(each_sync_matters power 1200 ${stories}/each_sync_matters ${programs})
if(NOT KNARR_SANITIZE) # whose shadow memory is more than a guest has room for
  story(uml_cuts power 600 ${stories}/uml_cuts ${programs}
        --cuts ${KNARR_UML_CUTS} --seed ${KNARR_STORY_SEED})
endif()
if(CMAKE_GENERATOR STREQUAL "Ninja" AND NOT KNARR_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  story(mutants mutants 1200 ${CMAKE_SOURCE_DIR}/tests/mutants/run ${CMAKE_BINARY_DIR}
        --sample ${KNARR_MUTANTS} --seed ${KNARR_STORY_SEED})
endif()
