# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Guests among the targets of a project for this machine. (A project that is a guest as a whole takes toolchain.cmake.)
#
#   interlink_guest(NAME [LIBRARY] SOURCE... [NEEDED library...] [PLUGINS library...] [UNKNOWN_PLUGINS] [OPTIONS option...])
#
# makes the target NAME, part of `all`: the program NAME, or with LIBRARY the shared library NAME.so, in the build folder's guests/.
#   NEEDED   libraries of this function that are opened with it
#   PLUGINS  libraries of this function that the program may open: it exports what they use
#   UNKNOWN_PLUGINS  whatever the program opens finds all of the C library (and of the C++ library)
#   OPTIONS  for interlink-cc, or interlink-c++ where a source is C++: -O2, -std=c++23, -DNAME ...
# Its property INTERLINK_FILE is the file.
include_guard(GLOBAL)

cmake_path(SET interlink_bin NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../../../bin")
set(INTERLINK_BIN "${interlink_bin}" CACHE INTERNAL "Where interlink-cc is")

function(interlink_guest name)
  cmake_parse_arguments(ARG "LIBRARY;UNKNOWN_PLUGINS" "" "NEEDED;PLUGINS;OPTIONS" ${ARGN})
  set(compiler "${INTERLINK_BIN}/interlink-cc")
  if(ARG_UNPARSED_ARGUMENTS MATCHES "[.](cc|cpp|cxx|C)(;|$)")
    set(compiler "${INTERLINK_BIN}/interlink-c++")
  endif()
  set(output "${CMAKE_CURRENT_BINARY_DIR}/guests/${name}")
  set(link_options)
  if(ARG_LIBRARY)
    string(APPEND output ".so")
    list(APPEND link_options -shared)
  elseif(ARG_UNKNOWN_PLUGINS)
    list(APPEND link_options -rdynamic)
  endif()
  set(libraries)
  foreach(kind NEEDED PLUGINS)
    foreach(library IN LISTS ARG_${kind})
      get_target_property(file ${library} INTERLINK_FILE)
      list(APPEND libraries "${file}")
      if(kind STREQUAL "NEEDED")
        list(APPEND link_options "${file}")
      else()
        list(APPEND link_options "--interlink-plugin=${file}")
      endif()
    endforeach()
  endforeach()
  set(objects)
  foreach(source IN LISTS ARG_UNPARSED_ARGUMENTS)
    cmake_path(ABSOLUTE_PATH source NORMALIZE)
    cmake_path(GET source FILENAME file)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/guests/${name}.objects/${file}.o")
    file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/guests/${name}.objects")
    add_custom_command(OUTPUT "${object}" DEPENDS "${source}" DEPFILE "${object}.d" VERBATIM COMMENT "Guest ${name}: ${file}"
      COMMAND "${compiler}" ${ARG_OPTIONS} -MD -MF "${object}.d" -MT "${object}" -c "${source}" -o "${object}")
    list(APPEND objects "${object}")
  endforeach()
  add_custom_command(OUTPUT "${output}" DEPENDS ${objects} ${libraries} VERBATIM COMMENT "Guest ${name}"
    COMMAND "${compiler}" ${ARG_OPTIONS} ${objects} ${link_options} -o "${output}")
  add_custom_target(${name} ALL DEPENDS "${output}")
  set_target_properties(${name} PROPERTIES INTERLINK_FILE "${output}")
endfunction()
