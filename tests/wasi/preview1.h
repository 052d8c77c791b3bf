// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WASI preview 1 for guests without a C library: the calls themselves, which are the same for every host.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int name

typedef uint32_t u32;
typedef uint64_t u64;

struct iovec {
  void *start;
  u32 size;
};

struct fdstat {
  uint8_t type;
  uint16_t flags;
  u64 base, inheriting;
};

struct filestat {
  u64 device, inode;
  uint8_t type;
  u64 links, size, access, change, status_change;
};

struct directory_entry {
  u64 next, inode;
  u32 name_size;
  uint8_t type;
};

struct prestat {
  uint8_t type;
  u32 name_size;
};

struct subscription {
  u64 user_data;
  uint8_t type;
  union {
    struct {
      u32 id;
      u64 timeout, precision;
      uint16_t flags;
    } clock;
    u32 descriptor;
  };
};

struct event {
  u64 user_data;
  uint16_t error;
  uint8_t type;
  u64 bytes;
  uint16_t flags;
};

_Static_assert(sizeof(struct filestat) == 64 && sizeof(struct subscription) == 48 && sizeof(struct event) == 32,
               "the sizes of WASI preview 1");

WASI(args_get)(char **, char *);
WASI(args_sizes_get)(u32 *, u32 *);
WASI(clock_res_get)(u32, u64 *);
WASI(clock_time_get)(u32, u64, u64 *);
WASI(environ_get)(char **, char *);
WASI(environ_sizes_get)(u32 *, u32 *);
WASI(fd_advise)(u32, u64, u64, u32);
WASI(fd_allocate)(u32, u64, u64);
WASI(fd_close)(u32);
WASI(fd_datasync)(u32);
WASI(fd_fdstat_get)(u32, struct fdstat *);
WASI(fd_fdstat_set_flags)(u32, u32);
WASI(fd_fdstat_set_rights)(u32, u64, u64);
WASI(fd_filestat_get)(u32, struct filestat *);
WASI(fd_filestat_set_size)(u32, u64);
WASI(fd_filestat_set_times)(u32, u64, u64, u32);
WASI(fd_pread)(u32, const struct iovec *, u32, u64, u32 *);
WASI(fd_prestat_dir_name)(u32, char *, u32);
WASI(fd_prestat_get)(u32, struct prestat *);
WASI(fd_pwrite)(u32, const struct iovec *, u32, u64, u32 *);
WASI(fd_read)(u32, const struct iovec *, u32, u32 *);
WASI(fd_readdir)(u32, void *, u32, u64, u32 *);
WASI(fd_renumber)(u32, u32);
WASI(fd_seek)(u32, int64_t, u32, u64 *);
WASI(fd_sync)(u32);
WASI(fd_tell)(u32, u64 *);
WASI(fd_write)(u32, const struct iovec *, u32, u32 *);
WASI(path_create_directory)(u32, const char *, u32);
WASI(path_filestat_get)(u32, u32, const char *, u32, struct filestat *);
WASI(path_filestat_set_times)(u32, u32, const char *, u32, u64, u64, u32);
WASI(path_link)(u32, u32, const char *, u32, u32, const char *, u32);
WASI(path_open)(u32, u32, const char *, u32, u32, u64, u64, u32, u32 *);
WASI(path_readlink)(u32, const char *, u32, void *, u32, u32 *);
WASI(path_remove_directory)(u32, const char *, u32);
WASI(path_rename)(u32, const char *, u32, u32, const char *, u32);
WASI(path_symlink)(const char *, u32, u32, const char *, u32);
WASI(path_unlink_file)(u32, const char *, u32);
WASI(poll_oneoff)(const struct subscription *, struct event *, u32, u32 *);
WASI(random_get)(void *, u32);
WASI(sched_yield)(void);
WASI(sock_shutdown)(u32, u32);

__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) _Noreturn void proc_exit(u32);

static inline u32 size_of(const char *text) {
  u32 size = 0;
  while (text[size] != 0) {
    ++size;
  }
  return size;
}

#define PATH(path) (path), size_of(path)
