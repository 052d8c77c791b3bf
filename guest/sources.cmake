# Our part of the guests' C library. Its files take the place of the packaged library's, or fill its holes.
set(INTERLINK_GUEST_SUPPORT start.s startup.c threads.c files.c paths.c directories.c system_calls.c time.c setjmp.c dlfcn.c
                            embedding.c)
list(TRANSFORM INTERLINK_GUEST_SUPPORT PREPEND "${CMAKE_CURRENT_LIST_DIR}/")
