# zlib, lua and sqlite3 as side modules, from their real sources: libz, liblua and libsqlite3.
include_guard(GLOBAL)
include(interlink_guests)

set(zlib_sources adler32 compress crc32 deflate gzclose gzlib gzread gzwrite infback inffast inflate inftrees trees
                 uncompr zutil)
list(TRANSFORM zlib_sources PREPEND "${INTERLINK_GUEST_SOURCES}/zlib/")
list(TRANSFORM zlib_sources APPEND .c)
interlink_guest(NAME libz KIND side LIBC SOURCES ${zlib_sources} COMPILE_OPTIONS -w -DHAVE_UNISTD_H -DHAVE_STDARG_H)

# All of lua but its two programs. Errors are longjmps, which cross from the library into main and back.
set(lua_sources lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib llex lmathlib
                lmem loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib ltm lundump lutf8lib
                lvm lzio)
list(TRANSFORM lua_sources PREPEND "${INTERLINK_GUEST_SOURCES}/lua/")
list(TRANSFORM lua_sources APPEND .c)
interlink_guest(NAME liblua KIND side LIBC LONGJMP SOURCES ${lua_sources} COMPILE_OPTIONS -w)

interlink_guest(NAME libsqlite3 KIND side LIBC SOURCES "${INTERLINK_GUEST_SOURCES}/sqlite3/sqlite3.c"
  COMPILE_OPTIONS -w -DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_MAX_MMAP_SIZE=0)
