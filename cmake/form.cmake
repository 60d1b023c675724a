# What the tree itself must be: formatted, current, installable.  Label: form.
find_program(CLANG_FORMAT clang-format)
find_program(MANDOC mandoc)

function(form name)
  add_test(NAME form/${name} COMMAND ${ARGN})
  set_tests_properties(form/${name} PROPERTIES
    LABELS form TIMEOUT 300 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()

form(words ${CMAKE_SOURCE_DIR}/tests/form/words.sh)
form(layers ${CMAKE_SOURCE_DIR}/tests/form/layers.sh)
form(sizes ${CMAKE_SOURCE_DIR}/tests/form/sizes.sh)
form(protocol_is_current ${CMAKE_SOURCE_DIR}/tests/form/protocol_is_current.sh $<TARGET_FILE:protocol>)
if(CLANG_FORMAT)
  form(clang_format ${CMAKE_SOURCE_DIR}/tests/form/clang_format.sh ${CLANG_FORMAT})
endif()
if(MANDOC)
  form(man_pages ${CMAKE_SOURCE_DIR}/tests/form/man_pages.sh ${MANDOC})
endif()
if(TARGET knarr_shared)
  form(exports ${CMAKE_SOURCE_DIR}/tests/form/exports.sh $<TARGET_FILE:knarr_shared>)
  form(install ${CMAKE_SOURCE_DIR}/tests/install/install.sh ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER})
endif()
