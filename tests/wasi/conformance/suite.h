// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the public wasi-testsuite asks of a host, asked in our own words: one function for each of its tests, under its
// name. Where that suite accepts several errnos, so do these.
#pragma once

#include "../preview1.h"

enum {
  success = 0,
  acces = 2,
  badf = 8,
  exist = 20,
  ilseq = 25,
  inval = 28,
  isdir = 31,
  loop = 32,
  nametoolong = 37,
  noent = 44,
  notdir = 54,
  notempty = 55,
  notsock = 57,
  notsup = 58,
  perm = 63,
  notcapable = 76
};

enum { o_create = 1, o_directory = 2, o_exclusive = 4, o_truncate = 8 };
enum { append = 1, nonblock = 4, sync = 16 };
enum { follow = 1 };
enum { whence_set = 0, whence_current = 1, whence_end = 2 };
enum { access_time = 1, access_now = 2, change_time = 4, change_now = 8 };
enum { type_directory = 3, type_file = 4, type_link = 7 };

#define RIGHT(bit) ((u64)1 << (bit))
enum {
  fd_datasync_right,
  fd_read_right,
  fd_seek_right,
  fd_set_flags_right,
  fd_sync_right,
  fd_tell_right,
  fd_write_right,
  fd_advise_right,
  fd_allocate_right,
  create_directory_right,
  create_file_right,
  link_source_right,
  link_target_right,
  open_right,
  readdir_right,
  readlink_right,
  rename_source_right,
  rename_target_right,
  path_filestat_right,
  path_set_size_right,
  path_set_times_right,
  fd_filestat_right,
  fd_set_size_right,
  fd_set_times_right,
  symlink_right,
  remove_directory_right,
  unlink_right,
  poll_right,
};

struct test {
  const char *name;
  void (*run)(void);
};

extern const struct test descriptor_tests[], file_tests[], directory_tests[], path_tests[], link_tests[],
    process_tests[];

extern int argument_count;
extern char **arguments;

/// Ends the suite with 1, after a line that says where.
_Noreturn void fail(const char *file, u32 line, const char *text);

#define CHECK(condition) ((condition) ? (void)0 : fail(__FILE__, __LINE__, #condition))
#define OK(call) CHECK((call) == success)

/// The call answers one of the errnos.
#define ANSWERS(call, ...)                                                                                             \
  do {                                                                                                                 \
    const int answer = (call);                                                                                         \
    const int allowed[] = {__VA_ARGS__};                                                                               \
    bool found = false;                                                                                                \
    for (u32 i = 0; i < sizeof allowed / sizeof *allowed; ++i) {                                                       \
      found = found || answer == allowed[i];                                                                           \
    }                                                                                                                  \
    found ? (void)0 : fail(__FILE__, __LINE__, #call);                                                                 \
  } while (0)

bool equal(const void *left, const void *right, u32 size);

/// A descriptor of the mapped directory "/" other than the one that the host gave.
u32 open_root(void);

/// Makes a directory in the root, and opens it with the rights that such programs ask for.
u32 make_work(void);

u32 open_with(u32 directory, u32 lookup, const char *path, u32 flags, u64 rights, u64 inheriting, u32 fd_flags);
int try_open(u32 directory, u32 lookup, const char *path, u32 flags, u64 rights);
void make_file(u32 directory, const char *path);
struct filestat status_of(u32 descriptor);
struct filestat status_at(u32 directory, u32 lookup, const char *path);

void write_all(u32 descriptor, const void *bytes, u32 size);

/// Reads once; the count.
u32 read_some(u32 descriptor, void *bytes, u32 size);
