# cmake --install, and the .deb that cpack makes of it.
if(NOT TARGET knarrd OR NOT TARGET knarr OR NOT TARGET knarr_client)
  return()
endif()
include(GNUInstallDirs)
set(unit_directory lib/systemd/system)
set(sysusers_directory lib/sysusers.d)

install(TARGETS knarrd knarr RUNTIME)
install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/openviking-server
              ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/openviking
        DESTINATION ${CMAKE_INSTALL_BINDIR})

# libknarr: the client with what it stands on, showing only knarr_*.
add_library(knarr_shared SHARED $<TARGET_OBJECTS:knarr_client> $<TARGET_OBJECTS:knarr_transport>
            $<TARGET_OBJECTS:knarr_base>)
target_link_libraries(knarr_shared PRIVATE PkgConfig::ZMQ PkgConfig::MSGPACK PkgConfig::XXHASH
                      PkgConfig::CRYPTO)
target_link_options(knarr_shared PRIVATE
                    LINKER:--version-script=${CMAKE_SOURCE_DIR}/cmake/libknarr.map)
set_target_properties(knarr_shared PROPERTIES OUTPUT_NAME knarr LINKER_LANGUAGE C
                      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                      LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/libknarr.map)
install(TARGETS knarr_shared LIBRARY)
install(FILES client/knarr.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# What names the prefix is filled in at install time, when the prefix is known.
function(install_filled from directory)
  cmake_path(GET from STEM LAST_ONLY name)
  install(CODE "
    set(PREFIX \"\${CMAKE_INSTALL_PREFIX}\")
    set(BINDIR \"${CMAKE_INSTALL_BINDIR}\")
    set(LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
    set(INCLUDEDIR \"${CMAKE_INSTALL_INCLUDEDIR}\")
    set(DATADIR \"${CMAKE_INSTALL_DATADIR}\")
    set(VERSION \"${PROJECT_VERSION}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/${from}\" \"${CMAKE_BINARY_DIR}/install/${name}\" @ONLY)
    file(INSTALL \"${CMAKE_BINARY_DIR}/install/${name}\"
         DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${directory}\")
  ")
endfunction()

install_filled(packaging/knarr.pc.in ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install_filled(packaging/knarr.service.in ${unit_directory})
install_filled(packaging/knarr.conf.in ${sysusers_directory})

file(GLOB pages_1 docs/man/*.1)
file(GLOB pages_5 docs/man/*.5)
file(GLOB pages_8 docs/man/*.8)
install(FILES ${pages_1} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${pages_5} DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${pages_8} DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES README.md LICENSE docs/OPERATIONS.md docs/PROTOCOL.md docs/examples/minimal.conf
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME knarr)
set(CPACK_PACKAGE_VENDOR "The knarr developers")
set(CPACK_PACKAGE_CONTACT "The knarr developers <knarr@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/postinst
    ${CMAKE_SOURCE_DIR}/packaging/prerm ${CMAKE_SOURCE_DIR}/packaging/triggers)
include(CPack)
