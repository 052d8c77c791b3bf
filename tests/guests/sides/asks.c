// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that opens and looks up: what it finds depends on who asks. It needs the library ASKED_BASE.
#include <dlfcn.h>
#include <stddef.h>

int asks_own = 3;
int asks_base_value(void);

void *asks_open(const char *name, int flags) { return dlopen(name, flags); }
void *asks_find(void *handle, const char *name) { return dlsym(handle, name); }

// Whoever calls through a pointer asks as the program.
static void *(*volatile by_pointer)(void *, const char *) = dlsym;
void *asks_find_by_pointer(void *handle, const char *name) { return by_pointer(handle, name); }

// Defined by the library it needs as well.
int asks_layer(void) {
  int (*next)(void) = (int (*)(void))dlsym(RTLD_NEXT, "asks_layer");
  return next == NULL ? -1 : 10 + next();
}

// Its own definition's, or the program's when that comes first.
int asks_common(void) { return 2; }
int asks_call_common(void) { return asks_common() + asks_base_value(); }
