# Our part of the guests' C library. Its files take the place of the packaged library's, or fill its holes.
set(INTERLINK_GUEST_SUPPORT start.s startup.c environment.c errors.c threads.c thread_exit.c files.c paths.c directories.c
                            system_calls.c time.c setjmp.c dlfcn.c reflection.c embedding.c waits.c signals.c stdio_exit.c
                            poll.c users.c extras.c refusals.c
                            attributes.c descriptors.c processes.c sockets.c socket_options.c resolver.c scheduling.c mappings.c shared_mappings.c shared_memory.c semaphores.c)
list(TRANSFORM INTERLINK_GUEST_SUPPORT PREPEND "${CMAKE_CURRENT_LIST_DIR}/")

# Those of musl's that the packaged library lacks, which is an older one for another system. Paths are below its src/.
set(INTERLINK_GUEST_MUSL ipc/ftok legacy/cuserid legacy/euidaccess legacy/ftw legacy/futimes legacy/getpass
                         legacy/getusershell legacy/lutimes legacy/ulimit legacy/utmpx network/freeaddrinfo
                         network/getaddrinfo network/gethostbyaddr network/gethostbyaddr_r network/gethostbyname
                         network/gethostbyname2 network/gethostbyname2_r network/gethostbyname_r network/proto
                         passwd/lckpwdf passwd/putgrent passwd/putpwent passwd/putspent sched/sched_cpucount
                         signal/psiginfo signal/sighold signal/sigignore signal/sigisemptyset signal/sigpause
                         signal/sigrelse signal/sigset time/ftime time/getdate time/strptime)
