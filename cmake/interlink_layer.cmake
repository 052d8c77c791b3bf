# One static library per layer, with a checked header set. A layer's tests link that layer alone, so an upward call
# fails to link.
include_guard()

add_library(interlink_warnings INTERFACE)
target_compile_options(interlink_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wimplicit-fallthrough)

# interlink_layer(NAME linker SOURCES ... HEADERS ... [INTERNAL_HEADERS ...] [PRIVATE_HEADERS ...] [USES messages ...])
#
# HEADERS are what other layers build upon, INTERNAL_HEADERS are for some of them and for tests; all must compile alone.
# PRIVATE_HEADERS are the layer's own. None is installed: embed/ has the public ones.
function(interlink_layer)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;HEADERS;INTERNAL_HEADERS;PRIVATE_HEADERS;USES" ${ARGN})
  set(target interlink_${ARG_NAME})
  add_library(${target} STATIC ${ARG_SOURCES} ${ARG_INTERNAL_HEADERS} ${ARG_PRIVATE_HEADERS})
  add_library(interlink::${ARG_NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${ARG_NAME} CXX_EXTENSIONS OFF
                        POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/interlink>")
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${ARG_HEADERS})
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:interlink_warnings>)
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${target} PUBLIC interlink::${used})
  endforeach()
  if(ARG_INTERNAL_HEADERS)
    # A target of their own: an exported one would have to install every file set that it has.
    add_library(${target}_internal INTERFACE)
    target_sources(${target}_internal INTERFACE
      FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${ARG_INTERNAL_HEADERS})
    target_link_libraries(${target}_internal INTERFACE ${target})
  endif()
  set_property(GLOBAL APPEND PROPERTY INTERLINK_LAYERS ${target})
endfunction()
