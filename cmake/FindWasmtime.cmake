# Wasmtime::wasmtime: the Wasmtime C API, one shared library and its headers.
#
# Where it is looked for, in this order:
#   WASMTIME_ROOT, a CMake or an environment variable: a folder with include/wasmtime.h and lib/libwasmtime.so;
#   the folder that tools/get-wasmtime makes, when that tool stands beside this module (Interlink's own build);
#   the newest folder that the tool has made for this user (a build that uses an installed Interlink).
#
# Sets Wasmtime_FOUND, Wasmtime_VERSION, Wasmtime_INCLUDE_DIR, Wasmtime_LIBRARY. Nothing is kept in CMake's cache, so
# that a new pin or another root takes effect at the next configure.
set(_wasmtime_root "")
set(_wasmtime_reason "set WASMTIME_ROOT to a folder that has include/wasmtime.h and lib/libwasmtime.so")
set(_wasmtime_tool "${CMAKE_CURRENT_LIST_DIR}/../tools/get-wasmtime")

get_property(_wasmtime_known GLOBAL PROPERTY INTERLINK_WASMTIME_ROOT)
if(_wasmtime_known)
  # Found before in this configure, by another folder.
  set(_wasmtime_root "${_wasmtime_known}")
elseif(WASMTIME_ROOT)
  set(_wasmtime_root "${WASMTIME_ROOT}")
elseif(DEFINED ENV{WASMTIME_ROOT} AND NOT "$ENV{WASMTIME_ROOT}" STREQUAL "")
  set(_wasmtime_root "$ENV{WASMTIME_ROOT}")
elseif(EXISTS "${_wasmtime_tool}")
  execute_process(COMMAND "${_wasmtime_tool}"
    OUTPUT_VARIABLE _wasmtime_output ERROR_VARIABLE _wasmtime_problem RESULT_VARIABLE _wasmtime_status
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(_wasmtime_status EQUAL 0)
    string(REGEX REPLACE "^.*\n" "" _wasmtime_root "${_wasmtime_output}")
  else()
    set(_wasmtime_reason "${_wasmtime_problem}")
  endif()
else()
  set(_wasmtime_cache "$ENV{XDG_CACHE_HOME}")
  if(_wasmtime_cache STREQUAL "")
    set(_wasmtime_cache "$ENV{HOME}/.cache")
  endif()
  file(GLOB _wasmtime_candidates LIST_DIRECTORIES true "${_wasmtime_cache}/interlink/wasmtime-*")
  list(SORT _wasmtime_candidates COMPARE NATURAL ORDER DESCENDING)
  foreach(_wasmtime_candidate IN LISTS _wasmtime_candidates)
    if(NOT _wasmtime_root AND EXISTS "${_wasmtime_candidate}/lib/libwasmtime.so")
      set(_wasmtime_root "${_wasmtime_candidate}")
    endif()
  endforeach()
  string(APPEND _wasmtime_reason ", or run tools/get-wasmtime of Interlink's sources once")
endif()

set(Wasmtime_INCLUDE_DIR "")
set(Wasmtime_LIBRARY "")
set(Wasmtime_VERSION "")
if(_wasmtime_root)
  if(EXISTS "${_wasmtime_root}/include/wasmtime.h" AND EXISTS "${_wasmtime_root}/include/wasmtime/conf.h")
    set(Wasmtime_INCLUDE_DIR "${_wasmtime_root}/include")
    file(STRINGS "${Wasmtime_INCLUDE_DIR}/wasmtime.h" _wasmtime_line REGEX "^#define WASMTIME_VERSION \"")
    string(REGEX REPLACE "^[^\"]*\"([^\"]*)\".*$" "\\1" Wasmtime_VERSION "${_wasmtime_line}")
  endif()
  if(EXISTS "${_wasmtime_root}/lib/libwasmtime.so")
    set(Wasmtime_LIBRARY "${_wasmtime_root}/lib/libwasmtime.so")
  endif()
  if(NOT Wasmtime_INCLUDE_DIR OR NOT Wasmtime_LIBRARY)
    set(_wasmtime_reason
      "${_wasmtime_root} lacks include/wasmtime.h, include/wasmtime/conf.h or lib/libwasmtime.so")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Wasmtime
  REQUIRED_VARS Wasmtime_LIBRARY Wasmtime_INCLUDE_DIR VERSION_VAR Wasmtime_VERSION
  REASON_FAILURE_MESSAGE "${_wasmtime_reason}")

if(Wasmtime_FOUND AND NOT TARGET Wasmtime::wasmtime)
  set_property(GLOBAL PROPERTY INTERLINK_WASMTIME_ROOT "${_wasmtime_root}")
  # Global: whoever links the adapter needs the target too, in whatever folder.
  add_library(Wasmtime::wasmtime SHARED IMPORTED GLOBAL)
  # The library of the Python wheel has no SONAME: without this property the path at link time would be recorded.
  set_target_properties(Wasmtime::wasmtime PROPERTIES
    IMPORTED_LOCATION "${Wasmtime_LIBRARY}"
    IMPORTED_NO_SONAME TRUE
    INTERFACE_INCLUDE_DIRECTORIES "${Wasmtime_INCLUDE_DIR}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${Wasmtime_INCLUDE_DIR}")
endif()
