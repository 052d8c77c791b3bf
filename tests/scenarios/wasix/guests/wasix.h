// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of wasix_32v1 and of preview 1 that these guests import, with no C library between.
#pragma once

#include <stdint.h>

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(#name))) int wasix_##name
#define PREVIEW1(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int wasi_##name

enum {
  e_success = 0,
  e_acces = 2,
  e_addrinuse = 3,
  e_addrnotavail = 4,
  e_afnosupport = 5,
  e_again = 6,
  e_badf = 8,
  e_child = 12,
  e_connrefused = 14,
  e_exist = 20,
  e_inprogress = 26,
  e_intr = 27,
  e_inval = 28,
  e_isdir = 31,
  e_nametoolong = 37,
  e_noent = 44,
  e_noexec = 45,
  e_noprotoopt = 50,
  e_notconn = 53,
  e_notdir = 54,
  e_notsock = 57,
  e_notsup = 58,
  e_notty = 59,
  e_perm = 63,
  e_pipe = 64,
  e_spipe = 70,
  e_srch = 71,
  e_timedout = 73,
  e_notcapable = 76,
  e_memviolation = 78,
};

struct vector {
  void *data;
  uint32_t size;
};

PREVIEW1(fd_read)(int fd, const struct vector *vectors, uint32_t count, uint32_t *size);
PREVIEW1(fd_write)(int fd, const struct vector *vectors, uint32_t count, uint32_t *size);
PREVIEW1(fd_close)(int fd);
PREVIEW1(fd_renumber)(int from, int to);
PREVIEW1(fd_seek)(int fd, int64_t offset, int whence, uint64_t *place);
PREVIEW1(fd_fdstat_set_flags)(int fd, int flags);
PREVIEW1(path_filestat_get)(int fd, int lookup, const char *path, uint32_t size, void *stat);
PREVIEW1(path_create_directory)(int fd, const char *path, uint32_t size);
PREVIEW1(path_unlink_file)(int fd, const char *path, uint32_t size);
PREVIEW1(path_remove_directory)(int fd, const char *path, uint32_t size);
PREVIEW1(poll_oneoff)(const void *subscriptions, void *events, uint32_t count, uint32_t *stored);
PREVIEW1(sock_shutdown)(int fd, int how);

WASIX(path_open2)(int fd, int lookup, const char *path, uint32_t size, int open_flags, uint64_t rights,
                  uint64_t inheriting, int flags, int extended_flags, int *opened);
WASIX(fd_dup)(int fd, int *duplicate);
WASIX(fd_dup2)(int fd, int lowest, int closes_on_exec, int *duplicate);
WASIX(fd_pipe)(int *read_end, int *write_end);
WASIX(fd_fdflags_get)(int fd, uint16_t *flags);
WASIX(fd_fdflags_set)(int fd, int flags);
WASIX(fd_event)(uint64_t initial, int flags, int *made);
WASIX(getcwd)(char *path, uint32_t *size);
WASIX(chdir)(const char *path, uint32_t size);

enum { open_create = 1, open_directory = 2, open_exclusive = 4, open_truncate = 8 };
enum { flag_append = 1, flag_nonblock = 4 };
enum { close_on_exec = 1 };
enum { root = 3 };

static inline int open_at(int directory, const char *path, int open_flags, int extended_flags, int *opened) {
  const uint64_t no_write = ~(1ULL << 6); // of a directory's contents
  const uint64_t rights = (open_flags & open_directory) != 0 ? no_write : ~0ULL;
  return wasix_path_open2(directory, 1, path, (uint32_t)__builtin_strlen(path), open_flags, rights, ~0ULL, 0,
                          extended_flags, opened);
}

static inline int put(int fd, const void *data, uint32_t size) {
  const struct vector vector = {(void *)data, size};
  uint32_t written = 0;
  const int code = wasi_fd_write(fd, &vector, 1, &written);
  return code == 0 ? (written == size ? 0 : -1) : code;
}

// The count of bytes, or minus the errno.
static inline int get(int fd, void *data, uint32_t size) {
  const struct vector vector = {data, size};
  uint32_t count = 0;
  const int code = wasi_fd_read(fd, &vector, 1, &count);
  return code == 0 ? (int)count : -code;
}
