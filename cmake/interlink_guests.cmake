# Guests: wasm modules built by clang-22 and wasm-ld-22 from C, C++, assembly or wat, for tests, demo and benches.
#
#   interlink_guest(NAME x KIND main|side|fixed|static SOURCES a.c ...
#     [LIBC]               link with (a main) or only compile against (a side) the C library of the kit
#     [FREESTANDING]       without any libc: the default, said aloud
#     [NEEDED y ...]       guests that x names as needed
#     [SIDES y ...]        guests that x may open: a main exports what they import
#     [NEEDED_NAMES f ...] file names to add to the needed list without linking with them: cycles, and what is missing
#     [EXPORTS name ...]   further names to export, where defined
#     [EXCEPTIONS]         C++ exceptions in the standard encoding
#     [LONGJMP]            setjmp and longjmp
#     [UNSHARED]           without shared memory, hence without threads
#     [REACTOR]            a libc main without main(): its constructors run in _initialize, then its exports are called
#     [RUNTIME_PATH dir ...]   where its needed libraries are looked for; $ORIGIN, the folder it lies in, by default
#     [SONAME name]        a side's own name
#     [TABLE_MAXIMUM n]    cap the function table of a main
#     [OUTPUT file]        name of the file, when it is not x.wasm (main, fixed, static) or x.so (side)
#     [INCLUDE_DIRECTORIES ...] [COMPILE_OPTIONS ...] [LINK_OPTIONS ...])   with -g the module keeps its line tables
#
#   interlink_wat_guest(NAME x SOURCE x.wat [OUTPUT file] [MEMORY size align] [TABLE size align] [NEEDED file ...]
#     [PLAIN])             wat with a dylink.0 section in front; PLAIN leaves that out
#
#   interlink_use_guests(target)   builds the guests first and defines INTERLINK_GUEST_DIR, the folder they are in
#
# main: position-independent program. fixed: program at fixed addresses that links dynamically. static: program without
# dylink.0. side: shared library. All land in <build>/guests, and the target `guests` builds them.
include_guard(GLOBAL)
include(interlink_guest_tool)

# In the cache, because this file is read once and used in several folders.
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH interlink_root)
set(INTERLINK_GUEST_DIR "${PROJECT_BINARY_DIR}/guests" CACHE INTERNAL "Where guests are built")

if(NOT TARGET guests)
  add_custom_target(guests ALL)
endif()

find_program(INTERLINK_GUEST_CLANG clang-22 REQUIRED)
find_program(INTERLINK_GUEST_LD wasm-ld-22 REQUIRED)
find_program(INTERLINK_GUEST_WAT2WASM wat2wasm REQUIRED)
find_program(INTERLINK_GUEST_PYTHON python3 REQUIRED)

if(DEFINED ENV{XDG_CACHE_HOME})
  set(INTERLINK_GUEST_CACHE "$ENV{XDG_CACHE_HOME}/interlink/guests" CACHE INTERNAL "")
else()
  set(INTERLINK_GUEST_CACHE "$ENV{HOME}/.cache/interlink/guests" CACHE INTERNAL "")
endif()

interlink_guest_tool(get-guest-sources INTERLINK_GUEST_SOURCES)

function(interlink_json_strings variable)
  set(items)
  foreach(item IN LISTS ARGN)
    string(REPLACE "\\" "\\\\" item "${item}")
    string(REPLACE "\"" "\\\"" item "${item}")
    list(APPEND items "\"${item}\"")
  endforeach()
  list(JOIN items ", " joined)
  set(${variable} "[${joined}]" PARENT_SCOPE)
endfunction()

# The files of guests named in the list; each must have been made before.
function(interlink_guest_files variable)
  set(files)
  foreach(name IN LISTS ARGN)
    if(NOT TARGET guest_${name})
      message(FATAL_ERROR "guest ${name} is not defined (yet)")
    endif()
    get_target_property(file guest_${name} INTERLINK_GUEST_FILE)
    list(APPEND files "${file}")
  endforeach()
  set(${variable} "${files}" PARENT_SCOPE)
