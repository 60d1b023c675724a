# The programs, and the names OpenViking's users know them by.
function(program name alias)
  file(GLOB sources CONFIGURE_DEPENDS cli/${name}/*.c)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARGN})
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${name} ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${alias})
endfunction()

program(knarrd openviking-server knarr_actors PkgConfig::POPT)
program(knarr openviking knarr_client knarr_conf PkgConfig::POPT)
