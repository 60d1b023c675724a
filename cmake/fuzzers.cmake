# tests/fuzz/x_fuzz.c is a libFuzzer program; its corpus is tests/fuzz/corpus/x/.
file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/*_fuzz.c)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE knarr_actors knarr_client)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
