// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The linker asks the main module's aligned_alloc for memory when its arena is used up. This one answers what the first
// argument says. The program ends with 0 when a library that needs such memory was refused, with 1 when it was opened.
#include <stddef.h>
#include <stdint.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))
#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

struct buffer {
  const void *at;
  size_t size;
};

WASI("args_get") int args_get(char **arguments, char *text);
WASI("fd_write") int fd_write(int fd, const struct buffer *buffers, size_t count, size_t *written);
WASI("proc_exit") _Noreturn void proc_exit(int code);
WASIX("dlopen")
int wasix_dlopen(const char *path, size_t path_size, int flags, char *error, size_t error_size, const char *library_path,
                 size_t library_path_size, int *handle);

static char *arguments[4];
static char text[400];
static char how;
static char *block;

static size_t length(const char *of) {
  size_t size = 0;
  while (of[size] != 0) {
    ++size;
  }
  return size;
}

// Opens it, or prints why not.
static int open(const char *name) {
  static char error[400];
  int handle = 0;
  if (wasix_dlopen(name, length(name), 2, error, sizeof error, 0, 0, &handle) == 0) {
    return 1;
  }
  size_t written = 0;
  struct buffer line[] = {{error, length(error)}, {"\n", 1}};
  fd_write(1, line, 2, &written);
  return 0;
}

void *aligned_alloc(size_t alignment, size_t size) {
  size_t end = (size_t)__builtin_wasm_memory_size(0) << 16;
  switch (how) {
  case 'n':
    return 0;
  case 'o': // an odd address, good otherwise
    return block + 1;
  case 'w': // beyond 4 GiB with its size
    return (void *)(0 - alignment);
  case 'b': // begins in memory and ends outside
    return (void *)((end - alignment) & (0 - alignment));
  case 'e': // at the end of memory
    return (void *)end;
  case 't':
    __builtin_trap();
  case 'r': // asks the linker for memory in turn
    open("./libbig_1.so");
    return 0;
  default: // the same block for all
    return (void *)(((uintptr_t)block + alignment - 1) & (0 - alignment));
  }
}

void _start(void) {
  args_get(arguments, text);
  how = arguments[1][0];
  block = (char *)((size_t)__builtin_wasm_memory_grow(0, 3000) << 16);
  int opened = open("./libbig_1.so") + open("./libbig_2.so");
  // A small one finds room in the arena.
  proc_exit(open("./libplain.so") ? opened : 9);
}
