# Two components for packagers: `interlink_library` is what a program needs that embeds, `interlink_tools` is the command and
# the kit.
#
# The package: the public header, the library of all layers, interlinkConfig.cmake and interlink.pc, the command, the engine
# that they were built with, the kit that builds guests, and the guides.
include_guard()
include(CMakePackageConfigHelpers)

set(interlink_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/interlink")

if(TARGET interlink)
  install(TARGETS interlink EXPORT interlink-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT interlink_library
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT interlink_library
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT interlink_library)
  install(EXPORT interlink-targets NAMESPACE interlink:: DESTINATION "${interlink_config_dir}" COMPONENT interlink_library)
  # Also beside it: there interlink_deploy_engine puts the engine.
  set_target_properties(interlink PROPERTIES INSTALL_RPATH "$ORIGIN/interlink/wasmtime/lib;$ORIGIN")

  configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/interlinkConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/interlinkConfig.cmake" INSTALL_DESTINATION "${interlink_config_dir}"
    PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_BINDIR)
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/interlinkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/interlinkConfig.cmake" "${PROJECT_BINARY_DIR}/interlinkConfigVersion.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/Findasio.cmake" "${CMAKE_CURRENT_LIST_DIR}/FindWasmtime.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/interlink_deploy.cmake"
    DESTINATION "${interlink_config_dir}" COMPONENT interlink_library)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/interlink.pc.in" "${PROJECT_BINARY_DIR}/interlink.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/interlink.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT interlink_library)
endif()

# The engine goes along, so that the installed command and its consumers need no look at the place it was built from.
if(INTERLINK_WITH_WASMTIME)
  find_package(Wasmtime REQUIRED)
  install(FILES "${Wasmtime_LIBRARY}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/interlink/wasmtime/lib"
    COMPONENT interlink_library)
  install(DIRECTORY "${Wasmtime_INCLUDE_DIR}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/interlink/wasmtime"
    COMPONENT interlink_library)
endif()
if(TARGET interlink_cli)
  set_target_properties(interlink_cli PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/interlink/wasmtime/lib")
  install(TARGETS interlink_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT interlink_tools)
endif()

if(TARGET kit)
  install(DIRECTORY "${INTERLINK_KIT_DIR}/" DESTINATION . USE_SOURCE_PERMISSIONS COMPONENT interlink_tools PATTERN bin/interlink EXCLUDE)
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/docs/embedding.md" "${PROJECT_SOURCE_DIR}/docs/guests.md"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT interlink_library)

if(INTERLINK_BUILD_TESTS)
  include(interlink_checks)
endif()
