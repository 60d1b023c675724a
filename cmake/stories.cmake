# Whole-program tests: tests/stories/.
add_executable(workload tests/stories/workload/main.c tests/stories/workload/plan.c
               tests/stories/workload/diary.c)
target_link_libraries(workload PRIVATE knarr_client knarr_history)