endfunction()

# Writes the specification and the rule. Expects the spec's fields as spec_* variables of the caller.
function(interlink_add_guest name output depends)
  set(file "${INTERLINK_GUEST_DIR}/${output}")
  set(work "${PROJECT_BINARY_DIR}/guest_specifications")
  set(spec "${work}/${name}.json")
  set(depfile "${work}/${name}.d")
  file(GENERATE OUTPUT "${spec}" CONTENT "{
 \"name\": \"${name}\", \"kind\": \"${spec_kind}\", \"output\": \"${file}\", \"depfile\": \"${depfile}\",
 \"cache\": \"${INTERLINK_GUEST_CACHE}\", \"clang\": \"${INTERLINK_GUEST_CLANG}\", \"wasm_ld\": \"${INTERLINK_GUEST_LD}\",
 \"wat2wasm\": \"${INTERLINK_GUEST_WAT2WASM}\", \"libc\": ${spec_libc},
 \"sources\": ${spec_sources},
 \"wat\": ${spec_wat}, \"include_directories\": ${spec_include_directories},
 \"compile_options\": ${spec_compile_options}, \"link_options\": ${spec_link_options}, \"exports\": ${spec_exports},
 \"needed\": ${spec_needed}, \"needed_names\": ${spec_needed_names}, \"sides\": ${spec_sides},
 \"exceptions\": ${spec_exceptions}, \"longjmp\": ${spec_longjmp}, \"unshared\": ${spec_unshared}, \"reactor\": ${spec_reactor},
 \"soname\": \"${spec_soname}\", \"dylink\": ${spec_dylink}, \"table_maximum\": ${spec_table_maximum}
}
")
  add_custom_command(OUTPUT "${file}"
    COMMAND "${INTERLINK_GUEST_PYTHON}" "${INTERLINK_TOOLS_DIR}/build-guest" "${spec}"
    DEPENDS "${spec}" "${INTERLINK_TOOLS_DIR}/build-guest" "${INTERLINK_TOOLS_DIR}/wasm_sections.py" ${depends}
    DEPFILE "${depfile}" COMMENT "Guest ${output}" VERBATIM)
  add_custom_target(guest_${name} DEPENDS "${file}")
  set_target_properties(guest_${name} PROPERTIES INTERLINK_GUEST_FILE "${file}")
  add_dependencies(guest_${name} kit_libc)
  add_dependencies(guests guest_${name})
endfunction()

macro(interlink_guest_flag option variable)
  if(ARG_${option})
    set(${variable} true)
  else()
    set(${variable} false)
  endif()
endmacro()

