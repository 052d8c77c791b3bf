// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The start of a program: constructors, main, and an exit that flushes.
#include <stdlib.h>
#include <wasi/api.h>

void __wasm_call_ctors(void);
int main(int argc, char **argv);

// The strings live as long as the program: main may keep what argv points to.
static char **arguments(int *count) {
  __wasi_size_t argc = 0, size = 0;
  if (__wasi_args_sizes_get(&argc, &size) != 0) {
    argc = size = 0;
  }
  char **argv = calloc(argc + 1, sizeof *argv);
  char *bytes = malloc(size + 1);
  if (argv == 0 || bytes == 0 || (argc != 0 && __wasi_args_get((uint8_t **)argv, (uint8_t *)bytes) != 0)) {
    __wasi_proc_exit(71);
  }
  *count = (int)argc;
  return argv;
}

// A reactor: the host calls this first, and the module's exports as it likes afterwards.
void _initialize(void) { __wasm_call_ctors(); }

// A C++ program's outermost frame (uncaught.cc); absent in others.
__attribute__((weak)) void *interlink_guard(void *(*function)(void *), void *argument);

static void *run_program(void *unused) {
  (void)unused;
  __wasm_call_ctors();
  int argc = 0;
  char **argv = arguments(&argc);
  exit(main(argc, argv));
}

void _start(void) {
  if (interlink_guard != 0) {
    interlink_guard(run_program, 0);
  }
  run_program(0);
}
