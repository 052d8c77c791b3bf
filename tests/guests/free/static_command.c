// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program without dylink.0, libc or threads: says hello and ends with its number of arguments.
#include <stddef.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))

struct bytes {
  const char *data;
  size_t size;
};

WASI("fd_write") int fd_write(int fd, const struct bytes *pieces, size_t count, size_t *written);
WASI("args_sizes_get") int args_sizes_get(size_t *count, size_t *size);
WASI("proc_exit") _Noreturn void proc_exit(int code);

void _start(void) {
  static const struct bytes hello = {"ok static command\n", 18};
  size_t written = 0, count = 0, size = 0;
  fd_write(1, &hello, 1, &written);
  args_sizes_get(&count, &size);
  proc_exit((int)count - 1);
}
