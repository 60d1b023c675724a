# docs/PROTOCOL.md is printed from transport/messages.def; target: docs.
add_executable(protocol docs/protocol.c)
set_target_properties(protocol PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/docs)
add_custom_target(docs
  COMMAND protocol docs/protocol-intro.md > docs/PROTOCOL.md
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Printing docs/PROTOCOL.md" VERBATIM)
