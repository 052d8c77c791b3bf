// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opens and looks up as the program and as a library: argv[1] says what.
#include "parts.h"

typedef void *opens(const char *, int);
typedef void *finds(void *, const char *);

int asks_common(void) { return 1; }

static void *library;

static void *open_as_library(const char *name) { return ((opens *)find(library, "asks_open"))(name, RTLD_NOW); }
static void *find_as_library(void *handle, const char *name) {
  return ((finds *)find(library, "asks_find"))(handle, name);
}

static void runtime_path(void) {
  REQUIRE(dlopen("libinner.so", RTLD_NOW) == 0);
  void *inner = open_as_library("libinner.so");
  REQUIRE(inner != 0);
  // From now on it has the name.
  REQUIRE(dlopen("libinner.so", RTLD_NOW) == inner);
  REQUIRE(dlclose(inner) == 0 && dlclose(inner) == 0);
  REQUIRE(dlopen("libinner.so", RTLD_NOW) == 0);
}

static void origin(void) {
  void *inner = open_as_library("$ORIGIN/inner/libinner.so");
  REQUIRE(inner != 0 && open_as_library("${ORIGIN}/inner/libinner.so") == inner);
  REQUIRE(dlopen("$ORIGIN/inner/libinner.so", RTLD_NOW) == 0);
  REQUIRE(dlopen("$ORIGIN/sub/inner/libinner.so", RTLD_NOW) == inner);
}

static void soname(void) {
  REQUIRE(dlopen("./libuses_soname.so", RTLD_NOW) == 0);  // Needs libnamed.so.1, which no search path has.
  void *named = open_now("./sub/libnamed.so");
  REQUIRE(dlopen("./libuses_soname.so", RTLD_NOW) != 0);
  REQUIRE(dlopen("libnamed.so.1", RTLD_NOW | RTLD_NOLOAD) == named);
}

static void default_scope(void) {
  REQUIRE(find_as_library(RTLD_DEFAULT, "asks_own") != 0);
  REQUIRE(dlsym(RTLD_DEFAULT, "asks_own") == 0);
  REQUIRE(find_as_library(RTLD_DEFAULT, "asks_common") == (void *)asks_common);
}

static void next(void) {
  REQUIRE(((nullary *)find(library, "asks_layer"))() == 11);
  REQUIRE(find_as_library(RTLD_NEXT, "asks_own") == 0 && dlerror() != 0);
}

static void deep(void) {
  // Without the flag the program's definition serves the library's dependency; with it the library's own.
  REQUIRE(((nullary *)find(library, "asks_call_common"))() == 102);
  REQUIRE(dlclose(library) == 0);
  library = dlopen("./sub/libasks.so", RTLD_NOW | RTLD_DEEPBIND);
  REQUIRE(((nullary *)find(library, "asks_call_common"))() == 202);
}

int main(int argc, char **argv);

static void the_program(void) {
  REQUIRE(dlsym(dlopen(0, RTLD_NOW), "main") == (void *)main);
  REQUIRE(find_as_library(RTLD_DEFAULT, "main") == (void *)main);
}

int main(int argc, char **argv) {
  static const struct part parts[] = {{"runtime_path", runtime_path},
                                      {"origin", origin},
                                      {"soname", soname},
                                      {"default_scope", default_scope},
                                      {"next", next},
                                      {"deep", deep},
                                      {"the_program", the_program}};
  REQUIRE(argc == 2);
  library = open_now("./sub/libasks.so");
  return RUN_PART(parts);
}
