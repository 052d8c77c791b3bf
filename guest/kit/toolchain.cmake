# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# CMake's toolchain file for guests: cmake --toolchain <prefix>/share/interlink/kit/toolchain.cmake ...
# A guest looks like Linux to CMake: .so files, -rdynamic with ENABLE_EXPORTS, sonames.
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH interlink_share)
cmake_path(SET interlink_bin NORMALIZE "${interlink_share}/../../bin")

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER "${interlink_bin}/interlink-cc")
set(CMAKE_CXX_COMPILER "${interlink_bin}/interlink-c++")
set(CMAKE_ASM_COMPILER "${interlink_bin}/interlink-cc")
foreach(tool AR RANLIB NM STRIP OBJDUMP)
  string(TOLOWER "${tool}" name)
  set(CMAKE_${tool} "${interlink_bin}/interlink-${name}" CACHE FILEPATH "")
endforeach()
set(CMAKE_CROSSCOMPILING_EMULATOR "${interlink_bin}/interlink" run --dir /)

set(CMAKE_FIND_ROOT_PATH "${interlink_share}/sysroot")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# The machine's own packages are for another machine than a guest.
set(ENV{PKG_CONFIG_LIBDIR} "${interlink_share}/sysroot/lib/pkgconfig")
