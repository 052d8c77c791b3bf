// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The environment, in place of the packaged library's part: there before any constructor of a needed library, which runs
// before the program's own, and read from the host once, so that what such a constructor sets lasts.
#include <stdlib.h>
#include <wasi/api.h>

char **__environ;
extern char **___environ __attribute__((weak, alias("__environ")));
extern char **_environ __attribute__((weak, alias("__environ")));
extern char **environ __attribute__((weak, alias("__environ")));

// The strings live as long as the program.
__attribute__((constructor(100))) void __emscripten_environ_constructor(void) {
  static int is_read;
  if (is_read) {
    return;
  }
  is_read = 1;
  __wasi_size_t count = 0, size = 0;
  if (__wasi_environ_sizes_get(&count, &size) != 0) {
    count = size = 0;
  }
  char **variables = calloc(count + 1, sizeof *variables);
  char *bytes = malloc(size + 1);
  if (variables != 0 && bytes != 0 && (count == 0 || __wasi_environ_get((uint8_t **)variables, (uint8_t *)bytes) == 0)) {
    __environ = variables;
  }
}

// The linker calls it before the constructors of the libraries that the program needs.
void __interlink_prepare(void) { __emscripten_environ_constructor(); }
