# The package: headers under include/interlink, a static library for each layer, interlinkConfig.cmake, the command, the engine
# that it was built with, and the kit that builds guests.
include_guard()
include(CMakePackageConfigHelpers)

set(interlink_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/interlink")

get_property(layers GLOBAL PROPERTY INTERLINK_LAYERS)
install(TARGETS ${layers} EXPORT interlink-targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/interlink")
install(EXPORT interlink-targets NAMESPACE interlink:: DESTINATION "${interlink_config_dir}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/interlinkConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/interlinkConfig.cmake" INSTALL_DESTINATION "${interlink_config_dir}"
  PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/interlinkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/interlinkConfig.cmake" "${PROJECT_BINARY_DIR}/interlinkConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/Findasio.cmake" "${CMAKE_CURRENT_LIST_DIR}/FindWasmtime.cmake"
  DESTINATION "${interlink_config_dir}")

# The engine goes along, so that the installed command and its consumers need no look at the place it was built from.
if(INTERLINK_WITH_WASMTIME)
  find_package(Wasmtime REQUIRED)
  install(FILES "${Wasmtime_LIBRARY}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/interlink/wasmtime/lib")
  install(DIRECTORY "${Wasmtime_INCLUDE_DIR}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/interlink/wasmtime")
endif()
if(TARGET interlink_cli)
  set_target_properties(interlink_cli PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/interlink/wasmtime/lib")
  install(TARGETS interlink_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

if(TARGET kit)
  install(DIRECTORY "${INTERLINK_KIT_DIR}/" DESTINATION . USE_SOURCE_PERMISSIONS PATTERN bin/interlink EXCLUDE)
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

if(INTERLINK_BUILD_TESTS)
  include(interlink_checks)
endif()