function(interlink_guest)
  cmake_parse_arguments(ARG "LIBC;FREESTANDING;EXCEPTIONS;LONGJMP;UNSHARED;REACTOR" "NAME;KIND;OUTPUT;TABLE_MAXIMUM;SONAME"
    "SOURCES;NEEDED;NEEDED_NAMES;SIDES;EXPORTS;RUNTIME_PATH;INCLUDE_DIRECTORIES;COMPILE_OPTIONS;LINK_OPTIONS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_KIND MATCHES "^(main|side|fixed|static)$")
    message(FATAL_ERROR "interlink_guest(${ARG_NAME}): unknown words ${ARG_UNPARSED_ARGUMENTS}, or kind '${ARG_KIND}'")
  endif()
  set(output "${ARG_OUTPUT}")
  if(NOT output AND ARG_KIND STREQUAL "side")
    set(output "${ARG_NAME}.so")
  elseif(NOT output)
    set(output "${ARG_NAME}.wasm")
  endif()
  set(sources)
  set(libraries)
  foreach(source IN LISTS ARG_SOURCES)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND sources "${source}")
  endforeach()
  set(spec_libc null)
  if(ARG_LIBC)
    set(spec_libc "\"${INTERLINK_KIT_SYSROOT}\"")
    set(libraries "${INTERLINK_KIT_LIBRARIES}")
  endif()
  if((ARG_NEEDED OR ARG_NEEDED_NAMES) AND NOT ARG_RUNTIME_PATH)
    set(ARG_RUNTIME_PATH "$ORIGIN")
  endif()
  foreach(directory IN LISTS ARG_RUNTIME_PATH)
    list(APPEND ARG_LINK_OPTIONS "--rpath=${directory}")
  endforeach()
  interlink_guest_files(needed ${ARG_NEEDED})
  # What a needed library imports from main must be exported as well.
  set(sides)
  if(NOT ARG_KIND STREQUAL "side")
    interlink_guest_files(sides ${ARG_SIDES} ${ARG_NEEDED})
  endif()
  set(spec_kind "${ARG_KIND}")
  set(spec_table_maximum 0)
  if(ARG_TABLE_MAXIMUM)
    set(spec_table_maximum ${ARG_TABLE_MAXIMUM})
  endif()
  set(spec_dylink null)
  set(spec_soname "${ARG_SONAME}")
  interlink_guest_flag(EXCEPTIONS spec_exceptions)
  interlink_guest_flag(LONGJMP spec_longjmp)
  interlink_guest_flag(UNSHARED spec_unshared)
  interlink_guest_flag(REACTOR spec_reactor)
  interlink_json_strings(spec_needed_names ${ARG_NEEDED_NAMES})
  interlink_json_strings(spec_sources ${sources})
  interlink_json_strings(spec_wat)
  interlink_json_strings(spec_include_directories ${ARG_INCLUDE_DIRECTORIES})
  interlink_json_strings(spec_compile_options ${ARG_COMPILE_OPTIONS})
  interlink_json_strings(spec_link_options ${ARG_LINK_OPTIONS})
  interlink_json_strings(spec_exports ${ARG_EXPORTS})
  interlink_json_strings(spec_needed ${needed})
  interlink_json_strings(spec_sides ${sides})
  interlink_add_guest(${ARG_NAME} "${output}" "${sources};${libraries};${needed};${sides}")
endfunction()

function(interlink_wat_guest)
  cmake_parse_arguments(ARG "PLAIN" "NAME;SOURCE;OUTPUT" "MEMORY;TABLE;NEEDED" ${ARGN})
  set(output "${ARG_OUTPUT}")
  if(NOT output)
    set(output "${ARG_NAME}.so")
  endif()
  cmake_path(ABSOLUTE_PATH ARG_SOURCE BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE OUTPUT_VARIABLE source)
  foreach(part MEMORY TABLE)
    if(NOT ARG_${part})
      set(ARG_${part} 0 0)
    endif()
    list(GET ARG_${part} 0 ${part}_size)
    list(GET ARG_${part} 1 ${part}_align)
  endforeach()
  interlink_json_strings(needed ${ARG_NEEDED})
  set(spec_dylink "{\"memory_size\": ${MEMORY_size}, \"memory_align\": ${MEMORY_align}, \"table_size\": ${TABLE_size},\
 \"table_align\": ${TABLE_align}, \"needed\": ${needed}}")
  if(ARG_PLAIN)
    set(spec_dylink null)
  endif()
  set(spec_kind wat)
  set(spec_soname)
  set(spec_libc null)
  set(spec_table_maximum 0)
  foreach(field exceptions longjmp unshared reactor)
    set(spec_${field} false)
  endforeach()
  interlink_json_strings(spec_wat "${source}")
  interlink_json_strings(spec_link_options --enable-threads --enable-exceptions --enable-tail-call)
  foreach(field sources include_directories compile_options exports needed needed_names sides)
    set(spec_${field} "[]")
  endforeach()
  interlink_add_guest(${ARG_NAME} "${output}" "${source}")
endfunction()

function(interlink_use_guests target)
  add_dependencies(${target} guests)
  target_compile_definitions(${target} PRIVATE "INTERLINK_GUEST_DIR=\"${INTERLINK_GUEST_DIR}\"")
endfunction()
