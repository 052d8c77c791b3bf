// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A dynamic program without shared memory, hence without threads.
#include <stddef.h>

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

WASIX("dlopen")
int wasix_dlopen(const char *path, size_t path_size, int flags, char *error, size_t error_size, const char *library_path,
                 size_t library_path_size, int *handle);
WASIX("dlsym")
int wasix_dlsym(int handle, const char *name, size_t name_size, char *error, size_t error_size, void **address);
WASIX("thread_spawn_v2") int wasix_thread_spawn(void *start, int *tid);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) _Noreturn void proc_exit(int code);

// The linker asks it for memory when its arena cannot serve.
void *aligned_alloc(size_t alignment, size_t size) {
  static _Alignas(65536) char heap[131072];
  static size_t used;
  used = (used + alignment - 1) / alignment * alignment;
  char *block = heap + used;
  used += size;
  return used <= sizeof heap ? block : 0;
}

void _start(void) {
  static char error[200];
  int handle = 0, tid = 0;
  static char stack[1024];
  int start[16] = {(int)(stack + sizeof stack), [14] = sizeof stack};
  int (*add)(int, int) = 0;
  if (wasix_dlopen("./libunshared.so", 16, 2, error, sizeof error, 0, 0, &handle) != 0) {
    proc_exit(3);
  }
  if (wasix_dlsym(handle, "unshared_add", 12, error, sizeof error, (void **)&add) != 0 || add(40, 2) != 42) {
    proc_exit(4);
  }
  enum { notsup = 58 };
  proc_exit(wasix_thread_spawn(start, &tid) == notsup ? 0 : 5);
}
